"""The super-resolved images of a workspace: which there are, the part of the split each belongs to, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from ..common.frames import read_table
from ..fleet import HR
from ..photos import split
from ..published import sources
from ..workflow.desk import Desk
from .arrays import ArrayFile, save_png
from .store import Images, Pick


class Gallery(Images):
    """Images of many networks of the same photographs. ``table`` has a row for each image: image, photograph, fold.

    ``under``: the folder of the workspace that holds them. ``matched``: crops have the channel means of the true ones.
    """

    def __init__(self, desk: Desk, table: pd.DataFrame, *, under: str = "", tiles: bool, matched: bool, bits: int) -> None:
        folders = desk.read(under, "images"), desk.read(under, "decoded")
        super().__init__(*folders, list(table["image"]), tiles=tiles, match=HR if matched else "", bits=bits)
        self.table, self.rotations = table, desk.profile.photographs.rotations

    def tested(self) -> tuple[int, ...]:
        """The images that are tested in any run."""
        runs = range(1, self.rotations + 1)
        return tuple(sorted({number for run in runs for number in self.numbers("test", run=run)}))

    def numbers(self, part: str, *, run: int) -> tuple[int, ...]:
        """The images that are "train", "validation" or "test" in the split of a run."""
        rotation = (run - 1) % self.rotations
        return tuple(i for i, fold in enumerate(self.table["fold"]) if split(fold, rotation=rotation, rotations=self.rotations) == part)

    def some(self, numbers: tuple[int, ...], percent: int) -> tuple[int, ...]:
        """The images of ``percent`` of their photographs, evenly spread and at least one."""
        of = self.table["photograph"].to_numpy()
        photographs = list(dict.fromkeys(of[list(numbers)]))
        count = max(round(len(photographs) * percent / 100), 1)
        kept = {photographs[int((i + 0.5) * len(photographs) / count)] for i in range(count)}
        return tuple(n for n in numbers if of[n] in kept)

    def index(self, picks: Sequence[Pick]) -> pd.DataFrame:
        """A row for each picked image: model_id, image, photograph."""
        found = self.table.loc[[number for _, number in picks], ["image", "photograph"]].reset_index(drop=True)
        found.insert(0, "model_id", [model_id for model_id, _ in picks])
        return found


def custom(desk: Desk, *, matched: bool = False, bits: int = 8, kind: type[Gallery] = Gallery) -> Gallery:
    """The images of the custom networks, and of published ones that super-resolved the same photographs."""
    tiles = desk.profile.photographs.image_size is not None
    return kind(desk, read_table(desk.read("photos/images.csv")), tiles=tiles, matched=matched, bits=bits)


def published(desk: Desk, *, matched: bool = False, bits: int = 8) -> Gallery:
    """The images of the published networks; images from a folder have a table and a split of their own."""
    if not sources.is_folder(desk.profile.published):
        return custom(desk, matched=matched, bits=bits)
    images = read_table(desk.read("published/images.csv"))
    return Gallery(desk, images, under="published", tiles="height" not in images, matched=matched, bits=bits)


class ImageFolder(ExitStack):
    """A context manager that writes a network's images one by one: as PNG files, decoded into an array, or both, as the profile says."""

    def __init__(self, desk: Desk, name: str, count: int, *, tiles: bool, under: str = "") -> None:
        super().__init__()
        self.desk, self.name, self.count, self.tiles, self.under = desk, name, count, tiles, under
        self.array: ArrayFile | None = None

    def add(self, image: str, pixels: UInt8[np.ndarray, "h w 3"]) -> None:
        """Write an image."""
        if self.desk.profile.photographs.png:
            save_png(pixels, self.desk.write(self.under, "images", self.name, f"{image}.png"))
        if self.desk.profile.photographs.decoded:
            self.keep(pixels)

    def keep(self, pixels: UInt8[np.ndarray, "h w 3"]) -> None:
        """Write the decoded pixels of the next image, without a PNG file."""
        if self.array is None:
            path = self.desk.write(self.under, "decoded", f"{self.name}.npy")
            height, width = pixels.shape[:2]
            self.array = self.enter_context(ArrayFile(path, self.count, (height, width, 3) if self.tiles else None))
        self.array.add(pixels)


def write_images(desk: Desk, name: str, images: Sequence[str], pixels: Iterable[np.ndarray], *, tiles: bool, under: str = "") -> None:
    """Write the images of a network as they are made, uint8 H x W x 3 each."""
    with ImageFolder(desk, name, len(images), tiles=tiles, under=under) as folder:
        for image, array in zip(images, pixels, strict=True):
            folder.add(image, array)


def write_splits(desk: Desk, images: pd.DataFrame, rotations: int) -> None:
    """The split files of the authors' release, for the first run."""
    for part, file in (("train", "train"), ("validation", "val"), ("test", "test")):
        names = [name for name, fold in zip(images["image"], images["fold"], strict=True) if split(fold, rotation=0, rotations=rotations) == part]
        desk.write("images", f"{file}-split.txt").write_text("".join(f"{name}.png\n" for name in names))

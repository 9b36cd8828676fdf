"""The super-resolved images of a workspace, as classifiers see them: which there are, whose split, and their crops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..photos import split
from ..program import HR
from ..workflow.jobs import Desk
from .arrays import ArrayFile, FlatFile

if TYPE_CHECKING:
    import pandas as pd

    from .store import Images, Pick


@dataclass(frozen=True, eq=False)
class Gallery:
    """Images of many networks of the same photographs. ``table`` has a row an image: image, photograph, fold."""

    table: pd.DataFrame
    store: Images
    rotations: int

    @property
    def names(self) -> list[str]:
        """The names of the images."""
        return list(self.table["image"])

    @property
    def tiles(self) -> bool:
        """Whether the images are tiles of one size; otherwise they are photographs of any size."""
        return self.store.tiles

    def batches(self, model_id: str, numbers: Sequence[int] | None = None, *, most: int = 16) -> Iterator[np.ndarray]:
        """All images of a network, or some: uint8 n x H x W x 3, up to ``most`` tiles or one photograph at a time."""
        return self.store.batches(model_id, range(len(self.table)) if numbers is None else numbers, most)

    def tested(self) -> tuple[int, ...]:
        """The images that are test images in some run."""
        runs = range(1, self.rotations + 1)
        return tuple(sorted({number for run in runs for number in self.numbers("test", run=run)}))

    def numbers(self, part: str, *, run: int) -> tuple[int, ...]:
        """The images that are "train", "validation" or "test" in the split that a run uses."""
        return tuple(np.flatnonzero(self.parts(run) == part).tolist())

    def some(self, numbers: tuple[int, ...], percent: int) -> tuple[int, ...]:
        """Those of the images that come from ``percent`` of their photographs, evenly spread and at least one."""
        of = self.table["photograph"].to_numpy()
        photographs = list(dict.fromkeys(of[list(numbers)]))
        count = max(round(len(photographs) * percent / 100), 1)
        kept = {photographs[int((i + 0.5) * len(photographs) / count)] for i in range(count)}
        return tuple(n for n in numbers if of[n] in kept)

    def parts(self, run: int) -> np.ndarray:
        """The part of every image."""
        return np.array([split(fold, rotation=(run - 1) % self.rotations, rotations=self.rotations) for fold in self.table["fold"]])

    def index(self, picks: Sequence[Pick]) -> pd.DataFrame:
        """A row a picked image: model_id, image, photograph."""
        found = self.table.loc[[number for _, number in picks], ["image", "photograph"]].reset_index(drop=True)
        found.insert(0, "model_id", [model_id for model_id, _ in picks])
        return found


def custom(desk: Desk, *, matched: bool = False, bits: int = 8) -> Gallery:
    """The images of the custom networks, and of those published ones that were shown the same photographs."""
    return _gallery(desk, "", read_table(desk.read("photos/images.csv")), matched, bits, tiles=desk.profile.photographs.image_size is not None)


def published(desk: Desk, *, matched: bool = False, bits: int = 8) -> Gallery:
    """The images of published networks: their own where they come from a folder."""
    from ..published import sources

    if not sources.is_folder(desk.profile.published):
        return custom(desk, matched=matched, bits=bits)
    images = read_table(desk.read("published/images.csv"))
    return _gallery(desk, "published", images, matched, bits, tiles="height" not in images)


def _gallery(desk: Desk, under: str, images: pd.DataFrame, matched: bool, bits: int, *, tiles: bool) -> Gallery:
    from .store import Images

    folders = desk.read(under, "images"), desk.read(under, "decoded")
    store = Images(*folders, list(images["image"]), tiles=tiles, match=HR if matched else "", bits=bits)
    return Gallery(images, store, desk.profile.photographs.rotations)


def read_table(path: Path) -> pd.DataFrame:
    """A table of images or photographs, whose names are text whatever they look like: 0001, NA."""
    import pandas as pd

    return pd.read_csv(path, converters=dict.fromkeys(("image", "photograph", "tile", "file"), str))


class ImageFolder:
    """The images of one network, written one by one: PNG files and, where the profile says so, their pixels in one file as well.

    A context manager. Images that are no ``tiles`` may be of different sizes. ``under`` is the folder of the workspace below
    which ``images`` and ``decoded`` lie, "" the workspace itself.
    """

    def __init__(self, desk: Desk, name: str, count: int, *, tiles: bool, under: str = "") -> None:
        self.desk, self.name, self.count, self.tiles, self.under = desk, name, count, tiles, under
        self.files = ExitStack()
        self.array: ArrayFile | FlatFile | None = None

    def add(self, image: str, pixels: np.ndarray) -> None:
        """Write an image, uint8 H x W x 3."""
        from PIL import Image

        # Level 1 is twice as fast as the default and costs a tenth in size.
        Image.fromarray(pixels).save(self.desk.write(self.under, "images", self.name, f"{image}.png"), compress_level=1)
        if self.desk.profile.photographs.decoded:
            self.keep(pixels)

    def keep(self, pixels: np.ndarray) -> None:
        """Write the decoded pixels of the next image alone."""
        if self.array is None:
            path = self.desk.write(self.under, "decoded", f"{self.name}.npy")
            file = ArrayFile(path, self.count, pixels.shape) if self.tiles else FlatFile(path, self.count)
            self.array = self.files.enter_context(file)
        self.array.add(pixels)

    def __enter__(self) -> ImageFolder:
        return self

    def __exit__(self, *failed: Any) -> None:
        self.files.__exit__(*failed)


def write_images(
    desk: Desk, name: str, images: Sequence[str], pixels: Iterable[np.ndarray], *, tiles: bool, under: str = ""
) -> None:  # fmt: skip
    """Write the images of a network while they are made."""
    with ImageFolder(desk, name, len(images), tiles=tiles, under=under) as folder:
        for image, array in zip(images, pixels, strict=True):
            folder.add(image, array)

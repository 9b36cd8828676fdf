"""The super-resolved images of a workspace, as classifiers see them: which there are, whose split, and their crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .jobs import Desk
from .photos import split
from .program import HR

if TYPE_CHECKING:
    import pandas as pd

    from .classifiers.images import Images, Pick


@dataclass(frozen=True, eq=False)
class Gallery:
    """Images of many networks of the same photographs. ``table`` has a row an image: image, photograph, fold."""

    table: pd.DataFrame
    store: Images
    rotations: int

    def numbers(self, part: str, *, run: int) -> tuple[int, ...]:
        """The images that are "train", "validation" or "test" in the split that a run uses."""
        return tuple(np.flatnonzero(self.parts(run) == part).tolist())

    def parts(self, run: int) -> np.ndarray:
        """The part of every image."""
        return np.array([split(fold, rotation=(run - 1) % self.rotations, rotations=self.rotations) for fold in self.table["fold"]])

    def index(self, picks: Sequence[Pick]) -> pd.DataFrame:
        """A row a picked image: model_id, image, photograph."""
        found = self.table.loc[[number for _, number in picks], ["image", "photograph"]].reset_index(drop=True)
        found.insert(0, "model_id", [model_id for model_id, _ in picks])
        return found


def custom(desk: Desk, *, matched: bool = False) -> Gallery:
    """The images of the custom networks, and of those published ones that were shown the same photographs."""
    return _gallery(desk, "", "photos/images.csv", matched)


def published(desk: Desk, *, matched: bool = False) -> Gallery:
    """The images of published networks: their own where they come from a folder."""
    from .published import sources

    own = sources.is_folder(desk.profile.published)
    return _gallery(desk, "published", "published/images.csv", matched) if own else custom(desk, matched=matched)


def _gallery(desk: Desk, under: str, table: str, matched: bool) -> Gallery:
    from .classifiers.images import Images

    images = read_table(desk, table)
    store = Images(desk.read(under, "images"), desk.read(under, "decoded"), list(images["image"]), match=HR if matched else "")
    return Gallery(images, store, desk.profile.photographs.rotations)


def read_table(desk: Desk, name: str) -> pd.DataFrame:
    """A table whose columns image and photograph are text, whatever the names look like."""
    import pandas as pd

    return pd.read_csv(desk.read(name), dtype={"image": str, "photograph": str})


def write_images(desk: Desk, name: str, images: Sequence[str], pixels: Sequence[np.ndarray], *, under: str = "") -> None:
    """One PNG an image in the folder of a network, and, where all are of one size, their pixels in one file."""
    from PIL import Image

    for image, array in zip(images, pixels, strict=True):
        # Level 1 is twice as fast as the default and costs a tenth in size.
        Image.fromarray(array).save(desk.write(under, "images", name, f"{image}.png"), compress_level=1)
    if len({array.shape for array in pixels}) == 1:
        np.save(desk.write(under, "decoded", f"{name}.npy"), np.stack(list(pixels)))

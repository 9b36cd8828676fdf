"""A photograph, the photographs cut for a study, and the split rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .reading import pixel_digest

# Two sets train the custom networks, the third the stand-ins for published networks.
TRAINING_SETS = ("div2k", "flickr2k", "stand-ins")


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph and its role: a training set (fold -1) or "classify". Pixels are read on demand, as a set may exceed memory."""

    name: str
    size: tuple[int, int]  # height, width
    read: Callable[[], np.ndarray]  # returns uint8 H x W x 3
    sha256: str  # of the decoded pixels
    role: str = ""
    fold: int = -1
    file: str = ""
    source: str = ""
    licence: str = ""
    credit: str = ""
    note: str = ""
    quarter: bool | None = None  # whether in the quarter of its training set; None: decided by `tiles.quotas`

    @classmethod
    def of(cls, pixels: np.ndarray, *, read: Callable[[], np.ndarray] | None = None, **about: Any) -> Photograph:
        """The photograph with these pixels, uint8 H x W x 3; they stay in memory unless ``read`` reads them again."""
        return cls(size=pixels.shape[:2], read=read or (lambda: pixels), sha256=pixel_digest(pixels), **about)


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photographs cut for a study, one in memory at a time.

    ``photographs``: photograph, file, role, fold, source, licence, credit, width, height, sha256, n_tiles, note;
    ``images``: image, photograph, fold; ``skipped``: file, reason. ``training()`` yields ``n_training`` rows (tile, photograph,
    dataset, quarter), each with uint8 T x T x 3; ``image_pixels()`` yields uint8 H x W x 3 for each row of ``images``.
    """

    photographs: pd.DataFrame
    images: pd.DataFrame
    skipped: pd.DataFrame
    n_training: int
    training: Callable[[], Iterator[tuple[dict[str, Any], np.ndarray]]]
    image_pixels: Callable[[], Iterator[np.ndarray]]


def split(fold: int, *, rotation: int, rotations: int) -> str:
    """The part of a fold in a rotation: "train", "validation" or "test".

    With one rotation folds 0, 1, 2 are the three parts (D35). With R rotations, rotation r tests on fold r and trains on the
    other folds below R, so each of their photographs is tested once; fold R is always the validation part.

    >>> [split(fold, rotation=2, rotations=3) for fold in (0, 1, 2, 3)]
    ['train', 'train', 'test', 'validation']
    """
    if rotations == 1:
        return ("train", "validation", "test")[fold]
    if fold == rotations:
        return "validation"
    return "test" if fold == rotation else "train"


def check_roles(photographs: list[Photograph]) -> None:
    """Raises RuntimeError if equal pixels have two roles or folds, whatever their names."""
    seen: dict[str, Photograph] = {}
    for photograph in photographs:
        first = seen.setdefault(photograph.sha256, photograph)
        if (first.role, first.fold) != (photograph.role, photograph.fold):
            raise RuntimeError(f"'{photograph.name}' and '{first.name}' are one picture in two roles")

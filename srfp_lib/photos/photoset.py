"""A photograph, the photographs cut for a study, and the split rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..common import names
from ..common.errors import UserError
from .near_duplicates import groups, perceptual_hashes
from .reading import pixel_digest

TRAINING_SETS = ("div2k", "flickr2k")  # of the custom networks
SPARE = "development"  # neither train nor test anything: for whoever has to choose a setting


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph and its role: a training set or "development" (fold -1), or "classify". Pixels are read on demand, as a set may exceed memory."""

    name: str
    size: tuple[int, int]  # height, width
    read: Callable[[], np.ndarray]  # returns uint8 H x W x 3
    sha256: str  # of the decoded pixels
    hashes: tuple[str, str]  # `perceptual_hashes`
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
        own = {"sha256": pixel_digest(pixels), "hashes": perceptual_hashes(pixels)}
        return cls(size=pixels.shape[:2], read=read or (lambda: pixels), **own, **about)


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photographs cut for a study, one in memory at a time.

    ``photographs``: photograph, file, role, fold, source, licence, credit, width, height, sha256, n_tiles, note;
    ``images``: image, photograph, fold; ``skipped``: file, reason. ``training()`` yields ``n_training`` rows (tile, photograph,
    dataset, quarter), each with uint8 T x T x 3, and ``training_lr(scale)`` their LR images; ``image_pixels()`` yields
    uint8 H x W x 3 for each row of ``images``, and ``windows(margin)`` the same with more of the photograph around it
    (`tiles.windows`).
    """

    photographs: pd.DataFrame
    images: pd.DataFrame
    skipped: pd.DataFrame
    n_training: int
    training: Callable[[], Iterator[tuple[dict[str, Any], np.ndarray]]]
    training_lr: Callable[[int], Iterator[np.ndarray]]
    image_pixels: Callable[[], Iterator[np.ndarray]]
    windows: Callable[[int], Iterator[tuple[np.ndarray, int, int]]]


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


def with_unique_names(photographs: list[Photograph]) -> list[Photograph]:
    """The photographs in the same order, no two of one name."""
    own = names.unique(p.name for p in photographs)
    return [replace(p, name=name) for p, name in zip(photographs, own, strict=True)]


def apart(photographs: list[Photograph]) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs without near-duplicates of an earlier one of another role or fold, and (file, reason) for these. Raises UserError."""
    first: dict[int, Photograph] = {}
    kept, left_out = [], []
    for group, one in zip(groups([p.hashes for p in photographs]), photographs, strict=True):
        other = first.setdefault(group, one)
        if (one.role, one.fold) == (other.role, other.fold):
            kept.append(one)
        else:
            left_out.append((one.file, f"a near-duplicate of {other.file} of {other.source}, which has another role"))
    if gone := sorted({(p.role, p.fold) for p in photographs} - {(p.role, p.fold) for p in kept}):
        role = gone[0][0]
        raise UserError(f"no photograph is left for {role}: {left_out[-1][0]} is {left_out[-1][1]}, and so are the others; give other photographs")
    return kept, left_out

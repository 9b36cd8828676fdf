"""What the photographs' room gives to all others, and the rule that splits photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# Two sets train the custom networks, the third the stand-ins for published networks.
TRAINING_SETS = ("div2k", "flickr2k", "stand-ins")


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph and its part in the study: ``role`` a training set or "classify", ``fold`` -1 for training.

    Its pixels are read when asked for, so that a set of photographs is larger than memory if need be.
    """

    name: str
    size: tuple[int, int]  # height and width
    read: Callable[[], np.ndarray]  # gives uint8 H x W x 3
    role: str
    fold: int
    file: str
    source: str
    licence: str
    credit: str
    sha256: str  # of the decoded pixels
    note: str = ""
    quarter: bool | None = None  # whether it is in the quarter of its training set; None: the tiles decide


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photographs cut for the study.

    ``photographs``: photograph, file, role, fold, source, licence, credit, width, height, sha256, n_tiles, note;
    ``images``: image, photograph, fold; ``skipped``: file, reason. The pixels are cut while one goes through them:
    ``training()`` gives ``n_training`` rows (tile, photograph, dataset, quarter), each with uint8 T x T x 3, and
    ``image_pixels()`` uint8 H x W x 3 for each row of ``images``.
    """

    photographs: pd.DataFrame
    images: pd.DataFrame
    skipped: pd.DataFrame
    n_training: int
    training: Callable[[], Iterator[tuple[dict[str, Any], np.ndarray]]]
    image_pixels: Callable[[], Iterator[np.ndarray]]


def split(fold: int, *, rotation: int, rotations: int) -> str:
    """The part of a fold in a rotation: "train", "validation" or "test".

    With one rotation folds 0, 1, 2 are the three parts (D35). With R of them, rotation r tests on fold r and trains on the
    others, so that every photograph of folds 0 to R - 1 is a test photograph once; fold R is always the validation part.

    >>> [split(fold, rotation=2, rotations=3) for fold in (0, 1, 2, 3)]
    ['train', 'train', 'test', 'validation']
    """
    if rotations == 1:
        return ("train", "validation", "test")[fold]
    if fold == rotations:
        return "validation"
    return "test" if fold == rotation else "train"


def check_roles(photographs: list[Photograph]) -> None:
    """No picture may have two roles or folds, whatever it is called; guarded by the hash of its pixels."""
    seen: dict[str, Photograph] = {}
    for photograph in photographs:
        first = seen.setdefault(photograph.sha256, photograph)
        if (first.role, first.fold) != (photograph.role, photograph.fold):
            raise RuntimeError(f"'{photograph.name}' and '{first.name}' are one picture in two roles")

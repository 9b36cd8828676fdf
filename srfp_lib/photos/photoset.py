"""What the photographs' room gives to all others, and the rule that splits photographs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Two sets train the custom networks, the third the stand-ins for published networks.
TRAINING_SETS = ("div2k", "flickr2k", "stand-ins")


@dataclass(frozen=True, eq=False)
class Photograph:
    """A decoded photograph and its part in the study: ``role`` a training set or "classify", ``fold`` -1 for training."""

    name: str
    pixels: np.ndarray  # uint8 H x W x 3
    role: str
    fold: int
    file: str
    source: str
    licence: str
    credit: str
    sha256: str  # of the decoded pixels
    note: str = ""


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photographs cut for the study.

    ``photographs``: photograph, file, role, fold, source, licence, credit, width, height, sha256, n_tiles, note;
    ``training``: tile, photograph, dataset, quarter, with ``training_pixels`` uint8 n x T x T x 3;
    ``images``: image, photograph, fold, with ``image_pixels``, a list of uint8 H x W x 3; ``skipped``: file, reason.
    """

    photographs: pd.DataFrame
    training: pd.DataFrame
    training_pixels: np.ndarray
    images: pd.DataFrame
    image_pixels: list[np.ndarray]
    skipped: pd.DataFrame


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

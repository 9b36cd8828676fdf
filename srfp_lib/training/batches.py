"""Training crops, cut from tiles in memory. All crops are drawn before the first step, so that a resumed training sees the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from ..common.errors import UserError
from ..common.randomness import numpy_generator
from ..images.superresolve import downscale, to_float


@dataclass(frozen=True, eq=False)
class Rows:
    """A selection of an array's items, read only when indexed: the array may be a memory-mapped file."""

    array: np.ndarray
    numbers: Int[np.ndarray, " n"]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.numbers), *self.array.shape[1:]

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *inside = key if isinstance(key, tuple) else (key,)
        return np.asarray(self.array[(self.numbers[first], *inside)])


@dataclass(frozen=True, eq=False)
class Tiles:
    """The square tiles of one training set at one scale."""

    hr: UInt8[np.ndarray, "n t t 3"] | Rows
    lr: UInt8[np.ndarray, "n s s 3"] | Rows

    @classmethod
    def of(cls, hr: UInt8[np.ndarray, "n t t 3"] | Rows, scale: int) -> Tiles:
        """Downscale the tiles, a few at a time."""
        return cls(hr, np.concatenate([downscale(hr[i : i + 64], scale) for i in range(0, hr.shape[0], 64)]))

    @property
    def scale(self) -> int:
        return self.hr.shape[1] // self.lr.shape[1]


def draw(tiles: Tiles, *, steps: int, batch: int, patch: int, name: tuple[object, ...], master_seed: int) -> Int[np.ndarray, "steps batch 4"]:
    """Crops for a whole training, uniform over tiles and LR positions: tile, LR row, LR column, and one of the square's 8 symmetries.

    ``patch`` is the HR side. Raises UserError if it exceeds the tiles'.
    """
    side, shape = tiles.hr.shape[1], (steps, batch)
    if patch > side:
        raise UserError(f"training.patch is {patch}, larger than the tiles of {side} pixels: set it lower, or photographs.training_tile higher")
    rng, positions = numpy_generator(master_seed, "crops", *name), tiles.lr.shape[1] - patch // tiles.scale + 1
    return np.stack([rng.integers(most, size=shape) for most in (tiles.hr.shape[0], positions, positions, 8)], axis=-1)


def batch_of(
    tiles: list[Tiles], draws: list[Int[np.ndarray, "steps batch 4"]], step: int, *, patch: int
) -> tuple[Float[Tensor, "n batch 3 h h"], Float[Tensor, "n batch 3 patch patch"]]:
    """LR and HR crops of one step for each of n networks, in 0..1. ``patch`` is the HR side."""
    lr = np.stack([_crops(t.lr, d[step], patch // t.scale, zoom=1) for t, d in zip(tiles, draws, strict=True)])
    hr = np.stack([_crops(t.hr, d[step], patch // t.scale, zoom=t.scale) for t, d in zip(tiles, draws, strict=True)])
    return to_float(lr), to_float(hr)


def _crops(images: np.ndarray | Rows, picks: np.ndarray, side: int, *, zoom: int) -> np.ndarray:
    """Crops at LR positions, ``zoom`` pixels of the images to one of LR."""
    return np.stack([_turned(images[t, r * zoom : (r + side) * zoom, c * zoom : (c + side) * zoom], turn) for t, r, c, turn in picks.tolist()])


def _turned(crop: np.ndarray, turn: int) -> np.ndarray:
    crop = np.rot90(crop, turn % 4)
    return crop[:, ::-1] if turn >= 4 else crop

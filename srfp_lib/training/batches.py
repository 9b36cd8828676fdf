"""Training crops, cut from tiles in memory. What is cut is drawn beforehand, so that a resumed training goes on alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ..common.errors import UserError
from ..common.randomness import numpy_generator
from ..images.superresolve import downscale, to_float


@dataclass(frozen=True, eq=False)
class Rows:
    """Some items of an array, which may be a file larger than memory: they are read when indexed."""

    array: np.ndarray
    numbers: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.numbers), *self.array.shape[1:]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, key: slice | tuple[Any, ...]) -> np.ndarray:
        first, *inside = key if isinstance(key, tuple) else (key,)
        return np.asarray(self.array[(self.numbers[first], *inside)])


@dataclass(frozen=True, eq=False)
class Tiles:
    """The tiles of one training set at one scale: ``hr`` uint8 N x T x T x 3 and their 8-bit LR images."""

    hr: np.ndarray | Rows
    lr: np.ndarray

    @classmethod
    def of(cls, hr: np.ndarray | Rows, scale: int) -> Tiles:
        """Reduce the tiles, a few at a time."""
        return cls(hr, np.concatenate([downscale(hr[i : i + 64], scale) for i in range(0, len(hr), 64)]))


@dataclass(frozen=True, eq=False)
class Draws:
    """Which crop at which step: integer arrays steps x batch; ``turn`` is one of the 8 symmetries of the square."""

    tile: np.ndarray
    row: np.ndarray
    column: np.ndarray
    turn: np.ndarray


def draw(tiles: Tiles, *, steps: int, batch: int, patch: int, name: tuple[object, ...], master_seed: int) -> Draws:
    """Crops for a whole training, uniform over tiles and LR positions. ``patch`` is the HR side."""
    scale = tiles.hr.shape[1] // tiles.lr.shape[1]
    rng, shape = numpy_generator(master_seed, "crops", *name), (steps, batch)
    if patch > tiles.hr.shape[1]:
        raise UserError(
            f"training.patch is {patch}, larger than the tiles of {tiles.hr.shape[1]} pixels: set it lower, or photographs.training_tile higher"
        )
    positions = tiles.lr.shape[1] - patch // scale + 1
    tile = rng.integers(len(tiles.hr), size=shape)
    row, column = rng.integers(positions, size=shape), rng.integers(positions, size=shape)
    return Draws(tile, row, column, rng.integers(8, size=shape))


def batch_of(tiles: list[Tiles], draws: list[Draws], step: int, *, patch: int) -> tuple[Tensor, Tensor]:
    """The crops of one step for every network: (lr n x b x 3 x h x h, hr n x b x 3 x patch x patch), float 0..1."""
    lr = np.stack([_crops(t.lr, d, step, patch, t) for t, d in zip(tiles, draws, strict=True)])
    hr = np.stack([_crops(t.hr, d, step, patch, t) for t, d in zip(tiles, draws, strict=True)])
    return to_float(lr), to_float(hr)


def _crops(images: np.ndarray, draws: Draws, step: int, patch: int, tiles: Tiles) -> np.ndarray:
    scale = tiles.hr.shape[1] // tiles.lr.shape[1]
    zoom = images.shape[1] // tiles.lr.shape[1]  # 1 for LR, the scale for HR
    side = patch // scale * zoom
    picks = zip(draws.tile[step], draws.row[step] * zoom, draws.column[step] * zoom, draws.turn[step], strict=True)
    return np.stack([_turned(images[t, r : r + side, c : c + side], turn) for t, r, c, turn in picks])


def _turned(crop: np.ndarray, turn: int) -> np.ndarray:
    crop = np.rot90(crop, turn % 4)
    return crop[:, ::-1] if turn >= 4 else crop

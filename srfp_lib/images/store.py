"""Crops of the super-resolved images, for classifiers.

The decoded pixels of every network are kept in one file, mapped into memory, so that a crop costs microseconds. Where a profile
keeps PNG files alone, every crop decodes a whole one, several at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from ..common.errors import UserError
from ..common.randomness import numpy_generator
from ..fleet import WAY
from .arrays import png_size, read_images, read_png

T = TypeVar("T")
OFFSETS = 8  # pixels: a multiple of both scales, so that every place in the sub-pixel grid is as likely
Pick = tuple[str, int]  # (model_id, number of the image in the image list)


class Images:
    """Crops of the images of any network; NAME~WAY is the network NAME by its images in the folder WAY, such as truncated ones (D36).

    ``names`` come in the order of the decoded files. ``tiles``: all have one size, small enough to be classified whole and in batches.
    ``match``: crops are `matched` to those in that folder (D50). ``bits`` below 8: crops are made `coarser`.
    """

    def __init__(self, folder: Path, decoded: Path, names: Sequence[str], *, tiles: bool = False, match: str = "", bits: int = 8) -> None:
        self.folder, self.decoded, self.names, self.tiles, self.match, self.bits = folder, decoded, tuple(names), tiles, match, bits
        self._kept: dict[str, Sequence[np.ndarray] | None] = {}

    def size(self, pick: Pick) -> tuple[int, int]:
        """Height and width of an image."""
        kept = self.kept(pick[0])
        if kept is None:
            return png_size(self._png(pick))
        height, width, _ = kept[pick[1]].shape
        return height, width

    def image(self, pick: Pick) -> UInt8[np.ndarray, "h w 3"]:
        """A whole image, not to be written to."""
        kept = self.kept(pick[0])
        return read_png(self._png(pick)) if kept is None else kept[pick[1]]

    def crop(self, pick: Pick, row: int, column: int, side: int) -> UInt8[np.ndarray, "_ _ 3"]:
        """A square with its top left pixel at a row and column, cut off where the image ends."""
        found = self._crop(pick, row, column, side)
        found = matched(found, self._crop((self.match, pick[1]), row, column, side)) if self.match else found
        return coarser(found, self.bits) if self.bits < 8 else found

    def _crop(self, pick: Pick, row: int, column: int, side: int) -> np.ndarray:
        return self.image(pick)[row : row + side, column : column + side]

    def batches(self, model_id: str, numbers: Sequence[int] | None = None, *, most: int = 16) -> Iterator[UInt8[np.ndarray, "n h w 3"]]:
        """All images of a network, or some: up to ``most`` tiles or one photograph at a time."""
        numbers = range(len(self.names)) if numbers is None else numbers
        step = most if self.tiles else 1
        for start in range(0, len(numbers), step):
            yield np.stack([self.image((model_id, i)) for i in numbers[start : start + step]])

    def random_crops(self, picks: list[Pick], side: int, *, grid: int, rng: np.random.Generator) -> Float32[Tensor, "n 3 {side} {side}"]:
        """One crop of every pick at a uniform offset, a multiple of ``grid`` (D17), in 0..1. Raises UserError for images too small."""
        places = []
        for pick in picks:
            height, width = self.size(pick)
            if min(height, width) < side:
                raise self._too_small(pick, f"{side} pixels")
            places.append((grid * int(rng.integers((height - side) // grid + 1)), grid * int(rng.integers((width - side) // grid + 1))))
        return self._batch(picks, places, side)

    def test_crops(self, picks: list[Pick], side: int, *, seed: int | None) -> Float32[Tensor, "n 3 _ _"]:
        """One crop of every pick near its centre, the same for all networks; a height or width of up to ``side`` is taken whole.

        Whatever the image's size, it begins at a multiple of 8 pixels, which is the offset that training on a grid knows, plus 0 to 7
        pixels down and right that are drawn by the image's name from the master ``seed``; None: plus nothing. Raises UserError for
        crops of several sizes.
        """
        sizes = [self.size(pick) for pick in picks]
        if len({(min(h, side), min(w, side)) for h, w in sizes}) > 1:
            raise self._too_small(min(picks, key=lambda pick: min(self.size(pick))), f"{side} pixels that others fill")
        places = [self._place(pick[1], size, side, seed) for pick, size in zip(picks, sizes, strict=True)]
        return self._batch(picks, places, side)

    def _place(self, number: int, size: tuple[int, int], side: int, seed: int | None) -> tuple[int, int]:
        drawn = (0, 0) if seed is None else _offset(seed, self.names[number])
        starts = [max(length - side, 0) // 2 // OFFSETS * OFFSETS for length in size]
        top, left = (start + d % min(OFFSETS, max(n - side, 0) - start + 1) for start, d, n in zip(starts, drawn, size, strict=True))
        return top, left

    def whole(self, model_id: str) -> int:
        """The side of the largest test crop, a multiple of 4, that fits into tiles at every offset."""
        return max((min(self.size((model_id, 0))) - OFFSETS + 1) // 4 * 4, 4)

    def _too_small(self, pick: Pick, crop: str) -> UserError:
        height, width = self.size(pick)
        name = f"image '{self.names[pick[1]]}' of {pick[0]}"
        return UserError(f"{name} is {height} x {width}, smaller than the crop of {crop}: set classifier.crop lower")

    def _batch(self, picks: list[Pick], places: list[tuple[int, int]], side: int) -> Tensor:
        # Decoding releases the interpreter's lock, so that threads help; a copy out of mapped memory is too short for them.
        several = map if self.kept(picks[0][0]) is not None else self._pool.map
        crops = list(several(lambda p, at: self.crop(p, at[0], at[1], side), picks, places))
        # n h w c seen as n c h w is torch's channels_last, the faster layout for convolutions.
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div_(255)

    def kept(self, model_id: str) -> Sequence[UInt8[np.ndarray, "_ _ 3"]] | None:
        """The decoded images of a network, mapped into memory; None where they are not kept."""
        if model_id not in self._kept:
            path = Path(f"{_place(self.decoded, model_id)}.npy")
            self._kept[model_id] = read_images(path) if path.exists() else None
        return self._kept[model_id]

    def _png(self, pick: Pick) -> Path:
        return _place(self.folder, pick[0]) / f"{self.names[pick[1]]}.png"

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(min(max(4, os.cpu_count() or 1), 16))


def pixels(crops: Float32[Tensor, "n 3 h w"]) -> UInt8[np.ndarray, "n h w 3"]:
    """Crops in 0..1 as the pixels that they were read from."""
    return crops.mul(255).round_().byte().permute(0, 2, 3, 1).contiguous().numpy()


@cache
def _offset(seed: int, image: str) -> tuple[int, int]:
    """Down and right, 0 to 7 pixels, drawn by the image's name."""
    down, right = numpy_generator(seed, "offset", image).integers(OFFSETS, size=2).tolist()
    return down, right


def _place(folder: Path, model_id: str) -> Path:
    """Where a network's images are.

    >>> _place(Path("w/images"), "A").as_posix(), _place(Path("w/images"), "A~truncated").as_posix()
    ('w/images/A', 'w/truncated/images/A')
    """
    name, _, way = model_id.partition(WAY)
    return folder.parent / way / folder.name / name


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in the same order; a thread prepares the next one while the current one is in use.

    A thread, because what makes a batch and what waits for a GPU both release the interpreter's lock. One item at a time,
    so that what draws at random draws as it would without the thread.

    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(lambda: list(islice(iterator, 1)))
        while item := coming.result():
            coming = thread.submit(lambda: list(islice(iterator, 1)))
            yield item[0]


def evenly(numbers: Sequence[int], most: int | None) -> tuple[int, ...]:
    """At most so many of the numbers, evenly spread.

    >>> evenly(range(10), 4), evenly((7, 9), 4)
    ((1, 3, 6, 8), (7, 9))
    """
    count = min(most or len(numbers), len(numbers))
    return tuple(numbers[int((i + 0.5) * len(numbers) / count)] for i in range(count))


def matched(crop: UInt8[np.ndarray, "h w 3"], true: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """A crop shifted to the channel means of the true one, clamped and rounded.

    >>> matched(np.full((2, 2, 3), 10, np.uint8), np.full((2, 2, 3), 12, np.uint8))[0, 0].tolist()
    [12, 12, 12]
    """
    offset = true.mean((0, 1)) - crop.mean((0, 1))
    return np.clip(np.round(crop + offset), 0, 255).astype(np.uint8)


def coarser(crop: UInt8[np.ndarray, "*shape"], bits: int) -> UInt8[np.ndarray, "*shape"]:
    """A crop rounded to 2^bits grey levels from 0 to 255.

    >>> coarser(np.array([0, 1, 2, 100, 255], np.uint8), 7).tolist()
    [0, 0, 2, 100, 255]
    """
    most = 2**bits - 1
    return np.round(np.round(crop / 255 * most) / most * 255).astype(np.uint8)

"""The super-resolved images that classifiers look at, and crops of them.

The decoded pixels of every network are kept in one file, mapped into memory, so that a crop costs microseconds. Where they
are not, a PNG file is opened and decoded as a whole when a crop is asked for, several at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ..common.errors import UserError
from ..fleet import WAY
from .arrays import read_images

T = TypeVar("T")
Pick = tuple[str, int]  # (model_id, number of the image in the image list)


class Images:
    """Crops of the images of any network. ``names`` are the image names, in the order of the decoded files.

    Of a network NAME~WAY those are seen that NAME has in the folder WAY beside, for example truncated ones (D36).

    ``tiles`` says that all images are of one size, small enough to be looked at whole and several at a time.
    With ``match`` every crop's channel means are moved to those of the same crop of that folder, the true images (D50).
    With fewer than 8 ``bits`` crops are rounded to as many grey levels.
    """

    def __init__(
        self, folder: Path, decoded: Path, names: Sequence[str], *, tiles: bool = False, match: str = "", bits: int = 8
    ) -> None:  # fmt: skip
        self.folder, self.decoded, self.names, self.tiles, self.match, self.bits = folder, decoded, tuple(names), tiles, match, bits
        self._kept: dict[str, Sequence[np.ndarray] | None] = {}

    def size(self, pick: Pick) -> tuple[int, int]:
        """Height and width of an image."""
        kept = self.kept(pick[0])
        return png_size(self._png(pick)) if kept is None else kept[pick[1]].shape[:2]

    def image(self, pick: Pick) -> np.ndarray:
        """A whole image, uint8 H x W x 3; not to be written to."""
        kept = self.kept(pick[0])
        return read_png(self._png(pick)) if kept is None else kept[pick[1]]

    def crop(self, pick: Pick, row: int, column: int, side: int) -> np.ndarray:
        """uint8 side x side x 3."""
        found = self._crop(pick, row, column, side)
        found = matched(found, self._crop((self.match, pick[1]), row, column, side)) if self.match else found
        return coarser(found, self.bits) if self.bits < 8 else found

    def _crop(self, pick: Pick, row: int, column: int, side: int) -> np.ndarray:
        return self.image(pick)[row : row + side, column : column + side]

    def batches(self, model_id: str, numbers: Sequence[int], most: int) -> Iterator[np.ndarray]:
        """Whole images of one network, uint8 n x H x W x 3: up to ``most`` tiles, or one photograph at a time."""
        step = most if self.tiles else 1
        for start in range(0, len(numbers), step):
            yield np.stack([self.image((model_id, i)) for i in numbers[start : start + step]])

    def random_crops(self, picks: list[Pick], side: int, *, grid: int, rng: np.random.Generator) -> Tensor:
        """One crop of every pick at a uniform offset, a multiple of ``grid``: float n x 3 x side x side in 0..1 (D17)."""
        places = []
        for pick in picks:
            height, width = self.size(pick)
            if min(height, width) < side:
                raise UserError(
                    f"image '{self.names[pick[1]]}' of {pick[0]} is {height} x {width}, smaller than the crop of {side} pixels: "
                    "set classifier.crop lower"
                )
            places.append((grid * rng.integers((height - side) // grid + 1), grid * rng.integers((width - side) // grid + 1)))
        return self._batch(picks, places, side)

    def centre_crops(self, picks: list[Pick], side: int) -> Tensor:
        """The centre crop of every pick; an image that is smaller, or as large as a small profile's tile, is taken whole."""
        places = [((h - side) // 2, (w - side) // 2) for h, w in map(self.size, picks)]
        return self._batch(picks, places, side)

    def _batch(self, picks: list[Pick], places: list[tuple[int, int]], side: int) -> Tensor:
        # Decoding releases the interpreter's lock, so that threads help; a copy out of mapped memory is too short for them.
        several = map if self.kept(picks[0][0]) is not None else self._pool.map
        crops = list(several(lambda p, at: self.crop(p, *at, side), picks, places))
        # n h w c seen as n c h w is torch's channels_last, the faster layout for convolutions.
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div_(255)

    def kept(self, model_id: str) -> Sequence[np.ndarray] | None:
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


def _place(folder: Path, model_id: str) -> Path:
    """Where a network's images are.

    >>> _place(Path("w/images"), "A").as_posix(), _place(Path("w/images"), "A~truncated").as_posix()
    ('w/images/A', 'w/truncated/images/A')
    """
    name, _, way = model_id.partition(WAY)
    return folder.parent / way / folder.name / name


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in the same order; a thread makes the next one while one is in use.

    A thread, because what makes a batch and what waits for a GPU both release the interpreter's lock. One item at a time,
    so that what draws at random draws as it would without the thread.

    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, iterator, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, iterator, end)
            yield item


def matched(crop: np.ndarray, true: np.ndarray) -> np.ndarray:
    """A crop moved so that its channel means are those of the true one, in 8 bits.

    >>> matched(np.full((2, 2, 3), 10, np.uint8), np.full((2, 2, 3), 12, np.uint8))[0, 0].tolist()
    [12, 12, 12]
    """
    offset = true.mean((0, 1)) - crop.mean((0, 1))
    return np.clip(np.round(crop + offset), 0, 255).astype(np.uint8)


def coarser(crop: np.ndarray, bits: int) -> np.ndarray:
    """A crop rounded to 2^bits grey levels from 0 to 255.

    >>> coarser(np.array([0, 1, 2, 100, 255], np.uint8), 7).tolist()
    [0, 0, 2, 100, 255]
    """
    most = 2**bits - 1
    return np.round(np.round(crop / 255 * most) / most * 255).astype(np.uint8)


def read_png(path: Path) -> np.ndarray:
    """uint8 H x W x 3 of an 8-bit RGB file."""
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))  # a copy that may be written to, as torch wants it
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise UserError(f"the image '{path}' cannot be read ({error}): replace it, or delete its folder's receipt to make it again") from None


@cache
def png_size(path: Path) -> tuple[int, int]:
    """Height and width from the header."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (OSError, SyntaxError) as error:
        raise UserError(f"the image '{path}' cannot be read ({error}): replace it, or delete its folder's receipt to make it again") from None

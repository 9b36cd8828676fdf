"""The super-resolved images that classifiers look at, and crops of them.

Small profiles keep the decoded pixels of every network in one file, mapped into memory, so that a crop costs
microseconds; whole photographs are opened as PNG when a crop is asked for, several at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ..errors import UserError

Pick = tuple[str, int]  # (model_id, number of the image in the image list)


class Images:
    """Crops of the images of any network. ``names`` are the image names, in the order of the decoded files.

    With ``match`` every crop's channel means are moved to those of the same crop of that folder, the true images (D50).
    With fewer than 8 ``bits`` crops are rounded to as many grey levels.
    """

    def __init__(self, folder: Path, decoded: Path, names: Sequence[str], *, match: str = "", bits: int = 8) -> None:
        self.folder, self.decoded, self.names, self.match, self.bits = folder, decoded, tuple(names), match, bits
        self._maps: dict[str, np.ndarray] = {}

    def size(self, pick: Pick) -> tuple[int, int]:
        """Height and width of an image."""
        if self.one_size(pick[0]):
            return self._pixels(pick[0]).shape[1:3]
        return png_size(self.folder / pick[0] / f"{self.names[pick[1]]}.png")

    def crop(self, pick: Pick, row: int, column: int, side: int) -> np.ndarray:
        """uint8 side x side x 3."""
        found = self._crop(pick, row, column, side)
        found = matched(found, self._crop((self.match, pick[1]), row, column, side)) if self.match else found
        return coarser(found, self.bits) if self.bits < 8 else found

    def _crop(self, pick: Pick, row: int, column: int, side: int) -> np.ndarray:
        model_id, number = pick
        if self.one_size(model_id):
            return self._pixels(model_id)[number, row : row + side, column : column + side]
        whole = read_png(self.folder / model_id / f"{self.names[number]}.png")
        return whole[row : row + side, column : column + side]

    def batches(self, model_id: str, numbers: Sequence[int], most: int) -> Iterator[np.ndarray]:
        """Whole images of one network, uint8 n x H x W x 3: up to ``most`` where they are kept decoded, else one at a time."""
        if not self.one_size(model_id):
            yield from (read_png(self.folder / model_id / f"{self.names[i]}.png")[None] for i in numbers)
            return
        for start in range(0, len(numbers), most):
            yield np.asarray(self._pixels(model_id)[list(numbers[start : start + most])])

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
        if self.one_size(picks[0][0]):
            crops = [self.crop(p, r, c, side) for p, (r, c) in zip(picks, places, strict=True)]
        else:
            with ThreadPoolExecutor(4) as pool:
                crops = list(pool.map(lambda p, at: self.crop(p, *at, side), picks, places))
        # n h w c seen as n c h w is torch's channels_last, the faster layout for convolutions.
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div_(255)

    def one_size(self, model_id: str) -> bool:
        """Whether the images of a network are of one size, and therefore kept decoded."""
        return model_id in self._maps or (self.decoded / f"{model_id}.npy").exists()

    def _pixels(self, model_id: str) -> np.ndarray:
        if model_id not in self._maps:
            self._maps[model_id] = read_array(self.decoded / f"{model_id}.npy")
        return self._maps[model_id]


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


def read_array(path: Path) -> np.ndarray:
    """A decoded file, mapped into memory."""
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise UserError(f"'{path}' is damaged ({error}): delete it and its receipt, and the same command makes it again") from None


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

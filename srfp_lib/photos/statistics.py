"""Statistics of Table A.1: the size of a photograph, the bits per pixel of its PNG file, the entropy of its grey histogram."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..profiles import Photographs
from . import sources
from .photoset import split
from .reading import as_png

GREY = (0.2125, 0.7154, 0.0721)  # of red, green and blue: ITU-R BT.709, as in scikit-image's rgb2gray


def rows(settings: Photographs, *, master_seed: int) -> Iterator[dict[str, Any]]:
    """One row per whole photograph, one in memory at a time; dead-leaves images have none.

    photograph, role, split (in the first rotation), source, width, height, png_bits_per_pixel, grey_entropy_bits.
    """
    for one in sources(settings, master_seed=master_seed)[0]:
        part = split(one.fold, rotation=0, rotations=settings.rotations) if one.fold >= 0 else "train"
        pixels = one.read()
        yield {
            "photograph": one.name, "role": one.role, "split": part, "source": one.source, "width": one.size[1], "height": one.size[0],
            "png_bits_per_pixel": png_bits_per_pixel(pixels), "grey_entropy_bits": grey_entropy(pixels),
        }  # fmt: skip


def png_bits_per_pixel(pixels: np.ndarray) -> float:
    """Size of the PNG file (`as_png`) in bits per pixel of uint8 H x W x 3.

    >>> png_bits_per_pixel(np.zeros((512, 512, 3), np.uint8)) < 0.1
    True
    """
    return 8 * len(as_png(pixels)) / (pixels.shape[0] * pixels.shape[1])


def grey_entropy(pixels: np.ndarray) -> float:
    """Shannon entropy in bits of the 256-bin grey histogram (BT.709, rounded) of uint8 H x W x 3.

    >>> grey_entropy(np.repeat(np.array([[[0], [255]]], np.uint8), 3, axis=2))
    1.0
    """
    grey = np.round(pixels @ np.array(GREY)).astype(np.uint8)
    share = np.bincount(grey.ravel(), minlength=256) / grey.size
    return float(-(share[share > 0] * np.log2(share[share > 0])).sum())

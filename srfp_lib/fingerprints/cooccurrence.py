"""Co-occurrence matrices of neighbouring pixels, in which Nataraj et al. (2019) look for the traces of generators."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

MOST = 24  # grey levels: larger differences count as this one
BANDS = 8  # of grey levels, 32 each


def reduced(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """The co-occurrence matrix of horizontal neighbours of each channel, 256 x 256, summed over groups of cells: 3 x 8 x 49 numbers.

    A group is all cells (i, j) of one difference j - i, clipped to +-24, and one band of 32 grey levels i. The square roots of
    the counts' shares are taken, because a count's square root varies alike whatever its size. The authors give a CNN the whole matrix.
    """
    n, height, width, _ = images.shape
    left, right = images[:, :, :-1].astype(np.int32), images[:, :, 1:]
    group = (left // (256 // BANDS)) * (2 * MOST + 1) + np.clip(right - left, -MOST, MOST) + MOST
    size = BANDS * (2 * MOST + 1)
    place = group + size * (np.arange(n)[:, None, None, None] * 3 + np.arange(3))
    counts = np.bincount(place.ravel(), minlength=3 * n * size).reshape(n, 3 * size)
    return np.sqrt(counts / (height * (width - 1))).astype(np.float32)

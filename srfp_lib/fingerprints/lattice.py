"""The mean residual by position modulo 4: 48 numbers that show what a network's sub-pixel convolution leaves behind (own; not in the paper).

A network with a sub-pixel step writes each of s x s neighbouring pixels with other weights, and so leaves a pattern of period s. Its
mean over an image needs no training, can be looked at, and a shift of the image rolls it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Int16, UInt8

PERIOD = 4  # pixels; of the patterns of both scales
MOST = 6  # grey levels: larger residuals are edges of the photograph
# Exchanges that leave the median of nine in place 4 (Paeth 1990).
EXCHANGES = ((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3), (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7),
             (4, 2), (6, 4), (4, 2))  # fmt: skip


def residual(images: UInt8[np.ndarray, "n h w 3"]) -> Int16[np.ndarray, "n h w 3"]:
    """Each pixel minus the median of the 3 x 3 around it, clipped to +-6 grey levels; edge pixels are repeated.

    >>> residual(np.eye(3, dtype=np.uint8)[None, ..., None].repeat(3, 3))[0, :, :, 0].tolist()
    [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    """
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    around = [padded[:, row : row + height, column : column + width] for row in range(3) for column in range(3)]
    for low, high in EXCHANGES:
        around[low], around[high] = np.minimum(around[low], around[high]), np.maximum(around[low], around[high])
    return np.clip(images.astype(np.int16) - around[4], -MOST, MOST)


def patterns(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n 4 4 3"]:
    """The mean residual of every image by row and column modulo 4, in grey levels; from 4 pixels up, cut to multiples of 4."""
    found = residual(images)
    rows, columns = (length // PERIOD for length in found.shape[1:3])
    found = found[:, : rows * PERIOD, : columns * PERIOD].reshape(len(found), rows, PERIOD, columns * PERIOD, 3)
    by_row = found.sum(1, dtype=np.int32).reshape(len(found), PERIOD, columns, PERIOD, 3)
    return (by_row.sum(2) / (rows * columns)).astype(np.float32)


def scores(shown: Float32[np.ndarray, "n 4 4 3"], means: Float32[np.ndarray, "k 4 4 3"]) -> Float32[np.ndarray, "n k"]:
    """Minus the squared distances of patterns to mean patterns, each at the nearest of the 16 places where the image may begin."""
    flat = shown.reshape(len(shown), -1)
    squares = np.square(flat).sum(1)[:, None] + np.square(means).sum((1, 2, 3))
    rolled = (np.roll(means, (row, column), (1, 2)).reshape(len(means), -1) for row in range(PERIOD) for column in range(PERIOD))
    return (2 * np.max([flat @ means_.T for means_ in rolled], axis=0) - squares).astype(np.float32)


def strength(one: Float[np.ndarray, "4 4 3"], other: Float[np.ndarray, "4 4 3"]) -> float:
    """The RMS of what the mean patterns of two disjoint sets of images share beside their channel means, in grey levels.

    What a set of images has by chance the other does not have, so that without a fingerprint the expected value of the square is 0.

    >>> one = np.zeros((4, 4, 3)); one[::2] = 3.0
    >>> strength(one, one), strength(one, -one)
    (1.5, 0.0)
    """
    first, second = (pattern - pattern.mean((0, 1)) for pattern in (one, other))
    return float(max((first * second).mean(), 0.0) ** 0.5)

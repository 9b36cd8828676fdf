"""What one image is judged by: its log power spectrum, and its grain, how neighbouring differences follow one another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from ..images.spectrum import described

MOST = 3  # grey levels: larger differences count as this one
LEVELS = 2 * MOST + 1
GRAIN = 2 * LEVELS**3


def traces(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """Spectra and grain side by side, 1,632 + 686 numbers."""
    return np.concatenate([described(images), grain(images)], 1)


def grain(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n 686"]:
    """How often three neighbouring differences of grey levels, clipped to +-3, follow one another: along rows and columns, and diagonally.

    The second-order model of Pevny, Bas and Fridrich (2010), made for hidden messages; here it tells a camera's noise from a network's
    smoothness. Square roots of shares, because a count's square root varies alike whatever its size.

    >>> grain(np.zeros((2, 8, 8, 3), np.uint8)).shape
    (2, 686)
    """
    planes = np.moveaxis(images, 3, 1).astype(np.int16)
    mirrored = [planes, planes[..., ::-1], planes[..., ::-1, :], planes[..., ::-1, ::-1]]
    rows = [_clipped(one[..., 1:] - one[..., :-1]) for one in (*mirrored[:2], *(one.swapaxes(2, 3) for one in mirrored[::2]))]
    slopes = [_clipped(one[..., 1:, 1:] - one[..., :-1, :-1]) for one in mirrored]
    straight = np.sum([_counts(d[..., :-2], d[..., 1:-1], d[..., 2:]) for d in rows], 0)
    diagonal = np.sum([_counts(d[..., :-2, :-2], d[..., 1:-1, 1:-1], d[..., 2:, 2:]) for d in slopes], 0)
    return np.concatenate([np.sqrt(n / n.sum(1, keepdims=True)) for n in (straight, diagonal)], 1).astype(np.float32)


def _clipped(differences: np.ndarray) -> np.ndarray:
    """As numbers from 0 to 6."""
    return np.clip(differences, -MOST, MOST).astype(np.int32) + MOST


def _counts(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
    """How often each triple occurs in each image, n x 343."""
    n, size = len(first), LEVELS**3
    triples = ((first * LEVELS + second) * LEVELS + third).reshape(n, -1) + size * np.arange(n)[:, None]
    return np.bincount(triples.ravel(), minlength=n * size).reshape(n, size)

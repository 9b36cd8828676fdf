"""PSNR and SSIM by the convention of the paper's quality table (D41): RGB, 8 bits, no border cut."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np


def score(sr: Iterable[np.ndarray], hr: Iterable[np.ndarray], *, crop: int | None) -> dict[str, np.ndarray]:
    """PSNR and SSIM of batches of images beside the true ones, on the centre crop of each or, if None, on whole images.

    The crop is the SR image's; the true image may be larger, and both begin at the same top left pixel (D41).
    """
    found: dict[str, list[np.ndarray]] = {"psnr": [], "ssim": []}
    for a, b in zip(sr, hr, strict=True):
        height, width = a.shape[1:3]
        side = (min(crop, height), min(crop, width)) if crop else (height, width)
        top, left = (height - side[0]) // 2, (width - side[1]) // 2
        window = (slice(None), slice(top, top + side[0]), slice(left, left + side[1]))
        found["psnr"].append(psnr(a[window], b[window]))
        found["ssim"].append(ssim(a[window], b[window]))
    return {name: np.concatenate(values) for name, values in found.items()}


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in dB of two uint8 batches N x H x W x 3, over all three channels: N values.

    Equal images give 99 dB instead of infinity.

    >>> psnr(np.zeros((1, 8, 8, 3), np.uint8), np.full((1, 8, 8, 3), 255, np.uint8)).tolist()
    [0.0]
    """
    difference = a.astype(np.float32) - b
    errors = np.square(difference).mean((1, 2, 3), dtype=np.float64)
    return np.where(errors > 0, 10 * np.log10(255**2 / np.maximum(errors, 1e-12)), 99.0)


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity (Wang et al. 2004) of two uint8 batches N x H x W x 3, the mean over channels: N values.

    Gaussian window 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, range 255; 5 pixels at each border are left out of the
    mean, as in scikit-image's ``structural_similarity(gaussian_weights=True, use_sample_covariance=False)``.
    """
    return np.concatenate([_ssim(a[i : i + 16], b[i : i + 16]) for i in range(0, len(a), 16)])


def _ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, y = a.astype(np.float32), b.astype(np.float32)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    map_ = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    map_ /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return map_.mean((1, 2, 3), dtype=np.float64)


def _blur(x: np.ndarray) -> np.ndarray:
    """Gaussian window along height and width, where it fits: N x H x W x 3 to N x 3 x H-10 x W-10."""
    x = x.transpose(0, 3, 1, 2)
    # As products with banded matrices, which is several times faster than filtering images of this size.
    return _window(x.shape[2]) @ x @ _window(x.shape[3]).T


@cache
def _window(length: int) -> np.ndarray:
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    rows = [np.eye(length - 10, length, k) * tap for k, tap in enumerate(taps / taps.sum())]
    return np.sum(rows, 0).astype(np.float32)

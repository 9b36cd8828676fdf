"""The PRNU baseline: a network's fingerprint is the mean noise residual of its images (section 4.1.1; D28, D45)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pywt
from jaxtyping import Float32, UInt8

from ..common.errors import UserError
from ..common.randomness import numpy_generator

NO_BM3D = (
    "prnu.denoiser is bm3d, and the package is not installed: pip install -e '.[bm3d]' (its licence allows non-commercial use only), "
    'or set prnu.denoiser = "wavelet"'
)


def wavelet_residual(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w 3"]:
    """Images minus their wavelet-denoised versions, in grey levels.

    Daubechies-4 wavelets with BayesShrink soft thresholds (Chang, Yu, Vetterli 2000) per channel and subband, the noise
    level estimated from the finest diagonal subband; `skimage.restoration.denoise_wavelet` for a whole batch.
    """
    x = images.astype(np.float32)
    levels = max(pywt.dwtn_max_level(x.shape[1:3], "db4") - 3, 1)
    coarse, *details = pywt.wavedec2(x, "db4", level=levels, axes=(1, 2))
    diagonal = np.abs(details[-1][2])
    sigma = np.median(diagonal, (1, 2), keepdims=True) / np.float32(0.6744897501960817)
    kept = [tuple(_shrink(band, sigma) for band in bands) for bands in details]
    denoised = pywt.waverec2([coarse, *kept], "db4", axes=(1, 2))[:, : x.shape[1], : x.shape[2]]
    return x - denoised


def _shrink(band: Float32[np.ndarray, "n h w 3"], sigma: Float32[np.ndarray, "n 1 1 3"]) -> Float32[np.ndarray, "n h w 3"]:
    """BayesShrink's soft threshold of one subband."""
    variance = np.square(band).mean((1, 2), keepdims=True)
    threshold = np.square(sigma) / np.sqrt(np.maximum(variance - np.square(sigma), np.finfo(np.float32).eps))
    magnitude = np.abs(band)
    return band * (np.maximum(magnitude - threshold, 0) / np.maximum(magnitude, np.finfo(np.float32).tiny))


def bm3d_residual(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w 3"]:
    """Images minus their BM3D-denoised versions with sigma 5, as in the released code (D28). Raises UserError without the package."""
    try:
        import bm3d
    except ImportError:
        raise UserError(NO_BM3D) from None
    return np.stack([x - bm3d.bm3d(x, sigma_psd=5) for x in images.astype(np.float32)]).astype(np.float32)


RESIDUALS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"wavelet": wavelet_residual, "bm3d": bm3d_residual}


def residuals(images: UInt8[np.ndarray, "n h w 3"], denoiser: str, *, int8: bool) -> Float32[np.ndarray, "n h w 3"]:
    """Noise residuals; ``int8`` truncates towards zero as the released code stores them."""
    if denoiser not in RESIDUALS:
        raise UserError(f"there is no denoiser '{denoiser}': choose one of {', '.join(RESIDUALS)}")
    found = RESIDUALS[denoiser](images)
    return found.astype(np.int8).astype(np.float32) if int8 else found


SHIFTS = 8  # pixels: a multiple of both scales, so that every phase of the sub-pixel grid is as likely


def cut(images: UInt8[np.ndarray, "n h w 3"], numbers: Iterable[int], *, crop: int | None, tiles: bool, known_offset: bool,
        master_seed: int) -> UInt8[np.ndarray, "n _ _ 3"]:  # fmt: skip
    """Images as the baseline sees them: an image found somewhere starts in any phase of the sub-pixel grid.

    Photographs are cropped at their centre (D28), whose phase follows from their size; of tiles, and of what is not cropped, 7 rows
    and columns go, `out_of_phase`. With ``known_offset`` everything starts at a multiple of 8, and 8 pixels go at every border: where all
    images are aligned, their mean would show how a network pads.
    """
    grid = SHIFTS if known_offset else 1
    if crop and not tiles:
        return centre(images, crop, grid=grid)
    if known_offset:
        images = images[:, SHIFTS:-SHIFTS, SHIFTS:-SHIFTS]
    else:
        images = out_of_phase(images, numbers, master_seed=master_seed)
    return centre(images, crop, grid=grid) if crop else images


def centre(images: UInt8[np.ndarray, "n h w 3"], side: int, *, grid: int = 1) -> UInt8[np.ndarray, "n _ _ 3"]:
    """The centre crops of images, moved up and left to a multiple of ``grid``; a height or width of up to ``side`` is taken whole.

    >>> centre(np.zeros((2, 20, 24, 3), np.uint8), 21).shape
    (2, 20, 21, 3)
    """
    top, left = (max(length - side, 0) // 2 // grid * grid for length in images.shape[1:3])
    return images[:, top : top + side, left : left + side]


def out_of_phase(images: UInt8[np.ndarray, "n h w 3"], numbers: Iterable[int], *, master_seed: int) -> UInt8[np.ndarray, "n h-7 w-7 3"]:
    """Images less 7 rows and columns, each cut at a random offset that is seeded by its number, for all networks alike.

    >>> out_of_phase(np.zeros((2, 20, 24, 3), np.uint8), (0, 1), master_seed=1).shape
    (2, 13, 17, 3)
    """
    height, width = (length - SHIFTS + 1 for length in images.shape[1:3])
    offsets = [numpy_generator(master_seed, "phase", number).integers(SHIFTS, size=2) for number in numbers]
    return np.stack([image[top : top + height, left : left + width] for image, (top, left) in zip(images, offsets, strict=True)])


def _check_size(one: int, other: int) -> None:
    if one != other:
        raise UserError(
            f"noise residuals of {one // 3} and of {other // 3} pixels cannot be compared: set prnu.crop to a side that every photograph has"
        )


class Fingerprint:
    """The mean of the residuals that are added one by one, of one size each."""

    def __init__(self) -> None:
        self.total, self.count = np.zeros(0), 0

    def add(self, residual: Float32[np.ndarray, "h w 3"]) -> None:
        """Add a residual. Raises UserError for one of another size."""
        if not self.count:
            self.total = np.zeros(residual.size)
        _check_size(residual.size, self.total.size)
        self.total += residual.ravel()
        self.count += 1

    @property
    def mean(self) -> Float32[np.ndarray, " pixels"]:
        """The fingerprint."""
        return (self.total / self.count).astype(np.float32)


def scores(residual: Float32[np.ndarray, "n h w 3"], fingerprints: Float32[np.ndarray, "k pixels"]) -> Float32[np.ndarray, "n k"]:
    """Minus the squared Euclidean distances of residuals to fingerprints.

    >>> scores(np.ones((1, 1, 1, 3), np.float32), np.zeros((2, 3), np.float32)).tolist()
    [[-3.0, -3.0]]
    """
    flat = residual.reshape(len(residual), -1)
    _check_size(flat.shape[1], fingerprints.shape[1])
    squares = np.square(flat).sum(1)[:, None] + np.square(fingerprints).sum(1)
    return (2 * flat @ fingerprints.T - squares).astype(np.float32)

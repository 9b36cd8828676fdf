"""The bicubic reduction of MATLAB's imresize, which made the LR images of DIV2K and Flickr2K, written from its definition.

Kernel: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, with a = -0.5. Going down by a factor
it is stretched by that factor (antialiasing); weights are normalised, borders are mirrored, the grid starts at the top
left corner of the first pixel.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..common.errors import UserError


def imresize(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Float64 h x w (x c) of H x W (x c), reduced by a whole factor, neither rounded nor clipped; h = ceil(H / factor).

    >>> imresize(np.full((8, 12), 7.0), 4).round(6).tolist()
    [[7.0, 7.0, 7.0], [7.0, 7.0, 7.0]]
    """
    return _columns(_rows(pixels.astype(np.float64), factor), factor)


def reduce(pixels: np.ndarray, factor: int, *, each_pass: bool = False) -> np.ndarray:
    """The 8-bit LR image of uint8 H x W (x c): cropped at the right and bottom to a multiple, reduced, rounded half up.

    Rounded once, at the end, as MATLAB does for a double image and as the paper's LR images were (D36). With
    ``each_pass`` also between rows and columns, as MATLAB does for an integer image. Raises UserError if nothing is left.

    >>> reduce(np.full((9, 12, 3), 7, np.uint8), 4).shape
    (2, 3, 3)
    """
    height, width = (length // factor * factor for length in pixels.shape[:2])
    if not height or not width:
        raise UserError(f"an image of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be reduced by {factor}: leave it out")
    half = _rows(pixels[:height, :width].astype(np.float64), factor)
    return _to_8_bits(_columns(_to_8_bits(half).astype(np.float64) if each_pass else half, factor))


def differences(pixels: np.ndarray | None = None) -> pd.DataFrame:
    """How far other bicubic reductions of a photograph are from MATLAB's, in 8-bit grey levels.

    Columns: scale, method, mean_abs, largest, largest_inside (without the outermost 4 LR pixels), share_equal (of all
    values). ``pixels``: uint8 H x W x 3, by default a photograph that scikit-image carries. torch, which is what
    `superresolve.downscale` uses, differs at the borders, where it cuts the kernel and MATLAB mirrors the image; Pillow
    does the same and rounds between its two passes.
    """
    from PIL import Image

    from ..images.superresolve import downscale

    pixels = _example() if pixels is None else pixels
    rows = []
    for scale in (2, 4):
        height, width = (length // scale * scale for length in pixels.shape[:2])
        hr, size = pixels[:height, :width], (width // scale, height // scale)
        ours = reduce(hr, scale).astype(int)
        others = {
            "torch, antialiased": downscale(hr[None], scale)[0],
            "Pillow": np.asarray(Image.fromarray(hr).resize(size, Image.Resampling.BICUBIC)),
            "MATLAB, of an integer image": reduce(hr, scale, each_pass=True),
        }
        for method, small in others.items():
            gap = np.abs(small.astype(int) - ours)
            rows.append((scale, method, gap.mean(), gap.max(), gap[4:-4, 4:-4].max(), (gap == 0).mean()))
    return pd.DataFrame(rows, columns=["scale", "method", "mean_abs", "largest", "largest_inside", "share_equal"])


def _rows(pixels: np.ndarray, factor: int) -> np.ndarray:
    return np.tensordot(_weights(pixels.shape[0], factor), pixels, (1, 0))  # H w ... -> h w ...


def _columns(pixels: np.ndarray, factor: int) -> np.ndarray:
    return np.moveaxis(np.tensordot(_weights(pixels.shape[1], factor), pixels, (1, 1)), 0, 1)  # h W ... -> h w ...


def _to_8_bits(levels: np.ndarray) -> np.ndarray:
    # The inner rounding: 86.49999999999999 is 86.5 but for the order of a sum.
    return np.clip(np.floor(levels.round(9) + 0.5), 0, 255).astype(np.uint8)


def _weights(length: int, factor: int) -> np.ndarray:
    """The matrix h x H that reduces one dimension."""
    short = -(-length // factor)
    centres = (np.arange(short) + 0.5) * factor - 0.5  # of the new pixels, in old ones
    taps = np.floor(centres - 2 * factor).astype(int)[:, None] + np.arange(4 * factor + 2)
    weights = _cubic((centres[:, None] - taps) / factor)
    weights /= weights.sum(1, keepdims=True)
    turn = taps % (2 * length)
    inside = np.minimum(turn, 2 * length - 1 - turn)  # mirrored, the border pixel repeated
    matrix = np.zeros((short, length))
    np.add.at(matrix, (np.arange(short)[:, None], inside), weights)
    return matrix


def _cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _example() -> np.ndarray:
    from .embedded import locate, rows
    from .reading import read

    path = locate(next(row for row in rows() if row["photograph"] == "astronaut"))
    if path is None:
        raise UserError("the installed scikit-image holds no astronaut.png: hand differences() a photograph")
    return read(path)[0]

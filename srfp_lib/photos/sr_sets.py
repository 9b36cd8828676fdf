"""DIV2K and Flickr2K as the paper used them (Table A.1, D12): 800 training images each, a quarter of 200, and their LR images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..common.errors import UserError
from ..common.files import write_whole
from ..common.randomness import seed
from .folder import files
from .reading import as_png, read_again

PARTS = {"train": (0, 800), "validation": (800, 900), "test": (900, 1000)}  # by file name
QUARTER_SEED = 1
PLACES = ("", "DIV2K_train_HR", "Flickr2K_HR", "Flickr2K/Flickr2K_HR")  # where a folder may hold the images


def members(dataset: str, folder: Path, part: str = "train") -> list[Path]:
    """The HR files of div2k, flickr2k, quarter_div2k or quarter_flickr2k in a part: train, validation or test.

    By name, the first 800 files train, the next 100 validate, the next 100 test (DIV2K has no test part); the paper used 1,000 of
    Flickr2K's 2,650. The authors' quarter is unknown: here 200 names drawn with a fixed seed. Raises UserError if files are missing.
    """
    name, is_quarter = dataset.removeprefix("quarter_"), dataset.startswith("quarter_")
    if name not in ("div2k", "flickr2k") or part not in PARTS or (name, part) == ("div2k", "test"):
        raise UserError(f"there is no set '{dataset}' with a part '{part}': choose div2k or flickr2k, or their quarters, and {', '.join(PARTS)}")
    first, last = PARTS[part]
    found = _images(folder)
    if len(found) < last:
        raise UserError(
            f"'{folder}' has {len(found)} images, and {part} of {name} are images {first + 1} to {last}: "
            f"fetch them with python -m srfp_lib photos fetch {name}"
        )
    if is_quarter:
        drawn = sorted(found[first:last], key=lambda path: seed(QUARTER_SEED, "quarter", name, path.stem))
        return sorted(drawn[: len(drawn) // 4])
    return found[first:last]


def _images(folder: Path) -> list[Path]:
    for place in PLACES:
        if (folder / place).is_dir() and (found := files(folder / place)):
            return found
    return files(folder)


def write_lr(paths: Iterable[Path], folder: Path, scale: int) -> list[Path]:
    """The LR image of each HR file, `0001x2.png` for `0001.png`, by `reduce`; existing files are kept. Raises UserError."""
    written = []
    for path in paths:
        target = folder / f"{path.stem}x{scale}.png"
        if not target.exists():
            write_whole(target, as_png(reduce(read_again(path, "fetch the set again"), scale)))
        written.append(target)
    return written


def reduce(pixels: np.ndarray, scale: int) -> np.ndarray:
    """The 8-bit LR image of uint8 H x W (x 3), as MATLAB's imresize makes it from a double image.

    Cropped at the right and bottom to a multiple of the scale, reduced by BasicSR's imresize, rounded once, half up (D36; MATLAB
    rounds an integer image between its two passes as well). Raises UserError for images smaller than the kernel.
    """
    from ..networks import _basicsr

    height, width = (length // scale * scale for length in pixels.shape[:2])
    if min(height, width) < 2 * scale:
        raise UserError(f"an image of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be reduced by {scale}: leave it out")
    # In grey levels instead of 0..1: float32 then holds ties exactly.
    levels = _basicsr.load("utils.matlab_functions").imresize(pixels[:height, :width].astype(np.float32), 1 / scale)
    return np.clip(np.floor(levels + 0.5), 0, 255).astype(np.uint8)

"""DIV2K and Flickr2K as the paper used them (Table A.1, D12): 800 training images of each, a quarter of 200, and their LR images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from ..common.errors import UserError
from ..common.files import write_whole
from ..common.randomness import seed
from . import matlab
from .folder import files

PARTS = {"train": (0, 800), "validation": (800, 900), "test": (900, 1000)}  # by file name
QUARTER_SEED = 1
PLACES = ("", "DIV2K_train_HR", "Flickr2K_HR", "Flickr2K/Flickr2K_HR")  # of the images below a folder


def members(dataset: str, folder: Path, part: str = "train", *, quarter: str = "seeded") -> list[Path]:
    """The HR files of div2k, flickr2k, quarter_div2k or quarter_flickr2k that belong to a part: train, validation, test.

    The first 800 files by name train, then follow 100 and 100 (DIV2K has no test part); of Flickr2K's 2,650 the paper used
    1,000. Which quarter the authors took is unknown: here 200 names drawn with a fixed seed, the same on every machine, or
    with ``quarter="first"`` the first 200. Raises UserError if files are missing.
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
    return _quarter(name, found[first:last], quarter) if is_quarter else found[first:last]


def _images(folder: Path) -> list[Path]:
    for place in PLACES:
        if (folder / place).is_dir() and (found := files(folder / place)):
            return found
    return files(folder)


def _quarter(name: str, paths: list[Path], rule: str) -> list[Path]:
    if rule not in ("seeded", "first"):
        raise UserError(f"there is no rule '{rule}' for a quarter: choose seeded or first")
    drawn = paths if rule == "first" else sorted(paths, key=lambda path: seed(QUARTER_SEED, "quarter", name, path.stem))
    return sorted(drawn[: len(paths) // 4])


def write_lr(paths: Iterable[Path], folder: Path, scale: int) -> list[Path]:
    """The LR images, `0001x2.png` of `0001.png`, by `matlab.reduce`. Those that are there stay, so that a stopped run goes on."""
    from .flickr.prepare import as_png

    written = []
    for path in paths:
        target = folder / f"{path.stem}x{scale}.png"
        if not target.exists():
            write_whole(target, as_png(matlab.reduce(_pixels(path), scale)))
        written.append(target)
    return written


def lr_agreement(hr: Path, lr: Path, scale: int) -> pd.DataFrame:
    """A set's own LR image beside ours, rounded once or in each pass: rounding, share_equal, mean_abs in grey levels."""
    image, theirs = _pixels(hr), _pixels(lr).astype(int)
    rows = []
    for rounding, each_pass in (("once", False), ("each pass", True)):
        gap = np.abs(matlab.reduce(image, scale, each_pass=each_pass) - theirs)
        rows.append((rounding, (gap == 0).mean(), gap.mean()))
    return pd.DataFrame(rows, columns=["rounding", "share_equal", "mean_abs"])


def _pixels(path: Path) -> np.ndarray:
    from .reading import read_again

    return read_again(path, "fetch the set again")

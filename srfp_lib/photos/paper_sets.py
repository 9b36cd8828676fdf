"""The paper's photographs (Table A.1, D12): DIV2K and Flickr2K train networks, Flickr1K with its own splits is classified."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from ..common.errors import UserError
from ..common.files import write_whole
from ..profiles import Photographs
from .flickr.table import FOLDER, LIST, load_photographs, read_table
from .folder import files
from .photoset import Photograph
from .reading import as_png, digest, read_again

SETS = {"div2k": "DIV2K", "flickr2k": "Flickr2K"}
PARTS = {"train": (0, 800), "validation": (800, 900), "test": (900, 1000)}  # by file name
PLACES = ("", "DIV2K_train_HR", "Flickr2K_HR", "Flickr2K/Flickr2K_HR")  # where a folder may hold the images


def load(settings: Photographs) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """All photographs of the paper, and (file, reason) for each one of Flickr1K that is unreadable. Raises UserError.

    Every file is decoded once for its digest and then dropped: 800 of them would take 7 GB.
    """
    if settings.rotations != 1:
        raise UserError(f"photographs.rotations is {settings.rotations}, and Flickr1K has one split of its own: set it to 1")
    folders = _folders(settings)
    training = [photograph for name in SETS for photograph in _training_set(name, folders[name])]
    classified, skipped = load_photographs(folders["flickr1k"])
    return training + classified, skipped


def _training_set(role: str, folder: Path) -> list[Photograph]:
    quarter = set(members(f"quarter_{role}", folder))
    return [
        Photograph.of(
            read_again(path, f"fetch {SETS[role]} again"), read=partial(read_again, path), name=f"{role}_{path.stem}",
            role=role, file=path.name, source=SETS[role], quarter=path in quarter,
        )
        for path in members(role, folder)
    ]  # fmt: skip


def content_digest(settings: Photographs) -> str:
    """A digest of the images' names and content and of the list of Flickr1K, with its splits: reads all of 8 GB."""
    folders = _folders(settings)
    training = [path for name in SETS for path in members(name, folders[name])]
    return digest([*training, *files(folders["flickr1k"] / FOLDER)], (folders["flickr1k"] / LIST).read_bytes())


def lacking(settings: Photographs) -> list[str]:
    """One sentence for each missing or incomplete set, with the command that fetches it."""
    sentences = []
    for name, folder in _places(settings).items():
        try:
            _check(name, folder)
        except UserError as error:
            sentences.append(str(error))
    return sentences


def _places(settings: Photographs) -> dict[str, Path]:
    return {name: Path(getattr(settings, name)).expanduser() for name in (*SETS, "flickr1k")}


def _folders(settings: Photographs) -> dict[str, Path]:
    places = _places(settings)
    for name, folder in places.items():
        _check(name, folder)
    return places


def _check(name: str, folder: Path) -> None:
    if name == "flickr1k":
        return _check_flickr1k(folder)
    if not folder.is_dir():
        raise UserError(
            f"photographs.source is 'paper', and there is no {SETS[name]} at '{folder}': python -m srfp_lib photos fetch {name} {folder} "
            f'fetches it; or name its folder in a .toml file, photographs.{name}, or your own photographs, photos = "folder"'
        )
    members(name, folder)


def _check_flickr1k(folder: Path) -> None:
    if not folder.joinpath(LIST).is_file():
        raise UserError(
            f"photographs.source is 'paper', and there is no finished Flickr1K at '{folder}': python -m srfp_lib photos flickr {folder} "
            "builds it; or name its folder in a .toml file, photographs.flickr1k"
        )
    there, rows = {path.name for path in files(folder / FOLDER)}, read_table(folder / LIST)
    # Some may be gone from Flickr for good, which the run notes; no split may be empty.
    if empty := sorted({row.split for row in rows} - {row.split for row in rows if row.file in there}):
        raise UserError(
            f"'{folder / FOLDER}' holds no photograph of {' and '.join(empty)} of the list '{folder / LIST}': "
            f"python -m srfp_lib photos flickr {folder} --list {folder / LIST} brings them back"
        )


def members(dataset: str, folder: Path, part: str = "train") -> list[Path]:
    """The HR files of div2k, flickr2k, quarter_div2k or quarter_flickr2k in a part: train, validation or test.

    By name, the first 800 files train, the next 100 validate, the next 100 test (DIV2K has no test part); the paper used 1,000 of
    Flickr2K's 2,650. The authors' quarter is unknown: here the first 200 of the 800 (D12). Raises UserError if files are missing.
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
    return found[first : first + (last - first) // 4 if is_quarter else last]


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

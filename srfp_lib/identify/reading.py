"""An image file as evidence: its pixels, its digest, how it was decoded, and what its compression tells."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import PIL
from jaxtyping import UInt8
from PIL import Image

from ..common.errors import UserError
from ..common.names import legible
from ..photos import reading
from ..photos.reading import UnreadableError

LARGEST = 500_000_000  # bytes of a file
SMALLEST = 32  # pixels a side: the windows of the spectrum
BLANK = 0.05  # grey levels that neighbours differ by, on average: as on an empty page
SUFFIXES = reading.SUFFIXES


@dataclass(frozen=True, eq=False)
class Evidence:
    """A file that was decoded. ``quality``: of a JPEG file, by its quantisation tables (1..100); 0 for other files. ``notes``: conversions."""

    file: str
    sha256: str
    format: str
    decoder: str
    pixels: UInt8[np.ndarray, "h w 3"]
    quality: int
    notes: tuple[str, ...]


def opened(path: Path) -> Evidence:
    """Read a file once, whole. Raises UnreadableError, whose message completes "not judged: ..."."""
    content = _content(path)
    pixels, note = reading.read(io.BytesIO(content))
    height, width, _ = pixels.shape
    if min(height, width) < SMALLEST:
        raise UnreadableError(f"it has {height} x {width} pixels, and a verdict needs at least {SMALLEST} a side")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, on odd metadata
        image = Image.open(io.BytesIO(content))
    with image:
        format_, tables = str(image.format), getattr(image, "quantization", None)
    quality = quality_of(tables[0]) if format_ in ("JPEG", "MPO") and tables else 0
    digest = hashlib.sha256(content).hexdigest()
    return Evidence(legible(os.fspath(path)), digest, format_, f"Pillow {PIL.__version__}", pixels, quality, tuple(filter(None, note.split("; "))))


def _content(path: Path) -> bytes:
    try:
        if not path.exists():
            raise UnreadableError("it does not exist")
        if not path.is_file():
            raise UnreadableError("it is no file")
        if not (size := path.stat().st_size):
            raise UnreadableError("it is empty")
        if size > LARGEST:
            raise UnreadableError(f"it has {size:,} bytes, and at most {LARGEST:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"it cannot be read ({error.strerror or error})") from None
    except ValueError:  # a name with a null character
        raise UnreadableError("it has a name that no file can have") from None


def quality_of(table: list[int]) -> int:
    """The quality, 1..100, at which libjpeg's own luminance table comes nearest to a file's. Other encoders have tables of their own.

    >>> quality_of(_table(90)), quality_of(_table(35))
    (90, 35)
    """
    return min(range(1, 101), key=lambda quality: abs(sum(_table(quality)) - sum(table)))


@cache
def _table(quality: int) -> list[int]:
    """The luminance table that Pillow's libjpeg writes, 64 numbers."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return list(image.quantization[0])  # pyrefly: ignore[missing-attribute]


def blank(pixels: UInt8[np.ndarray, "h w 3"]) -> bool:
    """Whether hardly a pixel differs from its neighbours, as on an empty page."""
    return bool(np.abs(np.diff(pixels.astype(np.int16), axis=1)).mean() < BLANK)


def found(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and of a folder the image files in it and below, by name; other files of a folder are left out.

    Raises UserError for a folder without any, and if nothing is named.
    """
    several: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file())
            if not inside:
                raise UserError(f"'{path}' holds no image files that can be read: name a folder with some ({', '.join(SUFFIXES)})")
            several += inside
        else:
            several.append(path)
    if not several:
        raise UserError("no image is named: name files, or a folder")
    return several

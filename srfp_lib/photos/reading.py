"""Image files of any kind as 8-bit RGB: one rule for photographs and for other people's images.

EXIF orientation is applied, transparency laid on white, the first frame of an animation taken; grey, palette and CMYK images are
converted to RGB. Of 16 bits, grey is divided by 257 and rounded, colour loses its lower 8. 32-bit values have no known range:
such a file is unreadable, as are more than 100 million pixels and all that Pillow or the file system refuses.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Generator, Iterable
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..common.errors import UserError
from ..common.memory import of_input

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
LARGEST = 100_000_000  # pixels


ORIENTATION = 0x0112  # in EXIF data: 1 is upright, 2 to 8 are turned or mirrored


class UnreadableError(Exception):
    """A file that is skipped; the message is the reason."""


def read(file: Path | IO[bytes]) -> tuple[np.ndarray, str]:
    """The pixels of a file, uint8 H x W x 3, and a note on conversions. Raises UnreadableError."""
    with _opened(file) as image:
        animated = getattr(image, "n_frames", 1) > 1
        cut = image.mode.startswith("RGB") and ";16" in str(getattr(image, "tile", ""))
        image.load()
        turned = image.getexif().get(ORIENTATION, 1) in range(2, 9)
        upright = ImageOps.exif_transpose(image)
        pixels, conversion = _rgb(upright, "I;16" if image.format == "PNG" and image.mode == "I" else image.mode)
    notes = (
        "first frame of an animation" * animated, "turned as its EXIF data say" * turned,
        "16 bits cut to 8" * cut, conversion,
    )  # fmt: skip
    return pixels, "; ".join(filter(None, notes))


def size(file: Path) -> tuple[int, int]:
    """Height and width by the header, before it is turned. Raises UnreadableError."""
    with _opened(file) as image:
        return image.height, image.width


@contextmanager
def _opened(file: Path | IO[bytes]) -> Generator[Image.Image]:
    """An image open in Pillow. Whatever is raised within the block becomes an UnreadableError."""
    try:
        # Opened here, because Pillow leaves a file open if the first read fails.
        with warnings.catch_warnings(), file.open("rb") if isinstance(file, Path) else nullcontext(file) as stream:
            warnings.simplefilter("ignore")  # of Pillow, on odd metadata
            with Image.open(stream) as image:
                if image.width * image.height > LARGEST:
                    raise UnreadableError(f"{image.width} x {image.height} pixels are more than {LARGEST:,}")
                yield image
    except UnreadableError:
        raise
    except Image.DecompressionBombError:
        raise UnreadableError(f"more than {LARGEST:,} pixels") from None
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise UnreadableError(f"cannot be decoded ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "no image that Pillow knows"
    text = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
    return text if text and isinstance(error, (OSError, SyntaxError, ValueError)) else f"{type(error).__name__} {text}".strip()


def read_again(path: Path, remedy: str = "restore it, and the same command goes on") -> np.ndarray:
    """The pixels, uint8 H x W x 3, of a file that must be readable. Raises UserError."""
    try:
        return read(path)[0]
    except UnreadableError as error:
        raise UserError(f"the photograph '{path}' {error}: {remedy}") from None


def _rgb(image: Image.Image, mode: str) -> tuple[np.ndarray, str]:
    if mode.startswith("I;16"):
        eight = np.clip(np.asarray(image).astype(np.float64) / 257 + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(eight[..., None], 3, 2), "16 bits divided by 257, grey"
    if mode in ("I", "F"):
        raise UnreadableError("its 32-bit values have no known range: save it with 8 or 16 bits")
    note = "" if mode == "RGB" else f"converted from {mode}"
    if image.has_transparency_data:
        layer, note = image.convert("RGBA"), "transparency laid on white"
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.array(image.convert("RGB")), note


def digest(files: Iterable[Path], start: bytes = b"") -> str:
    """A digest of files' names and content, after that of ``start``; one that cannot be read counts by its name.

    They are read again only if their sizes or times have changed (`memory.of_input`).
    """
    paths = list(files)
    place = f"{len(paths)} files, first {paths[0]}" if paths else ""
    return of_input(place, paths, partial(_digest, paths, start), start)


def _digest(files: Iterable[Path], start: bytes) -> str:
    whole = hashlib.sha256(start)
    for path in files:
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        whole.update(os.fsencode(path.name) + f" {len(content)}\n".encode() + content)
    return whole.hexdigest()[:24]


def pixel_digest(pixels: np.ndarray) -> str:
    """SHA-256 of an image's shape and pixels, so that two files of one picture have one digest."""
    return hashlib.sha256(str(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def as_png(pixels: np.ndarray) -> bytes:
    """The PNG file of uint8 H x W x 3, in Pillow's default settings (zlib level 6)."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()

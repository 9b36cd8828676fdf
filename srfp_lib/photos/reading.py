"""Image files of any kind as 8-bit RGB.

EXIF orientation is applied, transparency laid on white, 16 bits divided by 257, the first frame of an animation taken;
grey, palette and CMYK images are converted to RGB.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from ..common.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
LARGEST = 100_000_000  # pixels


class UnreadableError(Exception):
    """A file that is skipped; the message is the reason."""


def read(file: Path | IO[bytes]) -> tuple[np.ndarray, str]:
    """The pixels of a file, uint8 H x W x 3, and a note on conversions. Raises UnreadableError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                if image.width * image.height > LARGEST:
                    raise UnreadableError(f"{image.width} x {image.height} pixels are more than {LARGEST:,}")
                animated = getattr(image, "n_frames", 1) > 1
                image.load()
                upright = ImageOps.exif_transpose(image)
                pixels, conversion = _rgb(upright)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UnreadableError(f"cannot be decoded ({error})") from None
    notes = ("first frame of an animation" * animated, "turned as its EXIF data say" * (upright.size != image.size), conversion)
    return pixels, "; ".join(filter(None, notes))


def read_again(path: Path, remedy: str = "restore it, and the same command goes on") -> np.ndarray:
    """The pixels, uint8 H x W x 3, of a file that must be readable. Raises UserError."""
    try:
        return read(path)[0]
    except UnreadableError as error:
        raise UserError(f"the photograph '{path}' {error}: {remedy}") from None


def _rgb(image: Image.Image) -> tuple[np.ndarray, str]:
    if image.mode.startswith("I") or image.mode == "F":
        levels = np.asarray(image).astype(np.float64)
        eight = np.clip(levels / 257 + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(eight[..., None], 3, 2), "16 bits divided by 257, grey"
    note = "" if image.mode == "RGB" else f"converted from {image.mode}"
    if image.has_transparency_data:
        layer, note = image.convert("RGBA"), "transparency laid on white"
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.array(image.convert("RGB")), note


def pixel_digest(pixels: np.ndarray) -> str:
    """SHA-256 of an image's shape and pixels, so that two files of one picture have one digest."""
    return hashlib.sha256(str(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def as_png(pixels: np.ndarray) -> bytes:
    """The PNG file of uint8 H x W x 3, in Pillow's default settings (zlib level 6)."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()

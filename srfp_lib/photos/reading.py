"""Image files of any kind as 8-bit RGB, by stated rules.

EXIF orientation is applied; grey becomes RGB; palettes and CMYK are converted; transparency is laid on white; 16 bits
are divided by 257; of an animation the first frame is taken. What cannot be read is named with the reason.
"""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..common.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif")
LARGEST = 100_000_000  # pixels


class UnreadableError(Exception):
    """A file that is left out; the message is the reason."""


def read(path: Path) -> tuple[np.ndarray, str]:
    """The pixels of a file, uint8 H x W x 3, and a note on what was converted. Raises UnreadableError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > LARGEST:
                    raise UnreadableError(f"{image.width} x {image.height} pixels are more than {LARGEST:,}")
                notes = ["first frame of an animation"] if getattr(image, "n_frames", 1) > 1 else []
                image.load()
                upright = ImageOps.exif_transpose(image)
                notes += ["turned as its EXIF data say"] if upright.size != image.size else []
                pixels, conversion = _rgb(upright)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UnreadableError(f"cannot be decoded ({error})") from None
    return pixels, "; ".join(notes + [conversion] if conversion else notes)


def read_again(path: Path, remedy: str = "restore it, and the same command goes on") -> np.ndarray:
    """The pixels of a file that must be readable. Raises UserError."""
    try:
        return read(path)[0]
    except UnreadableError as error:
        raise UserError(f"the photograph '{path}' {error}: {remedy}") from None


def _rgb(image: Image.Image) -> tuple[np.ndarray, str]:
    if image.mode.startswith("I") or image.mode == "F":
        levels = np.asarray(image).astype(np.float64)
        eight = np.clip(levels / 257 + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(eight[..., None], 3, 2), "16 bits divided by 257, grey"
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return np.asarray(Image.alpha_composite(white, layer).convert("RGB")), "transparency laid on white"
    note = "" if image.mode == "RGB" else f"converted from {image.mode}"
    return np.asarray(image.convert("RGB")).copy(), note


def fingerprint_of(pixels: np.ndarray) -> str:
    """SHA-256 of size and pixels: two files of one picture have one fingerprint."""
    return hashlib.sha256(str(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def halve(pixels: np.ndarray) -> np.ndarray:
    """Half the size, antialiased, which hides JPEG blocks."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS))

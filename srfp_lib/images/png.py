"""Reading the 8-bit RGB images of a workspace."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ..common.errors import UserError
from ..photos import reading


def read_png(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The pixels of an image, by `photos.reading.read` unless it is plain RGB. Raises UserError if it cannot be read."""
    try:
        with Image.open(path) as image:
            if image.mode == "RGB":
                return np.array(image)  # a copy that may be written to, as torch wants it
        return reading.read(path)[0]
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise _unreadable(path, error) from None


@cache
def png_size(path: Path) -> tuple[int, int]:
    """Height and width from the header. Raises UserError if it cannot be read."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except Exception as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"the image '{path}' cannot be read ({error}): replace it, or delete its folder's receipt to make it again")

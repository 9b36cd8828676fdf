"""Reading the 8-bit RGB images of a workspace."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ..common.errors import UserError


def read_png(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The pixels of an image. Raises UserError if it cannot be read."""
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))  # a copy that may be written to, as torch wants it
    except (OSError, SyntaxError) as error:
        raise _unreadable(path, error) from None


@cache
def png_size(path: Path) -> tuple[int, int]:
    """Height and width from the header. Raises UserError if it cannot be read."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (OSError, SyntaxError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"the image '{path}' cannot be read ({error}): replace it, or delete its folder's receipt to make it again")

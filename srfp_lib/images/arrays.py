"""The image files of a workspace: PNG files, and .npy files written image by image and read by mapping them into memory.

Not `numpy.lib.format.open_memmap`: on a full disk, writing to mapped memory kills the process instead of raising OSError.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def save_png(pixels: UInt8[np.ndarray, "h w 3"], path: Path) -> None:
    """Write an image. Level 1 is twice as fast as the default and costs a tenth in size."""
    Image.fromarray(pixels).save(path, compress_level=1)


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


class ArrayFile:
    """``count`` images in the making, uint8 H x W x 3; a context manager.

    With a ``shape`` all images have it, and the file holds an array n x H x W x 3. Without one they may differ: the file is one
    flat array, and their heights and widths, int64 n x 2, go into ``NAME.sizes.npy`` beside it.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.npy"
    >>> with ArrayFile(path, 2) as file:
    ...     file.add(np.zeros((2, 4, 3), np.uint8))
    ...     file.add(np.ones((1, 5, 3), np.uint8))
    >>> np.load(path).shape, np.load(sizes_beside(path)).tolist(), [image.shape for image in read_images(path)]
    ((39,), [[2, 4], [1, 5]], [(2, 4, 3), (1, 5, 3)])
    """

    def __init__(self, path: Path, count: int, shape: tuple[int, int, int] | None = None) -> None:
        self.path, self.count, self.shape, self.file = path, count, shape, path.open("wb")
        self.sizes: list[tuple[int, int]] = []
        self._write_header((count, *shape) if shape else (0,))

    def add(self, image: np.ndarray) -> None:
        """Append an image. Raises ValueError for one that does not fit."""
        right = image.shape == self.shape if self.shape else image.ndim == 3 and image.shape[2] == 3
        if image.dtype != np.uint8 or not right or len(self.sizes) == self.count:
            raise ValueError(f"{image.dtype} {image.shape} does not fit: uint8 {self.shape or 'H x W x 3'}, {self.count - len(self.sizes)} to come")
        self.file.write(image.tobytes())
        self.sizes.append((image.shape[0], image.shape[1]))

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        sizes = np.array(self.sizes, np.int64).reshape(-1, 2)
        if not self.shape:
            self.file.seek(0)
            self._write_header((3 * int(sizes.prod(1).sum()),))
            np.save(sizes_beside(self.path), sizes)
        self.file.close()
        if len(sizes) < self.count and failed is None:
            raise ValueError(f"{self.count - len(sizes)} images are missing in '{self.path}'")

    def _write_header(self, shape: tuple[int, ...]) -> None:
        # NumPy makes the header equally long whatever the first length is, so that it can be written again.
        np.lib.format.write_array_header_1_0(self.file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def decoded_files(name: str, *, tiles: bool) -> tuple[str, ...]:
    """Where the decoded images of a network lie: tiles of one size, or images of any.

    >>> decoded_files("A", tiles=False)
    ('decoded/A.npy', 'decoded/A.sizes.npy')
    """
    path = Path("decoded", f"{name}.npy")
    return (path.as_posix(),) if tiles else (path.as_posix(), sizes_beside(path).as_posix())


def sizes_beside(path: Path) -> Path:
    """Where the sizes of the images of a flat array lie."""
    return path.with_suffix(".sizes.npy")


def read_array(path: Path) -> np.ndarray:
    """A .npy file of any shape, mapped into memory: it may be larger than memory. Raises UserError if it is damaged."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise _damaged(path, error) from None


def read_images(path: Path) -> Sequence[UInt8[np.ndarray, "_ _ 3"]]:
    """The images of an array n x H x W x 3, or of a flat one with sizes beside it, mapped into memory."""
    pixels = read_array(path)
    if pixels.ndim == 4:
        return list(pixels)
    sizes = read_array(sizes_beside(path))
    if sizes.ndim != 2 or pixels.ndim != 1 or 3 * (lengths := sizes.prod(1)).sum() != len(pixels):
        raise _damaged(path, f"its {pixels.size} values are not those of {len(sizes)} images")
    parts = np.split(pixels, 3 * lengths.cumsum()[:-1])
    return [part.reshape(height, width, 3) for part, (height, width) in zip(parts, sizes.tolist(), strict=True)]


def read_kept(root: Path, network: str, name: str, number: int) -> UInt8[np.ndarray, "h w 3"]:
    """An image of a network, a copy: its decoded pixels where a workspace has them, else its PNG file. Raises UserError."""
    path = root / "decoded" / f"{network}.npy"
    return read_images(path)[number].copy() if path.exists() else read_png(root / "images" / network / f"{name}.png")


def _damaged(path: Path, reason: object) -> UserError:
    return UserError(f"'{path}' is damaged ({reason}): delete it and its receipt, and the same command makes it again")

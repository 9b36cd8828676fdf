"""Files .npy written item by item: as large as the disk allows, with one item in memory, and the bytes of `np.save`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..common.errors import UserError


class ArrayFile:
    """An array uint8 n x ... in the making; a context manager. Close it after ``count`` items.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.npy"
    >>> with ArrayFile(path, 2, (3,)) as file:
    ...     file.add(np.zeros(3, np.uint8))
    ...     file.add(np.ones(3, np.uint8))
    >>> np.load(path).tolist()
    [[0, 0, 0], [1, 1, 1]]
    """

    def __init__(self, path: Path, count: int, shape: tuple[int, ...]) -> None:
        self.shape, self.left, self.file = shape, count, path.open("wb")
        _write_header(self.file, (count, *shape))

    def add(self, item: np.ndarray) -> None:
        """Append an item."""
        if item.dtype != np.uint8 or item.shape != self.shape or not self.left:
            raise ValueError(f"{item.dtype} {item.shape} does not fit: uint8 {self.shape}, {self.left} to come")
        self.file.write(item.tobytes())
        self.left -= 1

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.file.close()
        if self.left and failed is None:
            raise ValueError(f"{self.left} items are missing in '{self.file.name}'")


class FlatFile:
    """Images uint8 H x W x 3 of any sizes, one after another in one flat array; a context manager. Close it after ``count`` images.

    Their heights and widths go into a second array beside it, int64 n x 2: ``NAME.sizes.npy``.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.npy"
    >>> with FlatFile(path, 2) as file:
    ...     file.add(np.zeros((2, 4, 3), np.uint8))
    ...     file.add(np.ones((1, 5, 3), np.uint8))
    >>> np.load(path).shape, np.load(sizes_beside(path)).tolist(), [image.shape for image in read_images(path)]
    ((39,), [[2, 4], [1, 5]], [(2, 4, 3), (1, 5, 3)])
    """

    def __init__(self, path: Path, count: int) -> None:
        self.path, self.count, self.file = path, count, path.open("wb")
        self.sizes: list[tuple[int, int]] = []
        _write_header(self.file, (0,))

    def add(self, item: np.ndarray) -> None:
        """Append an image."""
        if item.dtype != np.uint8 or item.ndim != 3 or item.shape[2] != 3 or len(self.sizes) == self.count:
            raise ValueError(f"{item.dtype} {item.shape} does not fit: uint8 H x W x 3, {self.count - len(self.sizes)} to come")
        self.file.write(item.tobytes())
        self.sizes.append(item.shape[:2])

    def __enter__(self) -> FlatFile:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.file.seek(0)
        _write_header(self.file, (3 * sum(height * width for height, width in self.sizes),))
        self.file.close()
        np.save(sizes_beside(self.path), np.array(self.sizes, np.int64).reshape(-1, 2))
        if len(self.sizes) < self.count and failed is None:
            raise ValueError(f"{self.count - len(self.sizes)} images are missing in '{self.path}'")


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """The header of a uint8 array; NumPy makes it equally long whatever the first length is, so that it can be written again."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def decoded_files(name: str, *, tiles: bool) -> tuple[str, ...]:
    """Where the decoded images of a network are, relative to the folder that has them: of one size (tiles), or of any.

    >>> decoded_files("A", tiles=False)
    ('decoded/A.npy', 'decoded/A.sizes.npy')
    """
    path = Path("decoded", f"{name}.npy")
    return (path.as_posix(),) if tiles else (path.as_posix(), sizes_beside(path).as_posix())


def sizes_beside(path: Path) -> Path:
    """Where the sizes of the images of a flat array are."""
    return path.with_suffix(".sizes.npy")


def read_array(path: Path) -> np.ndarray:
    """A .npy file, mapped into memory for reading: it may be larger than memory. Raises UserError if it is damaged."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError, OSError) as error:
        raise _damaged(path, error) from None


def read_images(path: Path) -> Sequence[np.ndarray]:
    """The images of an array n x H x W x 3 or of a flat one with sizes beside it, mapped into memory: uint8 H x W x 3 each."""
    pixels = read_array(path)
    if pixels.ndim == 4:
        return pixels
    sizes = read_array(sizes_beside(path))
    if sizes.ndim != 2 or pixels.ndim != 1 or 3 * (lengths := sizes.prod(1)).sum() != len(pixels):
        raise _damaged(path, f"its {pixels.size} values are not those of {len(sizes)} images")
    parts = np.split(pixels, 3 * lengths.cumsum()[:-1])
    return [part.reshape(height, width, 3) for part, (height, width) in zip(parts, sizes.tolist(), strict=True)]


def _damaged(path: Path, reason: object) -> UserError:
    return UserError(f"'{path}' is damaged ({reason}): delete it and its receipt, and the same command makes it again")

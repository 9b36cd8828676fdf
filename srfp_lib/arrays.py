"""A .npy file written item by item: as large as the disk allows, with one item in memory, and the bytes of `np.save`."""

from __future__ import annotations

from pathlib import Path

import numpy as np


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
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
        np.lib.format.write_array_header_1_0(self.file, header)

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

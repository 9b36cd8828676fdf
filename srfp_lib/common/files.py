"""Files that are written as a whole or not at all, by one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .errors import UserError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all: temporary name, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def one_writer(path: Path, refusal: str) -> Iterator[IO[bytes]]:
    """The file, made if there is none and open for appending, for this process alone; UserError(refusal) if another has it.

    The lock is the kernel's, so that it goes with the process, however that ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            renamed = not os.path.samestat(os.fstat(file.fileno()), path.stat())  # by the writer that was quicker
        except (BlockingIOError, FileNotFoundError):
            renamed = True
        if renamed:
            raise UserError(refusal)
        yield file

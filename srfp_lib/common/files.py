"""Files written whole or not at all, by one process at a time; CSV tables as text."""

from __future__ import annotations

import csv
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from .errors import UserError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename."""
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
def one_writer(path: Path, refusal: str) -> Generator[IO[bytes]]:
    """Open a file for appending, created if missing and locked until the block or the process ends.

    Raises UserError(refusal) if another process holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            lock = FileLock(path).acquire(blocking=False)
            renamed = not os.path.samestat(os.fstat(file.fileno()), path.stat())  # by a faster writer
        except (Timeout, FileNotFoundError):
            raise UserError(refusal) from None
        with lock:
            if renamed:
                raise UserError(refusal)
            yield file


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table with a header, all values as text."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

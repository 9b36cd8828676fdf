"""Files written whole or not at all, by one process at a time; their digests; full disks; CSV tables as text."""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import re
import stat
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from .errors import UserError
from .memory import of_input


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


def sha256(path: Path) -> str:
    """SHA-256 of a file, which is read again only if its size or times have changed (`memory.of_input`). Raises OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return of_input(str(path.absolute()), [path], partial(_sha256, path))


def impostor(path: Path, address: str) -> str:
    """Why a file is not the one at an address whose name ends in the first digits of its SHA-256; empty if it may be. Raises OSError."""
    digits = re.search(r"-([0-9a-f]{8,})\.\w+$", address)
    if digits is None or sha256(path).startswith(digits[1]):
        return ""
    return f"'{path}' is not the file of {address}: its SHA-256 does not begin with {digits[1]}; delete it, and the right one is fetched"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


FULL = re.compile(
    r"No space left|os error (28|122)\b|[Qq]uota exceeded|\d+ requested and \d+ written|PytorchStreamWriter failed writing|unexpected pos \d+ vs"
)
"""What libraries say of a full disk: the system, Rust's (safetensors), NumPy, torch."""


def disk_full(error: BaseException) -> bool:
    """Whether an exception of any type tells of a full disk.

    >>> disk_full(RuntimeError("I/O error: No space left on device (os error 28)")), disk_full(OSError("97200 requested and 70624 written"))
    (True, True)
    """
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or FULL.search(str(error)) is not None


@contextmanager
def disk_full_in_a_sentence(place: Path | str) -> Generator[None]:
    """Within the block a full disk, of whatever exception type, is a UserError about the disk of the file, or else of ``place``."""
    try:
        yield
    except Exception as error:
        if not disk_full(error):
            raise
        where = getattr(error, "filename", None) or place
        raise UserError(f"no space is left on the disk of '{where}': free some, or choose a folder on another disk; what is done is kept") from None


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table with a header, all values as text."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

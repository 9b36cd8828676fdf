"""Getting published weights: by download where an address gives the file, by advice where a person has to fetch it."""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from ..common.errors import UserError
from ..fetching.archives import unpack
from ..fetching.downloads import Sleep, download
from .catalogue import Row, address, advice, file_of, in_archive, largest
from .lock import Lock, digest, published_sum

LARGEST_ARCHIVE = 4 * 2**30


def fetch(row: Row, folder: Path, *, sleep: Sleep = time.sleep) -> str:
    """Make sure that a network's file is there and is the right one; its state as `Lock.state` words it.

    A file put there by hand is taken as it is, its sum written down. Raises UserError for a file that was altered, for
    a download that fails, and, with the advice, where a person has to fetch it. Hold `Lock.held` around it.
    """
    lock, path = Lock(folder), file_of(folder, row)
    state, source = lock.state(path, row), address(row)
    if state == "altered":
        raise UserError(_altered(path, row, lock))
    if state == "missing":
        if not source:
            raise UserError(f"{row['model_id']}: {advice(row, folder)}")
        _bring(source, path, row, lock, sleep)
    if not lock.first_seen(path):
        lock.record(path, source if state == "missing" else "put there by hand")
    return lock.state(path, row)


def _altered(path: Path, row: Row, lock: Lock) -> str:
    whose = "its authors published" if not digest(path).startswith(published_sum(row)) else f"'{lock.path}' has"
    return f"'{path}' has another SHA-256 than {whose} for {row['model_id']}: delete it and fetch it again, or put the right file there"


def _bring(source: str, path: Path, row: Row, lock: Lock, sleep: Sleep) -> None:
    pin, remedy = lock.first_seen(path) or published_sum(row), advice(row, lock.folder)
    if not in_archive(row):
        download(source, path, _sha256(pin), most_bytes=largest(row), remedy=remedy, sleep=sleep)
        return
    archive = path.parent / Path(urlsplit(source).path).name
    seen, there = lock.first_seen(archive), archive.exists()
    download(source, archive, _sha256(seen), most_bytes=LARGEST_ARCHIVE, remedy=remedy, sleep=sleep)
    _extract(archive, path, largest(row), pin, remedy)
    if not seen:
        lock.record(archive, "put there by hand" if there else source)


def _sha256(pin: str) -> str:
    return pin and f"sha256:{pin}"


def _extract(archive: Path, target: Path, bound: int, pin: str, remedy: str) -> None:
    """The first file of the target's bare name in an archive."""
    names = []

    def place(member: str) -> str | None:
        names.append(PurePosixPath(member).name)
        return target.name if names[-1] == target.name and names.count(target.name) == 1 else None

    with TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        found = Path(folder) / "unpacked" / target.name
        unpack(archive, found.parent, place=place, most_bytes=bound)
        if target.name not in names:
            others = ", ".join(name for name in names if name.endswith((".pt", ".pth")))
            raise UserError(f"'{archive}' holds {others or 'no weights'} and no '{target.name}': {remedy}")
        if not digest(found).startswith(pin):
            raise UserError(f"'{target.name}' in '{archive}' has another SHA-256 than {pin[:16]}...: {remedy}")
        os.replace(found, target)

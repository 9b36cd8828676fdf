"""Getting published weights: downloaded where there is an address of the file, else with advice to fetch them by hand."""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from ..common.errors import UserError
from ..fetching.archives import unpack
from ..fetching.downloads import Sleep, download
from .catalogue import Row
from .checksums import Checksums, digest

LARGEST_ARCHIVE = 4 * 2**30
BY_HAND = "put there by hand"


def fetch(row: Row, folder: Path, *, sleep: Sleep = time.sleep) -> str:
    """Bring a network's file into the folder unless it is there; returns its `Checksums.state`. Call it within `Checksums.held`.

    A file put there by hand is taken as it is, and its SHA-256 recorded. Raises UserError for an altered file, for a download
    that fails, and, with advice, for a file that must be fetched by hand.
    """
    sums, path = Checksums(folder), row.path(folder)
    state = sums.state(row)
    if state == "altered":
        whose = f"'{sums.path}' has" if digest(path).startswith(row.sha256) else "its authors published"
        remedy = "delete it and fetch it again, or put the right file there"
        raise UserError(f"'{path}' has another SHA-256 than {whose} for {row.model_id}: {remedy}")
    if state == "missing":
        if not row.download:
            raise UserError(f"{row.model_id}: {row.advice(folder)}")
        _bring(row, sums, sleep)
    if not sums.first_seen(path):
        sums.record(path, row.download if state == "missing" else BY_HAND)
    return sums.state(row)


def _bring(row: Row, sums: Checksums, sleep: Sleep) -> None:
    """Download the file, or its archive, which stays for the next network in it."""
    path, remedy = row.path(sums.folder), row.advice(sums.folder)
    pin = sums.first_seen(path) or row.sha256
    if not row.zipped:
        download(row.download, path, _sha256(pin), most_bytes=row.most_bytes, remedy=remedy, sleep=sleep)
        return
    archive = path.parent / Path(urlsplit(row.download).path).name
    seen, there = sums.first_seen(archive), archive.exists()
    download(row.download, archive, _sha256(seen), most_bytes=LARGEST_ARCHIVE, remedy=remedy, sleep=sleep)
    _extract(archive, path, row.most_bytes, pin, remedy)
    if not seen:
        sums.record(archive, BY_HAND if there else row.download)


def _sha256(pin: str) -> str:
    return pin and f"sha256:{pin}"


def _extract(archive: Path, target: Path, most_bytes: int, pin: str, remedy: str) -> None:
    """The first file in an archive with the target's name, in whatever folder."""
    names = []

    def place(member: str) -> str | None:
        names.append(PurePosixPath(member).name)
        return target.name if names[-1] == target.name and names.count(target.name) == 1 else None

    with TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        found = Path(folder) / "unpacked" / target.name
        unpack(archive, found.parent, place=place, most_bytes=most_bytes)
        if target.name not in names:
            others = ", ".join(name for name in names if name.endswith((".pt", ".pth")))
            raise UserError(f"'{archive}' holds {others or 'no weights'} and no '{target.name}': {remedy}")
        if not digest(found).startswith(pin):
            raise UserError(f"'{target.name}' in '{archive}' has another SHA-256 than {pin[:16]}...: {remedy}")
        os.replace(found, target)

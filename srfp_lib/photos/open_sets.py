"""Open photo sets by name: each becomes one flat folder of images for `photographs.source` and `paper_sets`.

`data/photos/open_sets.csv` has one row per set, `open_files.csv` one per download, with its digest where one is published.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from ..common.checkout import DATA
from ..common.errors import UserError
from ..common.files import csv_rows, one_writer, write_whole
from ..fetching.archives import unpack
from ..fetching.downloads import download
from .folder import files
from .reading import SUFFIXES, UnreadableError, read

TABLES = DATA / "photos"
RECEIPT, LIST, CACHE = "fetched.json", "licences.csv", ".downloads"


def sets() -> list[dict[str, str]]:
    """The sets: set, images, size, licence, source, note.

    >>> [row["images"] for row in sets() if row["set"] == "div2k"]
    ['900']
    """
    return csv_rows(TABLES / "open_sets.csv")


def downloads(name: str) -> list[dict[str, str]]:
    """The downloads of a set: file, address, bytes, digest, inside, licence, credit. Raises UserError for an unknown name."""
    found = [row for row in csv_rows(TABLES / "open_files.csv") if row["set"] == name]
    if not found:
        raise UserError(f"there is no photo set '{name}': choose one of {', '.join(row['set'] for row in sets())}")
    return found


def fetch(name: str, folder: Path, *, say: Callable[[str], None] = lambda text: None) -> list[Path]:
    """Fetch the images of a set into a folder, with licences and credits; continues where a run stopped. Raises UserError."""
    wanted = downloads(name)
    expected = next(int(row["images"]) for row in sets() if row["set"] == name)
    with _claimed(folder, name) as done:
        for row in wanted:
            if row["file"] not in done:
                say(f"{name}: {row['file']}")
                _fetch_one(row, folder)
                done.append(row["file"])
                _write_receipt(folder, name, done)
        shutil.rmtree(folder / CACHE, ignore_errors=True)
        licences = pd.DataFrame(wanted, columns=["file", "licence", "credit", "address"])
        write_whole(folder / LIST, licences.to_csv(index=False, lineterminator="\n").encode())
        found = files(folder)
        if len(found) < expected:
            (folder / RECEIPT).unlink()
            raise UserError(f"'{folder}' has {len(found)} of the {expected} images of {name}: the same command fetches them again")
        return found


def progress(folder: Path) -> str:
    """The state of a set's folder as text: its images and the downloads still missing. Raises UserError."""
    receipt = _receipt(folder)
    lacking = [row["file"] for row in downloads(receipt["set"]) if row["file"] not in receipt["done"]]
    return "\n".join([f"{receipt['set']}: {len(files(folder))} images", *(f"not fetched: {name}" for name in lacking)])


@contextmanager
def _claimed(folder: Path, name: str) -> Generator[list[str]]:
    """Locks the folder of a set; yields the finished downloads."""
    with one_writer(folder / ".lock", f"another process is fetching into '{folder}': wait until it ends"):
        receipt = _receipt(folder) if (folder / RECEIPT).exists() else {"set": "", "done": []}
        if not receipt["set"] and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise UserError(f"'{folder}' holds other files and no photo set: choose another folder")
        if receipt["set"] not in ("", name):
            raise UserError(f"'{folder}' holds the set {receipt['set']}, not {name}: choose another folder")
        _write_receipt(folder, name, receipt["done"])
        yield receipt["done"]


def _receipt(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        return {"set": str(found["set"]), "done": list(found["done"])}
    except (ValueError, KeyError, TypeError):
        raise UserError(f"'{folder / RECEIPT}' is damaged: delete the folder, and the same command fetches the set again") from None


def _write_receipt(folder: Path, name: str, done: list[str]) -> None:
    write_whole(folder / RECEIPT, json.dumps({"set": name, "done": done}, indent=1).encode())


def _fetch_one(row: dict[str, str], folder: Path) -> None:
    known: dict[str, Any] = {"digest": row["digest"], "most_bytes": int(row["bytes"]) if row["bytes"] else None}
    if PurePosixPath(row["file"]).suffix in SUFFIXES:
        image = download(row["address"], folder / row["file"], **known)
        try:  # without a published digest, an error page at least must not pass for a photograph
            if not row["digest"]:
                read(image)
        except UnreadableError as error:
            image.unlink()
            raise UserError(f"the file at {row['address']} {error}: open it in a browser, or leave this set") from None
        return
    archive = download(row["address"], folder / CACHE / row["file"], **known)
    unpacked = archive.with_name(f"{archive.stem}-unpacked")
    if not unpacked.exists():
        unpack(archive, unpacked, place=lambda name: _flat(name, row["inside"]))
    for path in sorted(unpacked.iterdir()):
        path.replace(folder / path.name)
    unpacked.rmdir()
    archive.unlink()


def _flat(name: str, inside: str) -> str | None:
    """The bare name of an image below ``inside``, None for everything else.

    >>> _flat("Flickr2K/Flickr2K_HR/000001.png", "Flickr2K/Flickr2K_HR/"), _flat("__MACOSX/._1.png", "")
    ('000001.png', None)
    """
    path = PurePosixPath(name)
    is_image = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    return path.name if is_image and name.startswith(inside) else None

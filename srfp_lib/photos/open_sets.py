"""Open photo sets by name: each ends as one flat folder of images that `photographs.source` and `sr_sets` take.

`data/photos/open_sets.csv` has a row a set, `open_files.csv` a row a download, with the digest where one is published.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ..common.checkout import DATA
from ..common.errors import UserError
from ..common.files import one_writer, write_whole
from ..fetching.archives import unpack
from ..fetching.downloads import Sleep, download
from .folder import files
from .reading import SUFFIXES, UnreadableError, read

TABLES = DATA / "photos"
RECEIPT, LIST, CACHE = "fetched.json", "licences.csv", ".downloads"


def sets() -> list[dict[str, str]]:
    """The sets: set, images, size, licence, source, note.

    >>> [row["images"] for row in sets() if row["set"] == "div2k"]
    ['900']
    """
    return _table("open_sets.csv")


def downloads(name: str) -> list[dict[str, str]]:
    """The downloads of a set: file, address, bytes, digest, inside, licence, credit. Raises UserError for an unknown name."""
    found = [row for row in _table("open_files.csv") if row["set"] == name]
    if not found:
        raise UserError(f"there is no photo set '{name}': choose one of {', '.join(row['set'] for row in sets())}")
    return found


def fetch(name: str, folder: Path, *, sleep: Sleep = time.sleep, say: Callable[[str], None] = lambda text: None) -> list[Path]:
    """The images of a set in a folder, with the licence and credit of each download beside them.

    What a stopped run has fetched is kept; archives are deleted once unpacked. Raises UserError, and goes on when called again.
    """
    wanted = downloads(name)
    expected = next(int(row["images"]) for row in sets() if row["set"] == name)
    with _claimed(folder, name) as done:
        for row in wanted:
            if row["file"] not in done:
                say(f"{name}: {row['file']}")
                _fetch_one(row, folder, sleep)
                done.append(row["file"])
                write_whole(folder / RECEIPT, json.dumps({"set": name, "done": done}, indent=1).encode())
        shutil.rmtree(folder / CACHE, ignore_errors=True)
        _write_licences(folder, wanted)
        found = files(folder)
        if len(found) < expected:
            (folder / RECEIPT).unlink()
            raise UserError(f"'{folder}' has {len(found)} of the {expected} images of {name}: the same command fetches them again")
        return found


def progress(folder: Path) -> str:
    """What the folder of a set holds and lacks, as text."""
    receipt = _receipt(folder)
    lacking = [row["file"] for row in downloads(receipt["set"]) if row["file"] not in receipt["done"]]
    return "\n".join([f"{receipt['set']}: {len(files(folder))} images", *(f"not fetched: {name}" for name in lacking)])


def _table(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@contextmanager
def _claimed(folder: Path, name: str) -> Iterator[list[str]]:
    """Be the one writer of the folder of a set; yields the downloads that are done."""
    with one_writer(folder / ".lock", f"another process is fetching into '{folder}': wait until it ends"):
        receipt = _receipt(folder) if (folder / RECEIPT).exists() else {"set": "", "done": []}
        if not receipt["set"] and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise UserError(f"'{folder}' holds other files and no photo set: choose another folder")
        if receipt["set"] not in ("", name):
            raise UserError(f"'{folder}' holds the set {receipt['set']}, not {name}: choose another folder")
        write_whole(folder / RECEIPT, json.dumps({**receipt, "set": name}, indent=1).encode())
        yield receipt["done"]


def _receipt(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        return {"set": str(found["set"]), "done": list(found["done"])}
    except (ValueError, KeyError, TypeError):
        raise UserError(f"'{folder / RECEIPT}' is damaged: delete the folder, and the same command fetches the set again") from None


def _fetch_one(row: dict[str, str], folder: Path, sleep: Sleep) -> None:
    known = {"digest": row["digest"], "most_bytes": int(row["bytes"]) if row["bytes"] else None}
    if PurePosixPath(row["file"]).suffix in SUFFIXES:
        image = download(row["address"], folder / row["file"], sleep=sleep, **known)
        if not row["digest"]:
            _check_image(image, row["address"])
        return
    cache = folder / CACHE
    archive = download(row["address"], cache / row["file"], sleep=sleep, **known)
    unpacked = cache / f"{archive.stem}-unpacked"
    if not unpacked.exists():
        unpack(archive, unpacked, place=lambda name: _flat(name, row["inside"]))
    for path in sorted(unpacked.iterdir()):
        path.replace(folder / path.name)
    unpacked.rmdir()
    archive.unlink()


def _check_image(path: Path, address: str) -> None:
    """Where no digest is published, at least no error page may pass for a photograph."""
    try:
        read(path)
    except UnreadableError as error:
        path.unlink()
        raise UserError(f"the file at {address} {error}: open it in a browser, or leave this set") from None


def _flat(name: str, inside: str) -> str | None:
    """The bare name of an image below ``inside``, None for everything else.

    >>> _flat("Flickr2K/Flickr2K_HR/000001.png", "Flickr2K/Flickr2K_HR/"), _flat("__MACOSX/._1.png", "")
    ('000001.png', None)
    """
    path = PurePosixPath(name)
    is_image = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    return path.name if is_image and name.startswith(inside) else None


def _write_licences(folder: Path, wanted: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["file", "licence", "credit", "address"], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(wanted)
    write_whole(folder / LIST, text.getvalue().encode())

"""A run to give away: the book as a zip of pages and as an EPUB, the executed notebooks, tables and figures, and their checksums."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ..common.errors import UserError
from ..common.files import write_whole

EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of every file: equal content makes equal archives


def check(target: Path, workspace: Path) -> None:
    """Raises UserError if a release cannot be written into the folder, before anything is built for it."""
    if target.resolve().is_relative_to(workspace.resolve()):
        raise UserError(f"the folder of the release, '{target}', lies in the workspace: choose one outside of it")
    above = next(folder for folder in (target, *target.parents) if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise UserError(f"a release cannot be written into '{target}', as '{above}' is no folder that can be written to: choose another one")


def write(workspace: Path, page: Path, epub: Path, target: Path) -> list[Path]:
    """Write four files into a folder: book.zip, book.epub, notebooks.zip and SHA256SUMS, which names the other three. Their paths."""
    html, chapters = page.parent, workspace / "chapters"
    results = [file for name in ("chapters", "tables", "figures") for file in sorted((workspace / name).glob("*"))]
    contents = {
        "book.zip": _zip(html, (p for p in sorted(html.rglob("*")) if p.is_file() and "_sources" not in p.parts), "book"),
        "book.epub": epub.read_bytes(),
        "notebooks.zip": _zip(chapters.parent, results, "study"),
    }
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in contents.items())
    for name, data in {**contents, "SHA256SUMS": sums.encode()}.items():
        write_whole(target / name, data)
    return [target / name for name in (*contents, "SHA256SUMS")]


def _zip(root: Path, files: Iterable[Path], folder: str) -> bytes:
    """The files by their places below a root, under a folder."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as found:
        for path in files:
            entry = zipfile.ZipInfo(f"{folder}/{path.relative_to(root).as_posix()}", EPOCH)
            entry.external_attr = 0o644 << 16  # all may read it
            found.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()

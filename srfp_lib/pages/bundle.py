"""A run to give away: the book as a zip of pages and as an EPUB, the executed notebooks, tables and figures, and their checksums."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ..common.files import write_whole

EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of every file: equal content makes equal archives


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

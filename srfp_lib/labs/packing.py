"""Notebooks of the labs as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..common.errors import UserError
from ..common.files import write_whole
from .authored import Lab
from .editions import instructor, student


def write(labs: Iterable[Lab], folder: Path, edition: str) -> list[Path]:
    """Write the notebooks of an edition; their paths. Raises UserError where another file, perhaps somebody's work, has the name."""
    made = {folder / f"{lab.path.stem}{SUFFIX[edition]}.ipynb": content(EDITIONS[edition](lab)) for lab in labs}
    return _write(made)


EDITIONS = {"student": student, "instructor": instructor}
SUFFIX = {"student": "", "instructor": "-instructor"}


def content(notebook: object) -> bytes:
    """The bytes of a notebook's file."""
    import nbformat

    return f"{nbformat.writes(notebook)}\n".encode()


def _write(files: dict[Path, bytes]) -> list[Path]:
    for path, new in files.items():
        if path.exists() and path.read_bytes() != new:
            raise UserError(f"'{path}' is there already and may hold somebody's work: remove it, or name another folder")
    for path, new in files.items():
        write_whole(path, new)
    return list(files)

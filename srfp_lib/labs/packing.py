"""The labs as files: a folder of notebooks, one for each student of a roster, or a zip."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..common.checkout import HOME
from ..common.errors import UserError
from ..common.files import write_whole
from . import authored, blank
from .authored import Lab
from .editions import instructor, student
from .exports import nbgrader, otter

TEACHERS = {"instructor": instructor, "nbgrader": nbgrader, "otter": otter}  # editions that hold solutions
README = HOME / "labs" / "students.md"
ZIP = "labs.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of every file in the zip: its bytes depend on nothing but the labs


def write(labs: Iterable[Lab], folder: Path, edition: str) -> list[Path]:
    """Write the notebooks of an edition; their paths. Raises UserError where another file, perhaps somebody's work, has the name."""
    if edition != "student":
        return _write({folder / f"{lab.path.stem}-{edition}.ipynb": content(TEACHERS[edition](lab)) for lab in labs})
    return _write({folder / name: data for name, data in for_students(list(labs)).items()})


def write_for_each(labs: Iterable[Lab], folder: Path, students: Iterable[str]) -> list[Path]:
    """A folder for each student, with notebooks that name the student in their metadata."""
    chosen = list(labs)
    return _write({folder / who / name: data for who in students for name, data in for_students(chosen, who).items()})


def zipped(labs: Iterable[Lab], folder: Path) -> list[Path]:
    """``labs.zip`` with all that students get, in a folder ``labs``."""
    files = {**for_students(list(labs)), "README.md": README.read_bytes()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"labs/{name}", EPOCH)
            entry.external_attr = 0o644 << 16  # all may read it
            target.writestr(entry, data, zipfile.ZIP_DEFLATED)
    write_whole(folder / ZIP, archive.getvalue())
    return [folder / ZIP]


def for_students(labs: list[Lab], who: str = "") -> dict[str, bytes]:
    """The files that students get, by name: the notebooks, and what `labs check` compares a hand-in with."""
    files = {f"{lab.path.stem}.ipynb": content(student(lab, who)) for lab in labs}
    known = {lab.id: lab for lab in [*authored.labs(), *labs]}  # all of them, so that labs handed out one by one may lie in one folder
    return {**files, blank.FILE: blank.as_file(blank.Blank.of(student(lab)) for lab in known.values())}


def content(notebook: Any) -> bytes:
    """The bytes of a notebook's file."""
    import nbformat

    return f"{nbformat.writes(notebook)}\n".encode()


def roster(path: Path) -> list[str]:
    """The column ``student`` of a CSV, as spreadsheets write it: names that can be a folder's, no two alike. Raises UserError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"'{path}' does not exist: name a CSV with a column 'student'") from None
    except UnicodeDecodeError:
        raise UserError(f"'{path}' is not in UTF-8: save it as CSV UTF-8") from None
    lines = text.splitlines()
    delimiter = max(",;\t", key=(lines[0] if lines else "").count)
    rows = list(csv.DictReader(lines, delimiter=delimiter))
    if not rows or "student" not in rows[0]:
        raise UserError(f"'{path}' has no column 'student', or no row: its first line names the columns")
    found: list[str] = []
    for number, row in enumerate(rows, 2):
        name = (row["student"] or "").strip()
        if not re.fullmatch(r"\w[\w.@+-]{0,99}", name) or name.endswith("."):
            raise UserError(f"'{path}', line {number}: '{name}' cannot name a folder: use letters, digits and . _ - + @")
        if name.casefold() in map(str.casefold, found):
            raise UserError(f"'{path}', line {number}: '{name}' is there twice: give each student a name of its own")
        found.append(name)
    return found


def _write(files: dict[Path, bytes]) -> list[Path]:
    for path, new in files.items():
        if path.exists() and path.name != blank.FILE and path.read_bytes() != new:
            raise UserError(f"'{path}' is there already and may hold somebody's work: remove it, or name another folder")
    for path, new in files.items():
        write_whole(path, new)
    return [path for path in files if path.name != blank.FILE]

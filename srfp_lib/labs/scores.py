"""The tables of a folder's scores, one row for each exercise and one for each hand-in, as spreadsheets read them."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from ..common.files import write_whole


@dataclass(frozen=True)
class Score:
    """A row of the table: what an exercise of a hand-in is worth, and why. ``look``: what a teacher should look at."""

    file: str
    student: str
    lab: str
    version: str
    exercise: str
    points: int
    of: int
    what: str
    look: str = ""


@dataclass(frozen=True)
class Total:
    """A row of the second table: the sum of a hand-in."""

    file: str
    student: str
    lab: str
    version: str
    points: int
    of: int
    solved: str
    look: str


def with_twins(scores: Iterable[list[Score]]) -> list[list[Score]]:
    """The scores again: where a student has several hand-ins to a lab, each says so."""
    kept = list(scores)
    count = Counter((rows[0].student, rows[0].lab) for rows in kept if rows[0].lab)
    return [[replace(row, look="; ".join(filter(None, [row.look, "one of several hand-ins of this student to this lab"])))
             if count[row.student, row.lab] > 1 else row for row in rows] for rows in kept]  # fmt: skip


def total_of(rows: list[Score]) -> Total:
    """The sum of a hand-in's scores."""
    first = rows[0]
    solved = " ".join(row.exercise for row in rows if row.of and row.points == row.of)
    return Total(first.file, first.student, first.lab, first.version, sum(r.points for r in rows), sum(r.of for r in rows), solved,
                 first.look or ("" if first.lab else first.what))  # fmt: skip


def refuse_other_table(out: Path) -> None:
    """Raises UserError for tables that are not ours to overwrite."""
    for path, kind in ((out, Score), (_sums(out), Total)):
        if path.exists() and (not path.is_file() or not path.read_bytes().startswith(_table([], kind).rstrip())):
            raise UserError(f"'{path}' is there already and no table of scores: name another file with --out")


def _sums(out: Path) -> Path:
    return out.with_name(f"{out.stem}-sum{out.suffix}")


def write(out: Path, scores: Iterable[list[Score]]) -> None:
    """Write both tables. Raises OSError."""
    kept = list(scores)
    write_whole(out, _table([score for rows in kept for score in rows], Score))
    write_whole(_sums(out), _table([total_of(rows) for rows in kept], Total))


def write_somewhere(out: Path, scores: list[list[Score]], say: Callable[[str], None]) -> None:
    """Write both tables, or say where else they are."""
    try:
        write(out, scores)
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="scores-")) / out.name
        write(other, scores)
        say(f"'{out}' cannot be written ({error.strerror}): the scores are in '{other}'")


def _table(rows: list[Any], kind: type) -> bytes:
    """CSV as spreadsheets read it: UTF-8 with its mark, and no text that is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(kind)])
    writer.writerows([printable(value) if isinstance(value, str) else value for value in astuple(row)] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode(errors="replace")


def printable(text: str) -> str:
    """One line that no spreadsheet takes for a formula.

    >>> printable("=cmd()"), printable("a\\nb"), printable("1.2")
    ("'=cmd()", 'a b', '1.2')
    """
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text[:2000]).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line

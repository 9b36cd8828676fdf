"""Hand-ins: which lab a notebook belongs to, which cell answers which exercise, and what is wrong with it. Nothing of it is executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from .blank import LARGEST, Blank, bound, foreign, read_notebook, source_of

MAGIC = re.compile(r"\s*([%!?].*|[\w.]+\?\??\s*)$")


@dataclass(frozen=True)
class Handin:
    """A hand-in. ``answers`` are the code of the cells found, by exercise; ``unsolved`` lists exercises whose cell is still the stub.

    ``problems`` cost an exercise its points and can be mended; ``warnings`` are worth a look. Both are sentences.
    """

    path: Path
    lab: str
    version: str
    student: str
    answers: dict[str, str]
    unsolved: tuple[str, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Code:
    """A code cell of a hand-in: its ``number`` among all cells, from 1; the exercises that its id or tags name; the names it defines."""

    number: int
    id: str
    source: str
    labels: tuple[str, ...]
    names: tuple[str, ...]


def read(path: Path, blanks: Mapping[str, Blank], largest: int = LARGEST) -> Handin:
    """A hand-in to one of the labs ``blanks`` (`blank.blanks`). Raises UserError if it is no notebook, or of none of these labs."""
    notebook = read_notebook(path, largest)
    about = notebook["metadata"].get("srfp_lab")
    about = {key: value for key, value in about.items() if isinstance(value, str)} if isinstance(about, dict) else {}
    codes = [_code(cell, number) for number, cell in enumerate(notebook["cells"], 1) if cell.get("cell_type") == "code"]
    problems, warnings = list[str](), list[str]()
    blank = _lab(path, about, codes, blanks, warnings)
    if about.get("edition") == "instructor":
        problems.append("it is made from the instructor's edition, which holds the solutions: use the student's")
    if about.get("version", blank.version) != blank.version:
        warnings.append(f"it is made from another version of {blank.lab} ({about['version']}, here {blank.version}): ask which one counts")
    added = {name for code in codes if code.id not in blank.ids or code.labels for name in code.names}
    answers = {}
    for exercise in blank.stubs:
        if (cell := _answer(exercise, blank, codes, problems, warnings)) is not None:
            answers[exercise] = plain(cell.source)
            _look_into(exercise, cell, blank.given | added, problems, warnings)
    unsolved = tuple(exercise for exercise, source in answers.items() if is_unsolved(exercise, source, blank.stubs[exercise]))
    return Handin(path, blank.lab, about.get("version", ""), about.get("student", ""), answers, unsolved, tuple(problems), tuple(warnings))


def plain(source: str) -> str:
    """A cell's code as Python: a line that is a command of the notebook (%..., !..., ...?) becomes ``pass``.

    >>> plain("def f():\\n    %time g()\\n    return 1")
    'def f():\\n    pass\\n    return 1'
    """
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = source.split("\n")
        return "\n".join(f"{line[: len(line) - len(line.lstrip())]}pass" if MAGIC.fullmatch(line) else line for line in lines)


def is_unsolved(exercise: str, source: str, stub: str) -> bool:
    """Whether a cell is still the stub, or still has its line that says so."""
    lines = [line.strip() for line in source.splitlines()]
    return source.split() == stub.split() or f'raise NotImplementedError("exercise {exercise}")' in lines


def _lab(path: Path, about: Mapping[str, str], codes: list[_Code], blanks: Mapping[str, Blank], warnings: list[str]) -> Blank:
    known = ", ".join(blanks)
    if "id" in about:
        if about["id"] not in blanks:
            raise UserError(f"'{path}' belongs to a lab '{about['id']}', which is not known here: known are {known}")
        return blanks[about["id"]]
    counts = {id: sum(any(_fits(code, exercise, blank) for code in codes) for exercise in blank.stubs) for id, blank in blanks.items()}
    best = max(counts, key=lambda id: counts[id])
    if not counts[best]:
        raise UserError(f"'{path}' answers no exercise of {known}: hand in the notebook of a lab")
    warnings.append(f"its metadata is lost, which names lab and student: it is taken for {best}, after its cells")
    return blanks[best]


def _fits(code: _Code, exercise: str, blank: Blank) -> bool:
    names = blank.names(exercise)
    return exercise in code.labels or bool(names) and set(names) <= set(code.names)


def _code(cell: Mapping[str, Any], number: int) -> _Code:
    tags = cell["metadata"].get("tags")
    texts = [str(cell.get("id", "")), str(cell["metadata"].get("id", "")), *(str(tag) for tag in (tags if isinstance(tags, list) else []))]
    labels = tuple(f"{match[1]}.{match[2]}" for text in texts if (match := re.fullmatch(r"exercise-(\d+)[.-](\d+)", text)))
    source = source_of(cell)
    try:
        names = tuple(sorted(bound(plain(source))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        names = tuple(re.findall(r"^(?:def|class)\s+(\w+)", source, re.MULTILINE))
    return _Code(number, texts[0], source, labels, names)


def _answer(exercise: str, blank: Blank, codes: list[_Code], problems: list[str], warnings: list[str]) -> _Code | None:
    """The cell that answers an exercise: the one of its id or tag if it defines the exercise's names, or else the last that does."""
    names = blank.names(exercise)
    own = [code for code in codes if exercise in code.labels]
    fitting = [code for code in codes if set(names) <= set(code.names)] if names else own
    chosen = [code for code in own if code in fitting] or fitting
    if not chosen and own:
        lacking = next(name for name in names if name not in own[-1].names)
        problems.append(f"exercise {exercise} (cell {own[-1].number}): it does not define '{lacking}': give the function its name back")
        return own[-1]
    if not chosen:
        problems.append(f"exercise {exercise}: its cell is missing, and no other cell defines {' and '.join(map(repr, names)) or 'its names'}")
        return None
    if not own:
        warnings.append(f"exercise {exercise}: its own cell is gone; cell {chosen[-1].number} is graded, which defines '{names[0]}'")
    elif len(fitting) > 1:
        numbers = " and ".join(str(code.number) for code in fitting)
        warnings.append(f"exercise {exercise}: cells {numbers} answer it, and cell {chosen[-1].number} is graded: remove what you do not need")
    return chosen[-1]


def _look_into(exercise: str, cell: _Code, known: frozenset[str], problems: list[str], warnings: list[str]) -> None:
    source, place = plain(cell.source), f"exercise {exercise} (cell {cell.number})"
    try:
        ast.parse(source)
        strange = sorted(foreign(source) - known)
    except SyntaxError as error:
        problems.append(f"{place}: line {error.lineno} is no Python ({error.msg})")
        return
    except (ValueError, RecursionError, MemoryError):
        problems.append(f"{place}: Python cannot read it")
        return
    if source != cell.source:
        warnings.append(f"{place}: its commands of the notebook (%, !, ?) are left out when it is graded")
    if strange:
        warnings.append(f"{place}: it uses '{strange[0]}', which neither it, nor a given cell, nor one that you added defines")

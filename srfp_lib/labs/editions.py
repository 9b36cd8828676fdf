"""The two editions of a lab: the student's, which holds nothing of a solution, and the instructor's, which holds everything."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..pages import install_cell
from .authored import Lab
from .cells import Cell, cut, seen

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
FOLDED = "<details>\n<summary>Hint for exercise {exercise}</summary>\n\n{source}\n\n</details>"


def student(lab: Lab, student: str = "") -> Any:
    """The notebook for students: stubs, folded hints, visible checks; no wrong answer, nothing for instructors. ``student``: whose it is."""
    return _notebook(lab, "student", _for_students(lab), {"student": student} if student else {})


def instructor(lab: Lab) -> Any:
    """The notebook for instructors: solutions and hidden checks between their markers, and the wrong answers that the checks refuse."""
    return _notebook(lab, "instructor", _for_instructors(lab), {})


def leaks(lab: Lab, text: str) -> list[str]:
    """What a text for students, such as a notebook's JSON, holds of the lab's solutions and of its hidden assertions: no line, if all is well.

    Counted are lines of three words or more, of 20 characters or more, that stubs and visible checks do not hold and that begin no block.
    """
    visible, secret = set[str](), set[str]()
    for exercise in lab.exercises:
        visible |= {line.strip() for line in f"{exercise.stub}\n{exercise.visible_check}".splitlines()}
        secret |= {line.strip() for line in exercise.solution.splitlines()}
        secret |= {line.strip() for line in exercise.check.splitlines() if line.lstrip().startswith("assert ")}
    telling = {line for line in secret - visible if len(line.split()) >= 3 and len(line) >= 20 and not line.endswith(":")}
    return sorted(line for line in telling if line in text or json.dumps(line)[1:-1] in text)


def _for_students(lab: Lab) -> Iterator[tuple[Cell, str]]:
    for cell in lab.cells:
        if cell.role == "exercise":
            yield cell, cut(cell.source, f'raise NotImplementedError("exercise {cell.exercise}")')
        elif cell.role == "check":
            yield cell, seen(cell.source)
        elif cell.role == "hint":
            yield cell, FOLDED.format(exercise=cell.exercise, source=cell.source)
        elif cell.role not in ("wrong", "instructor"):
            yield cell, cell.source


def _for_instructors(lab: Lab) -> Iterator[tuple[Cell, str]]:
    listed = set()
    for cell in lab.cells:
        if cell.role != "wrong":
            yield cell, cell.source
        elif cell.exercise not in listed:
            listed.add(cell.exercise)
            yield cell, _wrong_answers(lab, cell.exercise)


def _wrong_answers(lab: Lab, exercise: str) -> str:
    items = []
    for cell in lab.of_role("wrong", exercise):
        mistake, _, code = cell.source.partition("\n")
        indented = "\n".join(f"   {line}".rstrip() for line in ["```python", *code.strip("\n").splitlines(), "```"])
        items.append(f"1. {mistake.lstrip('# ')}\n\n{indented}")
    return f"**Wrong answers to exercise {exercise} that the check refuses**\n\n" + "\n\n".join(items)


def _notebook(lab: Lab, edition: str, cells: Iterator[tuple[Cell, str]], more: dict[str, str]) -> Any:
    """A notebook whose cell ids and bytes depend on nothing but the lab."""
    from nbformat import v4

    made, counts = [], Counter[str]()
    for cell, source in cells:
        if cell.code and not any(earlier.cell_type == "code" for earlier in made):
            made.append(v4.new_code_cell(install_cell.text(), id="install", metadata={"tags": list(install_cell.TAGS)}))
        new = v4.new_code_cell if cell.code and cell.role != "wrong" else v4.new_markdown_cell
        made.append(new(source, id=_id(cell, counts), metadata={"tags": list(cell.tags)} if cell.tags else {}))
    about = {"id": lab.id, "edition": edition, "version": lab.version, **more}
    return v4.new_notebook(cells=made, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}, "srfp_lab": about})


def _id(cell: Cell, counts: Counter[str]) -> str:
    """Such as exercise-1-2, given-1, text-3; the second hint of an exercise is hint-1-2-2."""
    stem = f"{cell.role}-{cell.exercise.replace('.', '-')}" if cell.exercise else cell.role or ("code" if cell.code else "text")
    counts[stem] += 1
    return f"{stem}-{counts[stem]}" if not cell.exercise or counts[stem] > 1 else stem

"""A lab as the source of an assignment for nbgrader and for Otter-Grader, which make their own students' editions of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from .authored import Exercise, Lab
from .cells import MARKER
from .editions import student

OTTER = """# ASSIGNMENT CONFIG
name: {id}
solutions_pdf: false
export_cell: false
tests:
  ok_format: false"""


def nbgrader(lab: Lab) -> Any:
    """The notebook for nbgrader's folder ``source``: solutions between its markers, each check in a cell that is graded, hidden lines as hidden
    tests. Its cells have the format of https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html, version 3.
    """
    notebook = student(lab)
    cells = {cell.id: cell for cell in notebook.cells}
    for exercise in lab.exercises:
        number = exercise.name.replace(".", "-")
        answer, check = cells[f"exercise-{number}"], cells[f"check-{number}"]
        answer.source = lab.of_role("exercise", exercise.name)[0].source
        checking = lab.of_role("check", exercise.name)[0].source.replace(" HIDDEN", " HIDDEN TESTS")
        check.source = "\n".join([*checking.rstrip().splitlines()[:-1], f"{exercise.function}({', '.join(exercise.takes)})"])
        kept = {"schema_version": 3, "task": False}
        answer.metadata["nbgrader"] = {**kept, "grade": False, "solution": True, "locked": False, "grade_id": answer.id}
        check.metadata["nbgrader"] = {**kept, "grade": True, "solution": False, "locked": True, "grade_id": check.id, "points": exercise.points}
    return notebook


def otter(lab: Lab) -> Any:
    """The notebook for ``otter assign``. A question has two tests: what students see of the check, for 0 points, and all of it, hidden."""
    from nbformat import v4

    notebook, exercises = student(lab), {exercise.name.replace(".", "-"): exercise for exercise in lab.exercises}
    cells = [v4.new_raw_cell(OTTER.format(id=lab.id), id="assignment")]
    for cell in notebook.cells:
        role, _, number = cell.id.partition("-")
        if role == "exercise":
            source = _with_prompt(lab.of_role("exercise", exercises[number].name)[0].source, exercises[number].name)
            parts = enumerate(_question(exercises[number], source))
            cells += [(v4.new_code_cell if is_code else v4.new_raw_cell)(text, id=f"{cell.id}-{part}") for part, (is_code, text) in parts]
        elif role != "check":
            cells.append(cell)
    notebook.cells = cells
    return notebook


def _question(exercise: Exercise, source: str) -> Iterator[tuple[bool, str]]:
    """The cells of a question: whether it is code, and its text."""
    yield False, f"# BEGIN QUESTION\nname: q{exercise.name.replace('.', '_')}\npoints: [0, {exercise.points}]"
    yield from ((False, "# BEGIN SOLUTION"), (True, source), (False, "# END SOLUTION"), (False, "# BEGIN TESTS"))
    for name, check, hidden in (("seen", exercise.visible_check, False), ("whole", exercise.check, True)):
        yield True, f'""" # BEGIN TEST CONFIG\nhidden: {str(hidden).lower()}\n""" # END TEST CONFIG\n{_test(name, check)}'
    yield from ((False, "# END TESTS"), (False, "# END QUESTION"))


def _test(name: str, check: str) -> str:
    """A check as a function that finds the given names in ``env``, as Otter passes it; nothing else may be in its cell."""
    function = next(node for node in ast.parse(check).body if isinstance(node, ast.FunctionDef))
    function.name, function.decorator_list = f"{function.name}_{name}", []
    function.args.args.insert(0, ast.arg("env"))
    function.body[:0] = ast.parse("globals().update(env)").body
    return ast.unparse(function)


def _with_prompt(source: str, exercise: str) -> str:
    """Otter's markers, so that the line of the stub stands where the first region was."""
    lines, first = [], True
    for line in source.splitlines():
        match = MARKER.fullmatch(line)
        lines.append(f"{line} NO PROMPT" if match and match[2] == "BEGIN" else line)
        if match and match[2] == "END" and first:
            stub = f'{match[1]}raise NotImplementedError("exercise {exercise}")'
            lines += [f'{match[1]}""" # BEGIN PROMPT', stub, f'{match[1]}"""; # END PROMPT']
            first = False
    return "\n".join(lines)

"""The authored labs, ``labs/*.md``: one source for stub, solution, checks and wrong answers, from which both editions are made."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.checkout import HOME
from ..common.errors import UserError
from .cells import Cell, cell_of, cut, defined, parsed, seen, shown

FOLDER = HOME / "labs"
FEWEST_WRONG = 3  # typical wrong answers of an exercise


@dataclass(frozen=True)
class Exercise:
    """An exercise. ``solution`` and ``stub`` are the code of its cell; ``check`` and ``visible_check`` define the function ``function`` with
    all lines and without the hidden ones, and do not run it; ``takes`` are the names that the check takes; ``wrong`` are wrong answers.
    """

    name: str
    points: int
    seconds: float
    takes: tuple[str, ...]
    solution: str
    stub: str
    check: str
    visible_check: str
    wrong: tuple[str, ...]
    function: str


@dataclass(frozen=True)
class Lab:
    """A lab: ``path`` is its authored file, and ``given`` its cells that exercises and checks may need."""

    id: str
    title: str
    cells: tuple[Cell, ...]
    exercises: tuple[Exercise, ...]
    path: Path

    @classmethod
    def read(cls, id: str) -> Lab:
        """The authored lab of this id, such as ``lab1``. Raises UserError if there is none, or if its file breaks the format."""
        found = sorted(FOLDER.glob(f"{id}_*.md")) if id.isalnum() else []
        if len(found) != 1:
            known = ", ".join(path.stem.partition("_")[0] for path in files()) or f"none, '{FOLDER}' is empty"
            raise UserError(f"there is no lab '{id}': choose one of {known}" if not found else f"'{found[0]}' and '{found[1]}' are both {id}")
        return cls.from_file(found[0])

    @classmethod
    def from_file(cls, path: Path) -> Lab:
        """The authored lab in a file. Raises UserError, with file and cell, if it breaks the format."""
        import jupytext

        notebook: Any = jupytext.read(path, fmt="md:myst")
        about, id = notebook.metadata.get("srfp_lab"), path.stem.partition("_")[0]
        if not isinstance(about, dict) or not about.get("title") or about.get("id") != id:
            raise UserError(f'{path.name}: its front matter needs srfp_lab: {{id: {id}, title: "..."}}')
        cells = tuple(cell_of(node, number, path.name) for number, node in enumerate(notebook.cells, 1))
        _refuse_odd_numbers(cells, id)
        return cls(id, about["title"], cells, tuple(_exercises(cells, path.name)), path)

    def of_role(self, role: str, exercise: str = "") -> list[Cell]:
        """The cells of a role, of an exercise where one is named."""
        return [cell for cell in self.cells if cell.role == role and exercise in ("", cell.exercise)]

    @property
    def given(self) -> tuple[str, ...]:
        """The code that exercises and checks may need, in order."""
        return tuple(cell.source for cell in self.of_role("given"))

    def stand_ins(self, exercise: str) -> list[str]:
        """The code in an exercise's hints, with which one goes on without an answer."""
        return [code for cell in self.of_role("hint", exercise) for code in re.findall(r"^```python\n(.*?)^```", cell.source, re.M | re.S)]

    @property
    def points(self) -> int:
        """The points of all exercises."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with what a student's answers rest on: given cells, stubs and visible checks."""
        parts = [*self.given, *(text for exercise in self.exercises for text in (exercise.name, exercise.stub, exercise.visible_check))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def files() -> list[Path]:
    """The authored files, in order."""
    return sorted(FOLDER.glob("lab[0-9]*_*.md"))


def labs() -> list[Lab]:
    """All authored labs, in order. Raises UserError if a file breaks the format."""
    return [Lab.read(path.stem.partition("_")[0]) for path in files()]


def _refuse_odd_numbers(cells: Iterable[Cell], id: str) -> None:
    number = id.removeprefix("lab")
    for cell in cells:
        if cell.exercise and cell.exercise.partition(".")[0] != number:
            raise cell.refuse(f"the exercises of {id} are {number}.1, {number}.2, ...")


def _exercises(cells: tuple[Cell, ...], file: str) -> Iterable[Exercise]:
    first = {role: _one_each(cells, role) for role in ("exercise", "check")}
    for cell in cells:
        if cell.exercise and cell.exercise not in first["exercise"]:
            raise cell.refuse(f"there is no cell exercise-{cell.exercise}")
    if not first["exercise"]:
        raise UserError(f"{file}: it has no exercise: tag a code cell exercise-1.1")
    if not any("from srfp_lib.labs import" in cell.source for cell in cells if cell.role == "given"):
        raise UserError(f"{file}: no cell 'given' has the line: from srfp_lib.labs import check, report")
    _refuse_shared_names(list(first["exercise"].values()))
    for name, cell in first["exercise"].items():
        if name not in first["check"]:
            raise cell.refuse(f"there is no cell check-{name}")
        yield _exercise(cell, first["check"][name], [c for c in cells if c.role == "wrong" and c.exercise == name])
    _refuse_twins(list(first["check"].values()))


def _one_each(cells: Iterable[Cell], role: str) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for cell in cells:
        if cell.role == role:
            if cell.exercise in found:
                raise cell.refuse(f"there are two cells {role}-{cell.exercise}")
            found[cell.exercise] = cell
    return found


def _exercise(cell: Cell, checking: Cell, wrong: list[Cell]) -> Exercise:
    solution, stub = shown(cell.source), cut(cell.source, f'raise NotImplementedError("exercise {cell.exercise}")')
    if solution == stub:
        raise cell.refuse("it has no '# BEGIN SOLUTION' and '# END SOLUTION'")
    names = defined(parsed(cell, cell.source))
    parsed(cell, stub, "the stub")
    function, points, seconds = _checking_function(checking)
    takes = tuple(argument.arg for argument in function.args.args)
    if not takes or (strange := [name for name in takes if name not in names]):
        missing = f"it takes '{strange[0]}'" if takes else "it takes nothing"
        raise checking.refuse(f"{missing}, and exercise-{cell.exercise} defines {', '.join(names)}")
    if len(wrong) < FEWEST_WRONG:
        raise cell.refuse(f"it has {len(wrong)} cells wrong-{cell.exercise}: write {FEWEST_WRONG} or more typical wrong answers")
    for answer in wrong:
        _refuse_poor_wrong_answer(answer, takes)
    whole, visible = (_definition(text(checking.source)) for text in (shown, seen))
    parsed(checking, visible, "what students see of it")
    answers = tuple(answer.source for answer in wrong)
    return Exercise(cell.exercise, points, seconds, takes, solution, stub, whole, visible, answers, function.name)


def _checking_function(cell: Cell) -> tuple[ast.FunctionDef, int, float]:
    """The function that a check cell defines, its points and its seconds."""
    tree = parsed(cell, cell.source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    beginning = f"check_{cell.exercise.replace('.', '_')}_"
    if len(functions) != 1 or not functions[0].name.removeprefix(beginning) or not functions[0].name.startswith(beginning):
        raise cell.refuse(f"it must define one function, whose name begins with {beginning}")
    (function,), arguments = functions, functions[0].args
    if arguments.defaults or arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        raise cell.refuse(f"{function.name} may only have plain parameters, the names it takes from the student")
    if cell.source.rstrip().splitlines()[-1] != (last := f"report({function.name}, globals())"):
        raise cell.refuse(f"its last line must be {last}")
    return function, *_limits(cell, function)


def _limits(cell: Cell, function: ast.FunctionDef) -> tuple[int, float]:
    values: dict[str | None, Any] = {}
    for call in function.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check":
            values |= {keyword.arg: getattr(keyword.value, "value", None) for keyword in call.keywords}
    points, seconds = values.get("points"), values.get("seconds")
    if not (isinstance(points, int) and points > 0 and isinstance(seconds, int | float) and seconds > 0):
        raise cell.refuse(f"{function.name} must be decorated with @check(points=3, seconds=10), whole points and seconds above 0")
    return points, seconds


def _definition(source: str) -> str:
    """A check cell without its last line, which reports."""
    return "\n".join(source.rstrip().splitlines()[:-1]).rstrip() + "\n"


def _refuse_poor_wrong_answer(cell: Cell, takes: tuple[str, ...]) -> None:
    if not cell.source.startswith("# "):
        raise cell.refuse("its first line must be a comment that names the mistake")
    names = defined(parsed(cell, cell.source))
    if lacking := [name for name in takes if name not in names]:
        raise cell.refuse(f"it does not define '{lacking[0]}', which check-{cell.exercise} takes")


def _refuse_shared_names(cells: list[Cell]) -> None:
    """Exercises stand alone: none defines or uses a name of another."""
    owners: dict[str, str] = {}
    for cell in cells:
        for name in defined(parsed(cell, cell.source)):
            if name in owners:
                raise cell.refuse(f"'{name}' is defined by exercise-{owners[name]} too")
            owners[name] = cell.exercise
    for cell in cells:
        nodes = list(ast.walk(parsed(cell, cell.source)))
        named = [node for node in nodes if isinstance(node, ast.Name)]
        own = {node.arg for node in nodes if isinstance(node, ast.arg)} | {node.id for node in named if isinstance(node.ctx, ast.Store)}
        for name in (node.id for node in named):
            if name not in own and owners.get(name, cell.exercise) != cell.exercise:
                raise cell.refuse(f"it uses '{name}' of exercise-{owners[name]}: an exercise must stand alone")


def _refuse_twins(checks: list[Cell]) -> None:
    """The word of a check's name is its own in the lab."""
    words: dict[str, str] = {}
    for cell in checks:
        word = _checking_function(cell)[0].name.split("_", 3)[3]
        if word in words:
            raise cell.refuse(f"the check's name ends as that of check-{words[word]}: '{word}' must be its own")
        words[word] = cell.exercise

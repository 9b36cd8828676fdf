"""The cells of an authored lab: what their tags say, and the regions that students do not see."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..common.errors import UserError

NUMBERED = ("exercise", "check", "hint", "wrong")
PLAIN = ("parameters", "given", "instructor")
CODE = {"exercise": True, "check": True, "wrong": True, "given": True, "parameters": True, "hint": False}  # instructor: either
TAG = re.compile(rf"({'|'.join(NUMBERED)})-(\d+\.\d+)|({'|'.join(PLAIN)})")
MARKER = re.compile(r"( *)# *(BEGIN|END) (SOLUTION|HIDDEN) *")


@dataclass(frozen=True)
class Cell:
    """A cell: its role (a word of NUMBERED or PLAIN, or none), the exercise it belongs to (or none), and where it stands, for sentences."""

    role: str
    exercise: str
    source: str
    code: bool
    tags: tuple[str, ...]
    place: str

    def refuse(self, sentence: str) -> UserError:
        """An error of the author's, with its place."""
        return UserError(f"{self.place}: {sentence}")


def cell_of(node: Any, number: int, file: str) -> Cell:
    """A cell of the notebook ``file``, its ``number``-th. Raises UserError for tags, markers or code that cannot be."""
    tags = tuple(str(tag) for tag in node.metadata.get("tags", []))
    place = f"{file}, cell {number}" + (f" ({', '.join(tags)})" if tags else "")
    matches = [match for tag in tags if (match := TAG.fullmatch(tag))]
    role, exercise = (matches[0][1] or matches[0][3], matches[0][2] or "") if matches else ("", "")
    cell = Cell(role, exercise, node.source, node.cell_type == "code", tags, place)
    if odd := [tag for tag in tags if tag.startswith((*NUMBERED, *PLAIN)) and not TAG.fullmatch(tag)]:
        raise cell.refuse(f"there is no tag '{odd[0]}': write exercise-1.2, check-1.2, hint-1.2, wrong-1.2, given, parameters or instructor")
    if len(matches) > 1:
        raise cell.refuse("it has two roles: give it one of these tags")
    if cell.code != CODE.get(role, cell.code):
        raise cell.refuse(f"it must be a {'code' if CODE[role] else 'Markdown'} cell")
    _check_markers(cell)
    return cell


def _check_markers(cell: Cell) -> None:
    open_ = ""
    for number, line in enumerate(cell.source.splitlines(), 1):
        if not (match := MARKER.fullmatch(line)):
            if re.search(r"\b(BEGIN|END) (SOLUTION|HIDDEN)\b", line):
                raise cell.refuse(f"line {number} looks like a marker and is none: write '# BEGIN SOLUTION' on a line of its own, and so on")
            continue
        if {"SOLUTION": "exercise", "HIDDEN": "check"}[match[3]] != cell.role:
            raise cell.refuse(f"line {number}: {match[3]} is marked in exercise cells only" if match[3] == "SOLUTION"
                              else f"line {number}: HIDDEN is marked in check cells only")  # fmt: skip
        if (match[2] == "END") != bool(open_):
            raise cell.refuse(f"line {number}: '{line.strip()}' has no partner: markers go in pairs, BEGIN and END")
        open_ = line.strip() if match[2] == "BEGIN" else ""
    if open_:
        raise cell.refuse(f"'{open_}' has no partner: markers go in pairs, BEGIN and END")


def shown(source: str) -> str:
    """A cell's code with its marked regions, without the markers."""
    return "\n".join(line for line in source.splitlines() if not MARKER.fullmatch(line))


def cut(source: str, instead: str = "") -> str:
    """A cell's code without its marked regions; a line ``instead`` of the first one of each function, indented as its marker.

    >>> print(cut("def f(x):\\n    # BEGIN SOLUTION\\n    return x\\n    # END SOLUTION", "raise NotImplementedError"))
    def f(x):
        raise NotImplementedError
    """
    kept, inside, due = [], False, instead
    for line in source.splitlines():
        match = MARKER.fullmatch(line)
        if not inside and line.lstrip().startswith(("def ", "async def ")):
            due = instead
        if match and match[2] == "BEGIN" and due:
            kept.append(match[1] + due)
            due = ""
        if not match and not inside:
            kept.append(line)
        inside = match[2] == "BEGIN" if match else inside
    return "\n".join(kept)


def seen(source: str) -> str:
    """A check cell as students see it: without its hidden lines, and with a word that there are some."""
    visible = cut(source)
    return visible.replace("@check(", "@check(more=True, ", 1) if visible != shown(source) else visible


def parsed(cell: Cell, source: str, what: str = "its code") -> ast.Module:
    """The code's tree. Raises UserError if it is no Python."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise cell.refuse(f"{what} is no Python, line {error.lineno}: {error.msg}") from None


class _Plain(ast.NodeTransformer):
    """Functions without docstrings and annotations, their names in the order in which they appear."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        if len(node.body) > 1 and ast.get_docstring(node) is not None:
            del node.body[0]
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.names.setdefault(node.arg, f"n{len(self.names)}"))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.setdefault(node.id, f"n{len(self.names)}"), node.ctx)


def functions(source: str) -> list[str]:
    """What the functions of a cell do, whatever their variables are called and their texts say; nothing if it is no Python.

    >>> functions("def f(x): return x * x") == functions("def f(y: int): return y * y  # mine")
    True
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [ast.dump(_Plain().visit(node)) for node in tree.body if isinstance(node, ast.FunctionDef)]


def defined(tree: ast.AST) -> list[str]:
    """The names that code defines at its top level: functions, classes and assigned names, also within if, try, with and for.

    >>> defined(ast.parse("a, b = 1, 2\\ndef f():\\n    c = 3\\nclass D: pass"))
    ['a', 'b', 'f', 'D']
    """
    return list(dict.fromkeys(_defined(tree)))


def _defined(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _defined(child)

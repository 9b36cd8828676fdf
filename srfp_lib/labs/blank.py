"""What a hand-in is compared with: what the student's edition of its lab holds. Where no authored labs are, a file beside it says so."""

from __future__ import annotations

import ast
import builtins
import json
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from . import authored
from .cells import defined

FILE = "labs.json"  # goes with the students' notebooks
LARGEST = 50_000_000  # bytes of a hand-in


@dataclass(frozen=True)
class Blank:
    """A lab as students get it: its ``version``, the stub of each exercise, and the names that its given cells define."""

    lab: str
    version: str
    stubs: dict[str, str]
    given: frozenset[str]

    @classmethod
    def of(cls, notebook: Mapping[str, Any]) -> Blank:
        """From the student's edition of a lab."""
        stubs, given = {}, set[str]()
        for cell in notebook["cells"]:
            tag = next(iter(cell["metadata"].get("tags", [])), "")
            if tag.startswith("exercise-"):
                stubs[tag.removeprefix("exercise-")] = source_of(cell)
            elif tag == "given":
                given |= bound(source_of(cell))
        about = notebook["metadata"]["srfp_lab"]
        return cls(about["id"], about["version"], stubs, frozenset(given))

    def names(self, exercise: str) -> list[str]:
        """The names that an exercise's cell defines, as far as its stub does: functions, for the most part."""
        return defined(ast.parse(self.stubs[exercise]))


def blanks(folder: Path) -> dict[str, Blank]:
    """All labs by their ids, from the authored ones or, where these are not, from the file ``labs.json`` in a folder. Raises UserError."""
    from .editions import student

    if found := authored.labs():
        return {lab.id: Blank.of(student(lab)) for lab in found}
    try:
        known = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {lab["lab"]: Blank(lab["lab"], lab["version"], dict(lab["stubs"]), frozenset(lab["given"])) for lab in known}
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"there is no '{folder / FILE}', with which a hand-in is compared: put it there, it came with the notebooks") from None


def as_file(blanks: Iterable[Blank]) -> bytes:
    """The content of ``labs.json``."""
    return (json.dumps([{**asdict(blank), "given": sorted(blank.given)} for blank in blanks], indent=1) + "\n").encode()


def read_notebook(path: Path, largest: int = LARGEST) -> dict[str, Any]:
    """A notebook's file of at most so many bytes as it is. Raises UserError if it is none; what the cells hold is anybody's."""
    if not path.is_file():
        raise UserError(f"'{path}' is no file: name the notebook that is to be handed in" if path.exists()
                        else f"'{path}' does not exist: name the notebook that is to be handed in")  # fmt: skip
    if (size := path.stat().st_size) > largest:
        raise UserError(f"'{path}' has {size // 1_000_000} MB, and {largest // 1_000_000} are allowed: clear its outputs and save it")
    try:
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        kind = "is empty" if not size else "is no notebook, which is a JSON file"
        raise UserError(f"'{path}' {kind}: save it in Jupyter again, as .ipynb") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise UserError(f"'{path}' is no notebook of the present format: open and save it in Jupyter again")
    if not isinstance(notebook.get("metadata"), dict):
        notebook["metadata"] = {}
    for cell in cells:
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = {}
    return notebook


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's text, which a file holds as a text or a list of lines."""
    source = cell.get("source", "")
    parts = source if isinstance(source, list) else [source]
    return "".join(part for part in parts if isinstance(part, str))


def bound(source: str) -> set[str]:
    """The names that code defines or imports at its top level.

    >>> sorted(bound("import numpy as np\\nimport os.path\\nx = 1"))
    ['np', 'os', 'x']
    """
    tree = ast.parse(source)
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    return {*defined(tree), *((alias.asname or alias.name.partition(".")[0]) for alias in imports)}


def foreign(source: str) -> set[str]:
    """The names that code uses and neither defines, nor imports, nor has from Python.

    >>> foreign("def f(x):\\n    y = x\\n    return [g(i) for i in range(y)]")
    {'g'}
    """
    used = {name for table in _tables(symtable.symtable(source, "cell", "exec")) for name in table}
    return used - bound(source) - set(dir(builtins)) - {"__name__", "__file__"}


def _tables(table: symtable.SymbolTable) -> Iterator[list[str]]:
    top = table.get_type() == "module"
    yield [symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and (symbol.is_global() or top)]
    for child in table.get_children():
        yield from _tables(child)

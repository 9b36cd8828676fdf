"""The rules of the house: which room of the package may import which. A room is a folder or a module at the top of srfp_lib."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

import srfp_lib

PACKAGE = Path(srfp_lib.__file__).parent

# A room may always import itself. Imports inside functions and for types alone count as well.
RULES = (
    ("common", "imports only", ""),
    ("networks", "imports only", "common"),
    ("workflow", "imports only", "common profiles"),
    ("experiments", "never imports", "photos networks published training images stages"),
    ("planning", "is imported only by", "study commands __main__"),
    ("study", "is imported only by", "commands __main__"),
    ("commands", "is imported only by", "__main__"),
)
MOST_LEVELS = 12  # of rooms, each of which imports only lower ones
MOST_ENTRIES = 29  # in the folder srfp_lib
HEAVY = {"torch", "timm", "basicsr", "matplotlib", "pandas"}  # not loaded by the command line itself


class Import(NamedTuple):
    """A module of the package that imports another, by names without "srfp_lib": ("images.store", "common.files", "images/store.py", 12)."""

    source: str
    target: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"srfp_lib/{self.file}:{self.line} imports {self.target}"

    def rooms(self) -> Import:
        return self._replace(source=room(self.source), target=room(self.target))


def room(module: str) -> str:
    return module.partition(".")[0]


def imports(package: Path) -> list[Import]:
    """All imports of the package's modules by one another."""
    names = {p.relative_to(package).as_posix(): p for p in sorted(package.rglob("*.py"))}
    modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in names if file != "__init__.py"}
    found = []
    for module, file in modules.items():
        parents = module.split(".") if file.endswith("__init__.py") else module.split(".")[:-1]
        for line, up, base, name in _statements(names[file].read_text()):
            path = [*parents[: len(parents) - up + 1], *base] if up else base[1:]
            target = next((t for t in (".".join([*path, name]), ".".join(path)) if t in modules), None)
            if target and (up or base[0] == "srfp_lib"):
                found.append(Import(module, target, file, line))
    return found


@cache
def _statements(text: str) -> list[tuple[int, int, list[str], str]]:
    """(line, leading dots, module, name) of each import."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found += [(node.lineno, node.level, (node.module or "").split(".") if node.module else [], alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(node.lineno, 0, alias.name.split("."), "") for alias in node.names]
    return found


def forbidden(found: Iterable[Import]) -> Iterator[str]:
    """Imports that break a row of RULES."""
    for arrow in found:
        source, target = room(arrow.source), room(arrow.target)
        for subject, verb, others in RULES:
            broken = {
                "imports only": source == subject and target not in others.split(),
                "never imports": source == subject and target in others.split(),
                "is imported only by": target == subject and source not in others.split(),
            }[verb]
            if broken and source != target:
                yield f"{arrow}: {subject} {verb} {others or 'itself'}"


def circles(found: Iterable[Import]) -> Iterator[str]:
    """Circles of imports, no two with an import in common."""
    arrows = {(arrow.source, arrow.target): arrow for arrow in found if arrow.source != arrow.target}
    while True:
        try:
            return TopologicalSorter(_graph(arrows.values())).prepare()
        except CycleError as error:
            way = error.args[1][::-1]
            yield f"a circle: {_steps(way, arrows)}"
            for step in pairwise(way):
                del arrows[step]


def _steps(way: list[str], arrows: dict[tuple[str, str], Import]) -> str:
    return "\n  ".join([" -> ".join(way), *(str(arrows[step]) for step in pairwise(way))])


def _graph(found: Iterable[Import]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for arrow in found:
        graph.setdefault(arrow.source, set()).add(arrow.target)
    return graph


def tall(found: Iterable[Import]) -> Iterator[str]:
    """The longest way down through the rooms, if it is too long."""
    arrows = {(arrow.source, arrow.target): arrow for arrow in found if arrow.source != arrow.target}
    graph, ways = _graph(arrows.values()), {}
    for name in TopologicalSorter(graph).static_order():
        ways[name] = [name, *max((ways[below] for below in graph.get(name, ())), key=len, default=[])]
    way = max(ways.values(), key=len)
    if len(way) > MOST_LEVELS:
        yield f"{len(way)} levels of rooms, at most {MOST_LEVELS}: {_steps(way, arrows)}"


def faults(package: Path) -> list[str]:
    """Every breach of the rules of the house, a sentence each."""
    found = imports(package)
    rooms = [arrow.rooms() for arrow in found]
    entries = [path.name for path in package.iterdir() if path.name != "__pycache__"]
    crowded = [f"srfp_lib has {len(entries)} entries, at most {MOST_ENTRIES}"] if len(entries) > MOST_ENTRIES else []
    round_trips = [*circles(found), *circles(rooms)]
    return [*forbidden(found), *round_trips, *(tall(rooms) if not round_trips else ()), *crowded]


def test_the_package_keeps_the_rules():
    assert not faults(PACKAGE), "\n" + "\n".join(faults(PACKAGE))


def test_the_command_line_loads_nothing_heavy():
    code = "import sys, srfp_lib.commands.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True).stdout.split()
    heavy = HEAVY.intersection(loaded)
    assert not heavy, f"import srfp_lib.commands.cli loads {', '.join(sorted(heavy))}"


LATE = "def late():\n    "
TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


@pytest.mark.parametrize(("file", "line", "sentence"), [
    ("common/files.py", LATE + "from srfp_lib import profiles", "common imports only itself"),
    ("networks/rcan.py", TYPES + "from ..fleet import Network", "networks imports only common"),
    ("workflow/engines/local.py", "from ...images import arrays", "workflow imports only common profiles"),
    ("experiments/quality.py", "import srfp_lib.photos.tiles as tiles", "experiments never imports photos"),
    ("pages/tables.py", LATE + "from ..planning.plan import plan", "planning is imported only by"),
    ("program.py", TYPES + "from .study import Study", "study is imported only by"),
    ("study.py", "from .commands import cli", "commands is imported only by"),
    ("images/arrays.py", LATE + "from .. import classifiers", "a circle: "),
    ("networks/parts.py", TYPES + "from . import rcan", "a circle: networks"),
])  # fmt: skip
def test_a_forbidden_import_is_found(tmp_path, file, line, sentence):
    copy = _copy(tmp_path)
    text = (copy / file).read_text() + line
    (copy / file).write_text(text)
    place = f"srfp_lib/{file}:{len(text.splitlines())} imports "
    assert any(sentence in fault and place in fault for fault in faults(copy))


def test_too_many_rooms_and_levels_are_found(tmp_path):
    copy = _copy(tmp_path)
    for level in range(2 * MOST_LEVELS):
        (copy / f"level{level}.py").write_text(f"from . import level{level + 1}\n")
    found = "\n".join(faults(copy))
    assert f"entries, at most {MOST_ENTRIES}" in found
    assert f"levels of rooms, at most {MOST_LEVELS}: level0 -> " in found and "srfp_lib/level0.py:1 imports level1" in found


def _copy(folder: Path) -> Path:
    return Path(shutil.copytree(PACKAGE, folder / "srfp_lib", ignore=shutil.ignore_patterns("__pycache__")))

"""Which functions of the package made a chapter's tables: read from the code of its cells, as a reader would."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAKERS = ("experiments.", "identify.identify", "photos.", "planning.", "published.catalogue", "published.costs")  # whose functions make results
KEPT = "pages.reference."  # its functions read tables that were made before
HELPERS = ("experiments.uncertainty.", "experiments.results.")
TABLE = re.compile('(<figure class="srfp-table[^"]*")')
MOST = 2  # functions named under a table
Names = dict[str, str]


def told(notebook: Any) -> Any:
    """An executed notebook in which every table says by which functions it was made, for the line below it."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, made_by in zip(cells, functions([cell.source for cell in cells]), strict=True):
        for data in (output.get("data", {}) for output in cell.outputs):
            if made_by and "text/html" in data:
                data["text/html"] = TABLE.sub(rf'\1 data-by="{" ".join(made_by)}"', "".join(data["text/html"]))
    return notebook


def functions(sources: Iterable[str]) -> list[list[str]]:
    """For each cell the functions it calls or, if none, those behind the variables it uses; by their names in the package.

    >>> functions(["from srfp_lib.experiments import quality", "table = quality.by_loss(psnr)", "table.head()"])
    [[], ['experiments.quality.by_loss'], ['experiments.quality.by_loss']]
    """
    imported, behind, found = Names(), dict[str, list[str]](), []
    for source in sources:
        tree, here = ast.parse(source), dict[str, list[str]]()
        imported |= dict(_imported(tree))
        for target, value in _assignments(tree):
            names = [*_called(value, imported), *_behind(value, behind | here)]
            for name in (node.id for node in ast.walk(target) if isinstance(node, ast.Name)):
                here[name] = [*here.get(name, []), *names]  # of both branches of a condition
        behind |= here
        called = [*_called(tree, imported)]
        used = [*called, *_behind(tree, behind)]
        found.append((_makers(called) or _makers(used) or list(dict.fromkeys(used)))[:MOST])
    return found


def _assignments(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Targets and their values; those of tuples one by one. A function is its name's value, and what it assigns is its own."""
    for node in _statements(tree):
        if isinstance(node, ast.FunctionDef):
            yield ast.Name(node.name), node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                both = [one.elts if isinstance(one, ast.Tuple) else [one] for one in (target, node.value)]
                yield from zip(*both, strict=True) if len(both[0]) == len(both[1]) else [(target, node.value)]


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes as they stand in the source but for those inside functions."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.FunctionDef):
            yield from _statements(node)


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What names of this package stand for, without "srfp_lib."."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("srfp_lib"):
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}".removeprefix("srfp_lib.")


def _called(tree: ast.AST, imported: Mapping[str, str]) -> Iterator[str]:
    """The functions of the rooms that are called, as they stand in the source."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):  # an outer call before the inner ones
        first, _, rest = ast.unparse(node.func).partition("(")[0].partition(".")
        full = ".".join(filter(None, (imported.get(first, ""), rest)))
        if first in imported and "." not in rest and full.startswith((*MAKERS, KEPT)) and not full.startswith(HELPERS):
            yield full


def _behind(tree: ast.AST, behind: Mapping[str, list[str]]) -> list[str]:
    """What stands behind the variables that are used, other than those of a comprehension."""
    nodes = [*ast.walk(tree)]
    own = {name.id for node in nodes if isinstance(node, ast.comprehension) for name in ast.walk(node.target) if isinstance(name, ast.Name)}
    used = (node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own)
    return [name for variable in used for name in behind.get(variable, [])]


def _makers(names: Iterable[str]) -> list[str]:
    """The functions that compute something."""
    return [name for name in dict.fromkeys(names) if not name.startswith(KEPT)]

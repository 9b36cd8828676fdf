"""Which functions of the package made a chapter's tables: read from the code of its cells, as a reader would."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

MAKERS = ("experiments.", "identify.identify", "photos.", "planning.", "published.catalogue", "published.costs")  # whose functions make results
KEPT = "pages.reference."  # its functions read tables that were made before
HELPERS = ("experiments.uncertainty.", "experiments.results.")
TABLE = re.compile('(<figure class="srfp-table[^"]*")')
MOST = 2  # functions named under a table
Names = dict[str, str]
Node = TypeVar("Node", ast.Assign, ast.Call)


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
    """Targets and their values; those of tuples one by one."""
    for node in _in_order(tree, ast.Assign):
        for target in node.targets:
            both = [one.elts if isinstance(one, ast.Tuple) else [one] for one in (target, node.value)]
            yield from zip(*both, strict=True) if len(both[0]) == len(both[1]) else [(target, node.value)]


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What names of this package stand for, without "srfp_lib."."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("srfp_lib"):
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}".removeprefix("srfp_lib.")


def _called(tree: ast.AST, imported: Mapping[str, str]) -> Iterator[str]:
    """The functions of the rooms that are called, as they stand in the source."""
    for node in _in_order(tree, ast.Call):
        first, _, rest = ast.unparse(node.func).partition("(")[0].partition(".")
        full = ".".join(filter(None, (imported.get(first, ""), rest)))
        if first in imported and "." not in rest and full.startswith((*MAKERS, KEPT)) and not full.startswith(HELPERS):
            yield full


def _in_order(tree: ast.AST, kind: type[Node]) -> list[Node]:
    """The nodes of a kind as they stand in the source, an outer call before the inner ones."""
    return sorted((node for node in ast.walk(tree) if isinstance(node, kind)), key=lambda node: (node.lineno, node.col_offset))


def _behind(tree: ast.AST, behind: Mapping[str, list[str]]) -> list[str]:
    used = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return [name for variable in used for name in behind.get(variable, [])]


def _makers(names: Iterable[str]) -> list[str]:
    """The functions that compute something."""
    return [name for name in dict.fromkeys(names) if not name.startswith(KEPT)]

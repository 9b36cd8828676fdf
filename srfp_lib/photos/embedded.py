"""Photographs inside packages that are installed anyway: nothing is downloaded, nothing of the package is imported."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
from pathlib import Path

from ..common.checkout import DATA
from ..common.errors import UserError
from .photoset import Photograph
from .reading import UnreadableError, fingerprint_of, halve, read

LIST = DATA / "photos" / "embedded.csv"
OPTIONAL = ("sporco",)  # the extra "photos"


def rows() -> list[dict[str, str]]:
    """The list of photographs with their roles: `data/photos/embedded.csv`."""
    with LIST.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(*, rotations: int) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs that are there, and (file, reason) of those that are not."""
    if rotations not in (1, 3):
        raise UserError(f"photographs.rotations is {rotations}: the embedded photographs are dealt for 1 or 3")
    found, skipped = [], []
    for row in rows():
        path = locate(row)
        if path is None:
            if row["package"] not in OPTIONAL:
                skipped.append((f"{row['package']}/{row['path']}", "the installed package does not hold it"))
            continue
        try:
            found.append(_photograph(row, path, rotations))
        except UnreadableError as error:
            skipped.append((str(path), str(error)))
    return found, skipped


def locate(row: dict[str, str]) -> Path | None:
    """The file of a row, None if its package is not installed or does not hold it."""
    spec = importlib.util.find_spec(row["package"])
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places))) / row["path"] if places else None
    return path if path and path.is_file() else None


def _photograph(row: dict[str, str], path: Path, rotations: int) -> Photograph:
    pixels, note = read(path)
    if row["halve"] == "1":
        pixels = halve(pixels)
    if hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
        note = f"{note}; another file than the one this list was made with".lstrip("; ")
    fold = int(row["fixed_fold" if rotations == 1 else "fold"])  # the list deals three folds and the validation fold
    return Photograph(
        row["photograph"], pixels.shape[:2], lambda: pixels, row["role"], fold, row["path"],
        row["package"], row["licence"], row["credit"], fingerprint_of(pixels), note,
    )  # fmt: skip

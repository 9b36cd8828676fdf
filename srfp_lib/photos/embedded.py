"""Photographs inside installed packages: nothing is downloaded, and no package is imported."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from ..common.checkout import DATA
from ..common.errors import UserError
from ..common.files import csv_rows
from .photoset import Photograph
from .reading import UnreadableError, read

LIST = DATA / "photos" / "embedded.csv"


def rows() -> list[dict[str, str]]:
    """The photographs and their roles: `data/photos/embedded.csv`."""
    return csv_rows(LIST)


def load(*, rotations: int) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs found, and (file, reason) for each one missing or unreadable. Raises UserError."""
    if rotations not in (1, 3):
        raise UserError(f"photographs.rotations is {rotations}: the embedded photographs are dealt for 1 or 3")
    found, skipped = [], []
    for row in rows():
        if path := locate(row):
            try:
                found.append(_photograph(row, path, rotations))
            except UnreadableError as error:
                skipped.append((str(path), str(error)))
        else:
            skipped.append((f"{row['package']}/{row['path']}", "the installed package does not hold it"))
    return found, skipped


def locate(row: dict[str, str]) -> Path | None:
    """The file of a row, or None if its package is not installed or lacks it."""
    spec = importlib.util.find_spec(row["package"])
    places = spec.submodule_search_locations if spec else None
    path = Path(places[0]) / row["path"] if places else None
    return path if path and path.is_file() else None


def _photograph(row: dict[str, str], path: Path, rotations: int) -> Photograph:
    pixels, note = read(path)
    if row["halve"] == "1":
        image = Image.fromarray(pixels)
        pixels = np.asarray(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS))  # hides JPEG blocks
    if hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
        note = f"{note}; another file than the one this list was made with".lstrip("; ")
    fold = int(row["fixed_fold" if rotations == 1 else "fold"])
    return Photograph.of(
        pixels, name=row["photograph"], role=row["role"], fold=fold, file=row["path"],
        source=row["package"], licence=row["licence"], credit=row["credit"], note=note,
    )  # fmt: skip

"""A finished set as the photographs of a study, with its own splits (D35)."""

from __future__ import annotations

from pathlib import Path

from ..photoset import Photograph
from ..reading import UnreadableError, fingerprint_of, read
from .table import FOLDER, LIST, SPLIT_FILES, read_table


def load(folder: Path) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs that are there, folds 0, 1, 2 = train, validation, test; and (file, reason) of those that are not."""
    found, skipped = [], []
    for row in read_table(folder / LIST):
        path = folder / FOLDER / row.file
        try:
            pixels, _ = read(path)
        except UnreadableError as error:
            skipped.append((row.file, str(error)))
            continue
        sha256 = fingerprint_of(pixels)
        note = "" if sha256 == row.pixels else "other pixels than in its list"
        credit = f"{row.owner_name}, {row.page}"
        fold = list(SPLIT_FILES).index(row.split)
        found.append(Photograph(path.stem, pixels, "classify", fold, row.file, "Flickr", row.licence_address, credit, sha256, note))
    return found, skipped

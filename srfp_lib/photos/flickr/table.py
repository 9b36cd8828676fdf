"""The list of the set and its splits: dealt, written, read, and loaded as photographs of a study."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ...common.errors import UserError
from ...common.files import csv_rows, write_whole
from ...common.randomness import seed
from ..photoset import Photograph
from ..reading import UnreadableError, read, read_again

LIST, FOLDER = "photographs.csv", "photographs"
SPLIT_FILES = {"train": "train-split.txt", "validation": "val-split.txt", "test": "test-split.txt"}
SHARES = {"test": 0.1, "validation": 0.1}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A photograph of the set: source, owner, and digests from when it was taken; a search result leaves some fields empty."""

    id: str
    secret: str
    tag: str
    split: str
    owner: str
    owner_name: str
    title: str
    licence: str
    licence_address: str
    page: str
    address: str
    width: int
    height: int
    camera: str  # "" if the owner hides it
    sha256: str  # of the file at the address
    pixels: str  # `pixel_digest` of the prepared photograph
    phash: str

    @property
    def file(self) -> str:
        """The name of the prepared photograph."""
        return f"{self.id}_{self.secret}.png"


def deal(rows: list[Row], *, master_seed: int) -> list[Row]:
    """The rows with their splits: 10 % test and 10 % validation of each tag, the others train; an owner is in one split.

    Owners come in a seeded order. The last places of a tag stay empty if they fit no owner who is left.
    """
    tags: Counter[str] = Counter(row.tag for row in rows)
    owners: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        owners[row.owner][row.tag] += 1
    split_of: dict[str, str] = {}
    for split, share in SHARES.items():
        room = Counter({tag: round(share * n) for tag, n in tags.items()})
        for owner in sorted(owners, key=lambda owner: seed(master_seed, "flickr1k", owner)):
            if owner not in split_of and owners[owner] <= room:
                split_of[owner] = split
                room -= owners[owner]
    return [replace(row, split=split_of.get(row.owner, "train")) for row in rows]


def write_lists(folder: Path, rows: list[Row], there: list[Row]) -> None:
    """The split files (D35) of the rows that are ``there``, then the list: a folder with a list counts as complete."""
    for split, name in SPLIT_FILES.items():
        write_whole(folder / name, "".join(f"{row.file}\n" for row in there if row.split == split).encode())
    table = pd.DataFrame([asdict(row) for row in rows])
    write_whole(folder / LIST, table.to_csv(index=False, lineterminator="\n").encode())


def read_table(path: Path) -> list[Row]:
    """The rows of a list. Raises UserError for any other file, as ids become file names."""
    try:
        rows = [_row(found) for found in csv_rows(path)]
    except FileNotFoundError:
        raise UserError(f"the list '{path}' does not exist: give the {LIST} of a set") from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(f"'{path}' is no list of photographs ({error}): give the {LIST} of a set, as it was made") from None
    if not rows or len({row.file for row in rows}) < len(rows):
        raise UserError(f"'{path}' is empty or names a photograph twice: give the {LIST} of a set, as it was made")
    return rows


def _row(found: dict[str, Any]) -> Row:
    sizes: dict[str, Any] = {side: int(found[side] or 0) for side in ("width", "height")}
    row = Row(**found | sizes)
    check_names(row.id, row.secret)
    if row.split not in SPLIT_FILES or not (row.owner and row.licence and row.address and len(row.sha256) == 64):
        raise ValueError(f"photograph {row.id} lacks its owner, licence, address, split or sha256")
    return row


def check_names(photo_id: str, secret: str) -> None:
    """Raises ValueError unless both have the form that Flickr uses."""
    if not (re.fullmatch(r"[0-9]{1,20}", photo_id) and re.fullmatch(r"[0-9a-z]{1,40}", secret)):
        raise ValueError(f"'{photo_id}' and '{secret}' are no id and secret")


def load_photographs(folder: Path) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs of a finished set, folds 0, 1, 2 = train, validation, test (D35); and (file, reason) for each one unreadable."""
    found, skipped = [], []
    for row in read_table(folder / LIST):
        path = folder / FOLDER / row.file
        try:
            pixels, _ = read(path)
        except UnreadableError as error:
            skipped.append((row.file, str(error)))
            continue
        one = Photograph.of(
            pixels, read=partial(read_again, path), name=path.stem, role="classify", fold=list(SPLIT_FILES).index(row.split),
            file=row.file, source="Flickr", licence=row.licence_address, credit=f"{row.owner_name}, {row.page}",
        )  # fmt: skip
        found.append(one if one.sha256 == row.pixels else replace(one, note="other pixels than in its list"))
    return found, skipped

"""The list of the set, its splits, and how both lie on disk."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from ...common.errors import UserError
from ...common.files import write_whole
from ...common.randomness import seed

LIST, FOLDER = "photographs.csv", "photographs"
SPLIT_FILES = {"train": "train-split.txt", "validation": "val-split.txt", "test": "test-split.txt"}
SHARES = {"test": 0.1, "validation": 0.1}


@dataclass(frozen=True)
class Row:
    """A photograph of the set: where it is from, whose it is, what it was when it was taken into the set."""

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
    camera: str  # "" if its owner does not show it
    sha256: str  # of the file at the address
    pixels: str  # `fingerprint_of` the prepared photograph
    phash: str

    @property
    def file(self) -> str:
        """The name of the prepared photograph."""
        return f"{self.id}_{self.secret}.png"


def deal(rows: list[Row], *, master_seed: int) -> list[Row]:
    """The rows with their splits: 10 % test, 10 % validation of each tag, the others train; an owner is in one split.

    Owners come in a seeded order. Where the last places of a tag fit no owner who is left, they stay empty.
    """
    owners: dict[str, list[Row]] = {}
    for row in rows:
        owners.setdefault(row.owner, []).append(row)
    order = sorted(owners, key=lambda owner: seed(master_seed, "flickr1k", owner))
    tags = {row.tag for row in rows}
    split_of: dict[str, str] = {}
    for split, share in SHARES.items():
        room = {tag: round(share * sum(row.tag == tag for row in rows)) for tag in tags}
        for owner in order:
            needed = {tag: sum(row.tag == tag for row in owners[owner]) for tag in tags}
            if owner not in split_of and all(needed[tag] <= room[tag] for tag in tags):
                split_of[owner] = split
                room = {tag: room[tag] - needed[tag] for tag in tags}
    return [replace(row, split=split_of.get(row.owner, "train")) for row in rows]


def write_splits(folder: Path, rows: list[Row]) -> None:
    """The three split files (D35)."""
    for split, name in SPLIT_FILES.items():
        write_whole(folder / name, "".join(f"{row.file}\n" for row in rows if row.split == split).encode())


def write_list(folder: Path, rows: list[Row]) -> None:
    """The list; written last, for a folder with a list is complete."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_whole(folder / LIST, text.getvalue().encode())


def read_table(path: Path) -> list[Row]:
    """The rows of a list. Raises UserError for what is no such list: its ids become file names."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [_row(found) for found in csv.DictReader(file)]
    except FileNotFoundError:
        raise UserError(f"the list '{path}' does not exist: give the {LIST} of a set") from None
    except (TypeError, ValueError, csv.Error) as error:
        raise UserError(f"'{path}' is no list of photographs ({error}): give the {LIST} of a set, as it was made") from None
    if not rows or len({row.file for row in rows}) < len(rows):
        raise UserError(f"'{path}' is empty or names a photograph twice: give the {LIST} of a set, as it was made")
    return rows


def _row(found: dict[str, str]) -> Row:
    row = Row(**{**found, "width": int(found["width"] or 0), "height": int(found["height"] or 0)})
    check_names(row.id, row.secret)
    if row.split not in SPLIT_FILES or not (row.owner and row.licence and row.address and len(row.sha256) == 64):
        raise ValueError(f"photograph {row.id} lacks its owner, licence, address, split or sha256")
    return row


def check_names(photo_id: str, secret: str) -> None:
    """Raises ValueError unless both are what Flickr gives out."""
    if not (re.fullmatch(r"[0-9]{1,20}", photo_id) and re.fullmatch(r"[0-9a-z]{1,40}", secret)):
        raise ValueError(f"'{photo_id}' and '{secret}' are no id and secret")

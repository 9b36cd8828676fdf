"""Recreates the set of a list, on another machine or years later, without a key. Missing photographs are reported, not replaced."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ...common.errors import UserError
from ...common.files import write_whole
from ...fetching.downloads import GoneError
from ..reading import UnreadableError, as_png, pixel_digest, read
from .api import Flickr
from .builder import SIDE, prepare
from .state import State
from .table import FOLDER, LIST, Row, read_table, write_list, write_splits

THERE, GONE, CHANGED, OTHERWISE = "there", "gone", "another file at its address", "there, but decoded or reduced otherwise here"


def rebuild(path: Path, folder: Path, flickr: Flickr, *, side: int = SIDE, say: Callable[[str], None] = lambda text: None) -> pd.DataFrame:
    """Fetch the photographs of a list into a folder; returns and writes `report.csv`: photograph, page, owner, licence, outcome.

    Photographs already there are kept, so an interrupted run resumes. The split files name the photographs present. Raises
    UserError for another list's folder and for a silent server.
    """
    rows = read_table(path)
    if (folder / LIST).exists() and read_table(folder / LIST) != rows:
        raise UserError(f"'{folder}' holds the photographs of another list than '{path}': choose another folder")
    with State(folder).locked():
        there, outcomes = [], []
        for number, row in enumerate(rows, 1):
            outcome = _fetch(row, folder / FOLDER / row.file, flickr, side)
            outcomes.append((row.file, row.page, row.owner, row.licence, outcome))
            there += [row] if outcome.startswith(THERE) else []
            if number % 50 == 0:
                say(f"{number} of {len(rows)} photographs looked at, {number - len(there)} missing")
        report = pd.DataFrame(outcomes, columns=["photograph", "page", "owner", "licence", "outcome"])
        write_whole(folder / "report.csv", report.to_csv(index=False, lineterminator="\n").encode())
        write_splits(folder, there)
        write_list(folder, rows)
        return report


def _fetch(row: Row, target: Path, flickr: Flickr, side: int) -> str:
    if target.exists():
        try:
            if pixel_digest(read(target)[0]) == row.pixels:
                return THERE
        except UnreadableError:
            pass  # damaged: fetched again
    try:
        content = flickr.photograph(row.address)
    except GoneError:
        return GONE
    if hashlib.sha256(content).hexdigest() != row.sha256:
        return CHANGED
    try:
        small = prepare(read(io.BytesIO(content))[0], side)
    except UnreadableError as error:
        raise UserError(f"'{row.file}' {error} here, although it is the file of the list: update Pillow") from None
    write_whole(target, as_png(small))
    return THERE if pixel_digest(small) == row.pixels else OTHERWISE

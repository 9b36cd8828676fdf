"""Tables on disk."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import pandas as pd

TEXT = ("image", "photograph", "left_out", "tile", "file", "note", "reason")  # names are text whatever they look like: 0001, NA


def read_table(path: Path) -> pd.DataFrame:
    """A table of images or photographs: the columns `TEXT` as they are written, of the others an empty field is NaN."""
    others = {column: ["", "nan"] for column in pd.read_csv(path, nrows=0).columns if column not in TEXT}
    text: dict[Hashable, type[str]] = {column: str for column in TEXT}
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=others)

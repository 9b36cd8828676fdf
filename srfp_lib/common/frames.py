"""Tables on disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def read_table(path: Path) -> pd.DataFrame:
    """A table of images or photographs, whose names are text whatever they look like: 0001, NA."""
    return pd.read_csv(path, converters=dict.fromkeys(("image", "photograph", "tile", "file"), str))

"""The catalogue `data/fleet/published.csv`: where the authors host each network, its licences, conventions and size."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError

if TYPE_CHECKING:
    import pandas as pd

PATH = Path(__file__).parent.parent.parent / "data" / "fleet" / "published.csv"


@cache
def rows() -> tuple[dict[str, str], ...]:
    """One row a network and variant, as text, in the file's order."""
    with PATH.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def catalogue() -> pd.DataFrame:
    """One row a network and variant: 36 rows for 25 networks.

    `default` is "yes" for the variant that `network` takes when none is named. Columns are text, empty where nothing is
    known, but `scale` and `parameters`, which are integers.
    """
    import pandas as pd

    return pd.DataFrame(rows()).astype({"scale": int, "parameters": int})


def row(model_id: str, variant: str | None = None) -> dict[str, str]:
    """The row of a network; without a variant that of its default.

    >>> row("DRN-div2k-x4-L1-NA-pretrained")["variant"], row("DRN-div2k-x4-L1-NA-pretrained", "S")["parameters"]
    ('L', '4804065')
    """
    of_network = {r["variant"]: r for r in rows() if r["model_id"] == model_id}
    if not of_network:
        raise UserError(f"there is no published network '{model_id}': take a model_id of the table `catalogue()`")
    if variant is None:
        return next(r for r in of_network.values() if r["default"] == "yes")
    if variant not in of_network:
        known = ", ".join(f"'{name}'" for name in of_network)
        raise UserError(f"{model_id} has no variant '{variant}': take one of {known}")
    return of_network[variant]

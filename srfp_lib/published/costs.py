"""What the published networks cost here beside the official ones: the table `benchmarks/published.csv`, for a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..common.checkout import HOME
from ..common.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

PATH = HOME / "benchmarks" / "published.csv"
NONE = "–"
COLUMNS = {  # what the page calls it, its factor and its decimals
    "cpu_seconds": ("s", 1, 1), "times_faster": ("times faster", 1, 2), "extra_mb": ("MB", 1, 0), "memory_share": ("% of the memory", 100, 0),
}  # fmt: skip


def costs(path: Path = PATH) -> pd.DataFrame:
    """Texts, one row a network: for both LR sizes CPU seconds, times faster, MB, and these in percent of the official MB.

    Raises UserError if the file is missing or is not what `benchmarks/published.py` writes.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={"variant": str})
        table["network"] = (table["family"] + " " + table["variant"].fillna("")).str.strip()
        measured = table.set_index(["network", "scale", "lr"])[list(COLUMNS)].unstack("lr")
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"the benchmark '{path}' cannot be read ({error}): restore the file, or run benchmarks/published.py") from None
    page = pd.DataFrame({"network": measured.index.get_level_values("network")})
    page["scale"] = [f"{scale}X" for scale in measured.index.get_level_values("scale")]
    for lr in sorted(table["lr"].unique(), key=lambda size: int(size.split("x")[0])):
        for column, (label, times, digits) in COLUMNS.items():
            page[f"{lr}: {label}"] = [NONE if pd.isna(value) else f"{times * value:.{digits}f}" for value in measured[column, lr]]
    return page

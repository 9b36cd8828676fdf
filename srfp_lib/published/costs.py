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


def costs(path: Path = PATH) -> pd.DataFrame:
    """Texts, one row a network: for both LR sizes CPU seconds, times faster, MB, and these in percent of the official MB.

    Raises UserError if the file is missing or is not what `benchmarks/published.py` writes.
    """
    import pandas as pd

    numbers = ["cpu_seconds", "times_faster", "extra_mb", "memory_share"]
    try:
        table = pd.read_csv(path, dtype={"variant": str})
        table["network"] = (table["family"] + " " + table["variant"].fillna("")).str.strip()
        measured = table.set_index(["network", "scale", "lr"])[numbers].unstack("lr")
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"the benchmark '{path}' cannot be read ({error}): restore the file, or run benchmarks/published.py") from None
    page = pd.DataFrame({"network": measured.index.get_level_values("network")})
    page["scale"] = [f"{scale}X" for scale in measured.index.get_level_values("scale")]
    for lr in sorted(table["lr"].unique(), key=lambda size: int(size.split("x")[0])):
        columns = {"s": ("cpu_seconds", "{:.1f}"), "times faster": ("times_faster", "{:.2f}"), "MB": ("extra_mb", "{:.0f}")}
        for label, (column, form) in columns.items():
            page[f"{lr}: {label}"] = [NONE if pd.isna(value) else form.format(value) for value in measured[column, lr]]
        page[f"{lr}: % of the memory"] = [NONE if pd.isna(share) else f"{100 * share:.0f}" for share in measured["memory_share", lr]]
    return page

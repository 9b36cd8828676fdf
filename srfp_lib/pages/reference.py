"""Finished runs of our own, kept as small tables in `data/reference/<name>`, for the column beside the reader's numbers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.checkout import DATA, HOME
from ..common.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from ..study import Study

FOLDER = DATA / "reference"
LARGEST = 200_000  # bytes of a table that is kept


def keep(study: Study, name: str) -> Path:
    """Copy a run's tables, its profile and what it took into `data/reference/<name>`; an older copy is replaced as a whole."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"'{name}' is no name for a reference run: take small letters, digits and _")
    tables = sorted(study.workspace.path("tables").glob("*.csv"))
    if not tables:
        raise UserError(f"'{study.workspace.root}' holds no tables: run its chapters first")
    staged, target = FOLDER / f".{name}.partial", FOLDER / name
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for path in tables:
        if path.stat().st_size <= LARGEST:
            shutil.copyfile(path, staged / path.name)
    (staged / "about.json").write_text(json.dumps(_about(study), indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)
    return target


def _about(study: Study) -> dict[str, Any]:
    """Profile, versions, machine and work of a run; no path of the machine."""
    receipts = [r for name in study.jobs if (r := study.workspace.receipt(name))]
    stages: dict[str, int] = {}
    for receipt in receipts:
        stage = receipt.job.split("/")[0]
        stages[stage] = stages.get(stage, 0) + round(receipt.cpu_seconds)
    last = max(receipts, key=lambda r: r.finished)
    profile = asdict(study.profile)
    for section, field in (("photographs", "source"), ("published", "source"), ("published", "weights_dir")):
        if "/" in str(profile[section][field]):
            profile[section][field] = "a folder"
    return {
        "profile": profile, "published_networks": study.mixture(), "jobs": len(receipts),
        "cpu_seconds": round(sum(r.cpu_seconds for r in receipts)), "cpu_seconds_by_stage": stages,
        "peak_megabytes": max(r.peak_megabytes for r in receipts),
        "finished": last.finished, "versions": last.versions, "machine": last.machine,
    }  # fmt: skip


def table(name: str, *, run: str = "lab") -> pd.DataFrame | None:
    """A table of a reference run, None if that run has not been made."""
    import pandas as pd

    path = FOLDER / run / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else None


def about(run: str = "lab") -> dict[str, Any]:
    """Profile, versions, machine and work of a reference run; empty if it has not been made."""
    path = FOLDER / run / "about.json"
    return json.loads(path.read_text()) if path.exists() else {}


def readings(claims: Iterable[str]) -> pd.DataFrame:
    """Why a claim may turn out otherwise in small runs, and what would decide it: id, likely_reason, what_would_decide."""
    import pandas as pd

    table = pd.read_csv(FOLDER / "readings.csv")
    return table[table["id"].isin(list(claims))]


def benchmark(name: str) -> pd.DataFrame | None:
    """The result of a script in `benchmarks/`, None if it has not been run."""
    import pandas as pd

    path = HOME / "benchmarks" / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else None

"""Finished runs of our own, kept as small tables in `data/reference/<name>`, for the column beside the reader's numbers."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ..common.checkout import DATA, HOME
from ..common.errors import UserError
from ..common.files import csv_rows
from ..common.frames import read_table
from ..workflow.receipts import Receipt
from ..workflow.workspace import Workspace
from .tables import to_csv_text

FOLDER = DATA / "reference"
LARGEST = 200_000  # bytes of a table that is kept


def keep(workspace: Workspace, receipts: Sequence[Receipt], name: str, *, published: str) -> Path:
    """Replace `data/reference/<name>` by a run's tables and what it took; ``published``: the origin of its published networks in words."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"'{name}' is no name for a reference run: take small letters, digits and _")
    tables = sorted(workspace.path(output) for receipt in receipts for output in receipt.outputs if output.startswith("tables/"))
    if not tables:
        raise UserError(f"'{workspace.root}' holds no tables: run its chapters first")
    workspace.refuse_altered(receipt.job for receipt in receipts if any(output.startswith("tables/") for output in receipt.outputs))
    staged, target = FOLDER / f".{name}.partial", FOLDER / name
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for path in tables:
        if path.stat().st_size <= LARGEST:
            shutil.copyfile(path, staged / path.name)
    if (photographs := workspace.path("photos", "photographs.csv")).is_file():
        (staged / "photographs.csv").write_text(to_csv_text(_photographs(photographs)))
    about = _about(workspace, receipts) | {"published_networks": published}
    (staged / "about.json").write_text(json.dumps(about, indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)
    return target


def _photographs(file: Path) -> pd.DataFrame:
    """The photographs of a run: photograph, role, fold, source, licence, credit.

    Of files in a folder, whose licences the run does not know, the last three are those of an open set's file of the same name.
    """
    known = {Path(row["file"]).stem: row for row in csv_rows(DATA / "photos" / "open_files.csv") if not row["inside"]}
    table = read_table(file)[["photograph", "file", "role", "fold", "source", "licence", "credit"]].astype({"licence": object, "credit": object})
    for at in table.index[table["source"] == "folder"]:
        if row := known.get(Path(str(table.at[at, "file"])).stem):
            table.loc[at, ["source", "licence", "credit"]] = f"open set {row['set']}", row["licence"], row["credit"]
    return table.drop(columns="file")


def _about(workspace: Workspace, receipts: Sequence[Receipt]) -> dict[str, Any]:
    """Profile, versions, machine and work of a run, without paths of the machine."""
    stages: Counter[str] = Counter()
    for receipt in receipts:
        stages[receipt.job.partition("/")[0]] += round(receipt.cpu_seconds)
    last = max(receipts, key=lambda r: r.finished)
    profile = _placeless(asdict(workspace.profile))
    del profile["file"]
    return {
        "profile": profile, "jobs": len(receipts), "cpu_seconds": round(sum(r.cpu_seconds for r in receipts)), "cpu_seconds_by_stage": stages,
        "peak_megabytes": max(r.peak_megabytes for r in receipts),
        "finished": last.finished, "versions": last.versions, "machine": last.machine,
    }  # fmt: skip


def _placeless(value: Any) -> Any:
    """A profile as data, without paths of this machine.

    >>> _placeless({"name": "lab", "published": {"weights_dir": str(HOME / "weights"), "source": "available"}})
    {'name': 'lab', 'published': {'weights_dir': 'a folder', 'source': 'available'}}
    """
    if isinstance(value, dict):
        return {name: _placeless(one) for name, one in value.items()}
    return "a folder" if isinstance(value, str) and Path(value).is_absolute() else value


def table(name: str, *, run: str = "lab") -> pd.DataFrame | None:
    """A table of a reference run, None if there is none."""
    path = FOLDER / run / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else None


def about(run: str = "lab") -> dict[str, Any]:
    """Profile, versions, machine and work of a reference run; empty if there is none."""
    path = FOLDER / run / "about.json"
    return json.loads(path.read_text()) if path.exists() else {}


def readings(claims: Iterable[str]) -> pd.DataFrame:
    """Why a claim may turn out otherwise in small runs, and what would decide it: id, likely_reason, what_would_decide."""
    table = pd.read_csv(FOLDER / "readings.csv")
    return table[table["id"].isin(list(claims))]


def cited(key: str) -> str:
    """A work in `book/references.bib` by its authors and year, as a table names it.

    >>> cited("wan2024swift"), cited("nagadomi2015waifu2x")
    ('Wan et al., 2024', 'nagadomi, 2015')
    """
    entry = re.search(rf"{{{key},.*?author = {{(.*?)}},?\n.*?year = {{(\d+)}}", (HOME / "book" / "references.bib").read_text("utf-8"), re.DOTALL)
    if entry is None:
        raise UserError(f"'book/references.bib' has no work '{key}': add it, or correct the catalogue")
    authors = [name.strip("{}").partition(",")[0] for name in entry[1].split(" and ")]
    return f"{' and '.join(authors) if len(authors) < 3 else authors[0] + ' et al.'}, {entry[2]}"


def benchmark(name: str) -> pd.DataFrame | None:
    """The result of a script in `benchmarks/`, None if it has not been run."""
    path = HOME / "benchmarks" / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else None


def benchmarks() -> list[str]:
    """The names of all results in `benchmarks/`."""
    return sorted(path.stem for path in (HOME / "benchmarks").glob("*.csv"))

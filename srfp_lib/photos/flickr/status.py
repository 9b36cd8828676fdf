"""What the folder of a set holds and lacks, as text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...common.errors import UserError
from .state import State, outcomes
from .table import FOLDER, LIST, SPLIT_FILES, read_table


def report(folder: Path) -> str:
    """Photographs by tag and split, those that are missing, and how often each decision was taken. Raises UserError."""
    decisions = State(folder).decisions()
    lines = [f"decided: {outcome}: {n}" for outcome, n in sorted(outcomes(decisions).items())]
    if not (folder / LIST).exists():
        if not decisions:
            raise UserError(f"'{folder}' holds no photo set: give the folder of one")
        by_tag = Counter(d["row"]["tag"] for d in decisions if d["row"])
        so_far = [f"{tag:<14}{n:>5} photographs so far" for tag, n in by_tag.items()]
        return "\n".join([*so_far, *lines, "not complete: the command that began it goes on"])
    rows = read_table(folder / LIST)
    counts = Counter((row.tag, row.split) for row in rows)
    tags = dict.fromkeys(row.tag for row in rows)
    table = [f"{tag:<14}" + "".join(f"{split:>12} {counts[tag, split]:>4}" for split in SPLIT_FILES) for tag in tags]
    missing = [row for row in rows if not (folder / FOLDER / row.file).exists()]
    owners, cameras = len({row.owner for row in rows}), len({row.camera for row in rows} - {""})
    summary = f"{len(rows)} photographs of {owners} owners with {cameras} cameras; {len(missing)} missing"
    return "\n".join([*table, summary, *(f"missing: {row.file} {row.page}" for row in missing), *lines])

"""The state an interrupted run resumes from (settings, pages of search results, decisions), and the status of a set as text.

A page is written whole or not at all. A decision is one line; a line without its end does not count.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...common.errors import UserError
from ...common.files import one_writer, write_whole
from .table import FOLDER, LIST, SPLIT_FILES, read_table


class State:
    """The folder ``state`` of a set; only the process inside `locked` may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        self.journal = self.folder / "decisions.jsonl"

    @contextmanager
    def locked(self, settings: dict[str, Any] | None = None) -> Generator[None]:
        """Locks the folder of a set. Raises UserError if another process writes there, or if the set has other settings."""
        where = self.folder.parent
        with one_writer(self.folder / ".lock", f"another run is writing into '{where}': wait until it ends, or choose another folder"):
            for leftover in where.rglob(".*.partial"):
                leftover.unlink()  # from a run that was killed
            if settings and (known := self.kept("settings.json", lambda: settings)) != settings:
                changed = ", ".join(f"{k} {known.get(k)} -> {v}" for k, v in settings.items() if known.get(k) != v)
                raise UserError(f"'{where}' was begun with other settings ({changed}): take those, or choose another folder")
            yield

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """The JSON value of a name, made once."""
        path = self.folder / name
        if not path.exists():
            write_whole(path, json.dumps(make(), indent=1).encode())
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise UserError(f"'{path}' is damaged: delete it, and the same command makes it again") from None

    def decisions(self, *, mend: bool = False) -> list[dict[str, Any]]:
        """All decisions in order: id, outcome ("taken" or a reason), row. ``mend`` drops an unfinished last line from the file."""
        content = self.journal.read_bytes() if self.journal.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if mend and whole != content:
            write_whole(self.journal, whole)
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise UserError(f"'{self.journal}' is damaged: delete the folder '{self.folder}', and the same command begins anew") from None

    def decide(self, decision: dict[str, Any]) -> None:
        """Record a decision for good."""
        with self.journal.open("ab") as file:
            file.write(json.dumps(decision).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def report(folder: Path) -> str:
    """The photographs of a set by tag and split, those missing, and the number of each decision. Raises UserError."""
    decisions = State(folder).decisions()
    decided = [f"decided: {outcome}: {n}" for outcome, n in sorted(Counter(d["outcome"] for d in decisions).items())]
    if not (folder / LIST).exists():
        if not decisions:
            raise UserError(f"'{folder}' holds no photo set: give the folder of one")
        by_tag = Counter(d["row"]["tag"] for d in decisions if d["row"])
        so_far = [f"{tag:<14}{n:>5} photographs so far" for tag, n in by_tag.items()]
        return "\n".join([*so_far, *decided, "not complete: the command that began it goes on"])
    rows = read_table(folder / LIST)
    counts = Counter((row.tag, row.split) for row in rows)
    table = [
        f"{tag:<14}" + "".join(f"{split:>12} {counts[tag, split]:>4}" for split in SPLIT_FILES) for tag in dict.fromkeys(row.tag for row in rows)
    ]
    missing = [row for row in rows if not (folder / FOLDER / row.file).exists()]
    owners, cameras = len({row.owner for row in rows}), len({row.camera for row in rows} - {""})
    summary = f"{len(rows)} photographs of {owners} owners with {cameras} cameras; {len(missing)} missing"
    return "\n".join([*table, summary, *(f"missing: {row.file} {row.page}" for row in missing), *decided])

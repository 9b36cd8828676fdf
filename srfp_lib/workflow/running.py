"""What a run leaves for those who watch it: `.running.json`, written by the runner every few seconds, and the staging folders of its workers."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from .progress import Progress

EVERY = 2.0  # seconds between two records


class Record:
    """The runner's side. A record that cannot be written hinders nothing."""

    def __init__(self, root: Path, engine: str, workers: int) -> None:
        self.file, self.last = root / ".running.json", -EVERY
        self.about = {"host": platform.node(), "process": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds"),
                      "engine": engine, "workers": workers, "beat": 0}  # fmt: skip

    def say(self, progress: Progress, *, now: bool = False) -> None:
        """Write what is done, unless that was done a moment ago."""
        if now or time.monotonic() - self.last >= EVERY:
            self.last, self.about["beat"] = time.monotonic(), int(str(self.about["beat"])) + 1
            said = {"share": progress.share, "finished": progress.finished, "jobs": progress.count, "elapsed": progress.elapsed, "left": progress.left}
            draft = self.file.with_name(f".running.{os.getpid()}.draft")
            with suppress(OSError):
                draft.write_text(json.dumps({**self.about, **said}))
                draft.replace(self.file)

    def end(self) -> None:
        """Remove the record, if it is this run's."""
        found = read(self.file.parent) or {}
        if all(found.get(name) == self.about[name] for name in ("host", "process", "started")):
            self.file.unlink(missing_ok=True)


def read(root: Path) -> dict[str, Any] | None:
    """The record of the run that goes on in a workspace; None if there is none. Its ``beat`` grows while the runner lives."""
    try:
        found = json.loads((root / ".running.json").read_text())
        lacking = {"host", "process", "started", "engine", "workers", "beat", "share", "finished", "jobs", "elapsed", "left"} - found.keys()
    except (OSError, ValueError, AttributeError):
        return None
    return None if lacking else found


def dead(record: dict[str, Any]) -> bool:
    """Whether the runner of a record was on this host and is gone."""
    return record["host"] == platform.node() and not psutil.pid_exists(record["process"])

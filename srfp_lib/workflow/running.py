"""What a run leaves for those who watch it: `.running.json`, written by the runner every few seconds. Its workers say more (`staging.under_way`)."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from .progress import Progress

EVERY, NAME = 2.0, ".running.json"  # seconds between two records, and where they are


@dataclass(frozen=True)
class Going:
    """A run as its runner last saw it. ``beat`` grows while it lives; ``elapsed`` and ``left`` are seconds, ``share`` is 0 to 1."""

    host: str
    process: int
    started: str
    engine: str
    workers: int
    beat: int
    share: float
    finished: int
    jobs: int
    elapsed: float
    left: float

    @classmethod
    def on(cls, root: Path) -> Going | None:
        """The run that goes on in a workspace; None if there is none."""
        try:
            return cls(**json.loads((root / NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def dead(self) -> bool:
        """Whether the runner was on this host and is gone."""
        return self.host == platform.node() and not psutil.pid_exists(self.process)


class Record:
    """The runner's side. A record that cannot be written hinders nothing."""

    def __init__(self, root: Path, engine: str, workers: int) -> None:
        self.file, self.engine, self.workers = root / NAME, engine, workers
        self.started, self.last, self.beat = datetime.now(UTC).isoformat(timespec="seconds"), -EVERY, 0

    def say(self, progress: Progress) -> None:
        """Write what is done, unless that was done a moment ago."""
        if time.monotonic() - self.last < EVERY:
            return
        self.last, self.beat = time.monotonic(), self.beat + 1
        going = Going(platform.node(), os.getpid(), self.started, self.engine, self.workers, self.beat, progress.share, progress.finished,
                      progress.count, progress.elapsed, progress.left)  # fmt: skip
        draft = self.file.with_name(f".running.{os.getpid()}.draft")
        with suppress(OSError):
            draft.write_text(json.dumps(asdict(going)))
            draft.replace(self.file)

    def end(self) -> None:
        """Remove the record, if it is this run's."""
        found = Going.on(self.file.parent)
        if found and (found.host, found.process, found.started) == (platform.node(), os.getpid(), self.started):
            self.file.unlink(missing_ok=True)

"""What a run says while it goes on, whatever its engine: a bar on a terminal, elsewhere a line a finished job."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Mapping

from tqdm import tqdm

from .jobs import Job

NAMED = 3  # of the jobs that run; of more the number is said


class Progress:
    """A bar with what is done, what runs and how long the rest may take; where there is no screen, a line a finished job."""

    def __init__(self, jobs: Mapping[str, Job], workers: int) -> None:
        self.total, self.count, self.done, self.finished = sum(job.cost for job in jobs.values()), len(jobs), 0.0, 0
        self.started, self.workers = time.monotonic(), workers
        self.bar = tqdm(total=self.total, bar_format="{percentage:3.0f}% |{bar:20}| {elapsed}, {remaining} left{postfix}",
                        disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True)  # fmt: skip

    def show(self, running: Iterable[Job]) -> None:
        """Say what runs."""
        names = [job.name for job in running]
        self.bar.set_postfix_str(f"{self.finished}/{self.count} jobs, {_some(names)}")

    def finish(self, job: Job) -> None:
        """Record a finished job."""
        self.done += job.cost
        self.finished += 1
        self.bar.update(job.cost)
        if self.bar.disable:
            times = f"{tqdm.format_interval(self.elapsed)}, {tqdm.format_interval(self.left)} left"
            print(f"[{self.share:4.0%}] {self.finished}/{self.count} jobs, {times} · done {job.name}", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """A line of its own, above the bar."""
        tqdm.write(text, file=sys.stderr)

    @property
    def share(self) -> float:
        """The finished part of the work, 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Expected seconds of the rest; at first the costs are taken for seconds."""
        share = self.share
        return max(self.elapsed * (1 - share) / share if share > 0.05 else self.total / self.workers - self.elapsed, 0)

    def close(self) -> None:
        """Remove the bar."""
        self.bar.close()


def _some(names: list[str]) -> str:
    """Names, or the first and the number of more.

    >>> _some(["a", "b"]), _some(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def hush(*names: str) -> None:
    """Silence the loggers of an engine, which would write over the bar: what matters of it the runner says in a sentence."""
    for name in [*logging.root.manager.loggerDict, *names]:
        if name.partition(".")[0] in names:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

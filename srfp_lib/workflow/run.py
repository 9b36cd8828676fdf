"""The study in order: jobs as soon as what they need is done, the longest first, on an engine."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from ..common import devices
from ..common.errors import UserError
from . import engine as engines
from .jobs import Job, perform

if TYPE_CHECKING:
    from ..study import Study

DEFAULT_WORKERS = 2


def pending(study: Study, names: Iterable[str]) -> dict[str, Job]:
    """The jobs to be done for the named ones: those not done, and what these need. A finished job asks for nothing more."""
    states, found = study.states(), {}

    def visit(name: str) -> None:
        if name in found or states[name] == "done":
            return
        for need in study.jobs[name].needs:
            visit(need)
        found[name] = study.jobs[name]

    for name in names:
        visit(name)
    return found


def make(study: Study, names: Iterable[str], *, engine: str = "local", workers: int = DEFAULT_WORKERS, device: str = "auto") -> None:
    """Make the named jobs and what they need. Interrupted at any moment, the next call goes on where this one was.

    ``device`` is where networks run, as of `devices.find`; jobs and their keys do not depend on it.
    """
    names = list(names)
    if not pending(study, names):
        return
    found = devices.find(device)
    with study.workspace.lock():
        study.workspace.claim()
        due = pending(study, names)
        crew = engines.make(engine, min(workers, len(due)) if due else 1)
        try:
            _Run(study, due, crew, found).go()
        except BrokenProcessPool:
            raise UserError("a worker process was ended from outside, perhaps for want of memory: "
                            "run the same command again, with --workers 1 if it happens again") from None  # fmt: skip
        finally:
            crew.close()


class _Run:
    """One pass over the pending jobs."""

    def __init__(self, study: Study, due: dict[str, Job], crew: engines.Engine, found: tuple[str, ...]) -> None:
        self.study, self.due, self.crew, self.devices = study, due, crew, found
        self.progress = Progress(due, crew.workers)

    def go(self) -> None:
        waiting, running, seats = dict(self.due), {}, {}
        with self.progress:
            while waiting or running:
                while len(running) < self.crew.workers and (job := self._next(waiting, running.values())):
                    del waiting[job.name]
                    seat = min(set(range(self.crew.workers)) - set(seats.values()))
                    future = self._start(job, devices.of_worker(self.devices, seat))
                    running[future], seats[future] = job, seat
                self.progress.show(running.values())
                done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    job, _ = running.pop(future), seats.pop(future)
                    self.study.workspace.commit(*future.result())
                    self.progress.finish(job)

    def _next(self, waiting: dict[str, Job], running: Iterable[Job]) -> Job | None:
        unfinished = set(waiting) | {job.name for job in running}
        ready = [job for job in waiting.values() if not unfinished.intersection(job.needs)]
        return max(ready, key=lambda job: job.cost, default=None)

    def _start(self, job: Job, device: str) -> Future[Any]:
        inputs = {need: self.study.keys[need] for need in job.needs}
        workspace = self.study.workspace
        return self.crew.submit(perform, job, self.study.keys[job.name], inputs, workspace.root, workspace.profile, device)


class Progress:
    """One line that says what is done, what runs and how long the rest may take; one line a job where no screen is."""

    def __init__(self, jobs: dict[str, Job], workers: int) -> None:
        self.total, self.workers, self.count = sum(job.cost for job in jobs.values()), workers, len(jobs)
        self.done, self.finished, self.started = 0.0, 0, time.monotonic()
        self.screen = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.screen:
            sys.stderr.write("\r\x1b[K")

    def show(self, running: Iterable[Job]) -> None:
        """Redraw the line."""
        if self.screen:
            names = ", ".join(job.name for job in running)
            sys.stderr.write(f"\r\x1b[K{self._line()} · running {names}"[:160])
            sys.stderr.flush()

    def finish(self, job: Job) -> None:
        """Note a finished job."""
        self.done += job.cost
        self.finished += 1
        if not self.screen:
            print(f"{self._line()} · done {job.name}", file=sys.stderr, flush=True)

    def _line(self) -> str:
        elapsed = time.monotonic() - self.started
        share = self.done / self.total
        # Until something is done, the costs are taken as seconds.
        left = elapsed * (1 - share) / share if share > 0.05 else self.total / self.workers - elapsed
        return f"[{share:4.0%}] {self.finished}/{self.count} jobs, {_minutes(elapsed)}, {_minutes(max(left, 1))} left"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"

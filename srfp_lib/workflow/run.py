"""Making jobs: each as soon as what it needs is done, the longest first, on an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ..common import devices
from ..common.errors import MachineError, UserError
from . import engines, failures, running
from .desk import perform
from .jobs import Job
from .progress import Progress
from .workspace import Workspace

DEFAULT_WORKERS = 2


def pending(workspace: Workspace, jobs: Mapping[str, Job], keys: Mapping[str, str], names: Iterable[str]) -> dict[str, Job]:
    """The jobs to be made for the named ones: those not done, and what these need. A finished job needs nothing more."""
    found: dict[str, Job] = {}
    states = workspace.states(jobs, keys)

    def visit(name: str) -> None:
        if name in found or states[name] == "done":
            return
        for need in jobs[name].needs:
            visit(need)
        found[name] = jobs[name]

    for name in names:
        visit(name)
    return found


def make(workspace: Workspace, jobs: Mapping[str, Job], keys: Mapping[str, str], names: Iterable[str], *, engine: str = "local",
         workers: int = DEFAULT_WORKERS, device: str = "auto", scheduler: str = "") -> None:  # fmt: skip
    """Make the named jobs and what they need. Interrupted at any moment, the next call continues from there.

    ``device`` is where networks run, as in `devices.find`, ``scheduler`` the address of the engine's own, if it runs already; jobs and
    their keys do not depend on them.
    """
    names = list(names)
    if not pending(workspace, jobs, keys, names) and workspace.path("profile.json").exists():
        return
    found = devices.find(device)
    with workspace.lock():
        due = pending(workspace, jobs, keys, names)
        crew = engines.make(engine, min(workers, len(due)) if due else 1, scheduler)  # before anything is written, for it may be refused
        current = _Run(workspace, due, keys, crew, found, running.Record(workspace.root, engine, crew.workers))
        try:
            workspace.claim()
            current.go()
        except BrokenProcessPool:
            raise UserError("a worker process was ended from outside, perhaps for want of memory: "
                            "run the same command again, with --workers 1 if it happens again") from None  # fmt: skip
        finally:
            current.progress.close()
            crew.close()
            current.record.end()


class _Run:
    """One pass over the pending jobs."""

    def __init__(self, workspace: Workspace, due: dict[str, Job], keys: Mapping[str, str], crew: engines.Engine, found: tuple[str, ...],
                 record: running.Record) -> None:  # fmt: skip
        self.workspace, self.due, self.keys, self.crew, self.devices = workspace, due, keys, crew, found
        self.progress, self.record = Progress(due, crew.workers), record
        self.running: dict[Future[Path], tuple[Job, int]] = {}  # and the seat of each
        self.losses = Counter[str]()  # how often the worker of a job was lost

    def go(self) -> None:
        """Make the jobs. After a failure what still runs is finished and committed, and nothing more is started."""
        waiting, failed = dict(self.due), list[BaseException]()
        while waiting or self.running:
            while not failed and len(self.running) < self.crew.workers and (job := self._next(waiting)):
                del waiting[job.name]
                self._start(job)
            self.progress.show(job for job, _ in self.running.values())
            self.record.say(self.progress)
            done, _ = wait(self.running, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                job, _ = self.running.pop(future)
                if failure := _failure(future):
                    if self._again(job, failure):
                        waiting[job.name] = job
                    else:
                        failed.append(failures.told(self.workspace.root, job.name, failure, self.losses[job.name]))
                else:
                    self.workspace.commit(future.result())
                    self.progress.finish(job)
            if failed and not self.running:
                for further in {str(failure) for failure in failed[1:]} - {str(failed[0])}:
                    self.progress.note(f"another job failed: {further}")
                raise failed[0]

    def _again(self, job: Job, failure: BaseException) -> bool:
        """Whether another worker may try: the machine failed, not the job, and not too often."""
        lost = self.crew.lost(failure)
        self.losses[job.name] += lost
        if again := bool(lost) and self.losses[job.name] < engines.TRIES:
            why = str(failure) if isinstance(failure, MachineError) else f"the worker of {job.name} was lost"
            self.progress.note(f"{why}: another one does it")
        return again

    def _next(self, waiting: dict[str, Job]) -> Job | None:
        unfinished = set(waiting) | {job.name for job, _ in self.running.values()}
        ready = [job for job in waiting.values() if not unfinished.intersection(job.needs)]
        return max(ready, key=lambda job: job.cost, default=None)

    def _start(self, job: Job) -> None:
        seat = min(set(range(self.crew.workers)) - {seat for _, seat in self.running.values()})
        inputs = {need: self.keys[need] for need in job.needs}
        device = devices.of_worker(self.devices, seat)
        future = self.crew.submit(perform, job, self.keys[job.name], inputs, self.workspace.root, self.workspace.profile, device)
        self.running[future] = (job, seat)


def _failure(future: Future[Path]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()

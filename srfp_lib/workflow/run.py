"""Making jobs: each as soon as what it needs is done, the longest first, on an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import MappingProxyType

from ..common.errors import MachineError, UserError
from . import engines, failures, running
from .desk import perform
from .jobs import Job
from .placement import Demand, Place, Places, chains
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
         workers: int = DEFAULT_WORKERS, device: str = "auto", scheduler: str = "",
         demands: Mapping[str, Demand] = MappingProxyType({})) -> None:  # fmt: skip
    """Make the named jobs and what they need. Interrupted at any moment, the next call continues from there.

    ``device`` is where networks run, as in `devices.find`, ``scheduler`` the address of the engine's own, if it runs already; jobs and
    their keys do not depend on them. ``demands`` say what each job takes, for the order and for the memory of GPUs; else its cost.
    """
    names = list(names)
    if not pending(workspace, jobs, keys, names) and workspace.path("profile.json").exists():
        return
    with workspace.lock():
        due = pending(workspace, jobs, keys, names)
        crew = engines.make(engine, min(workers, len(due)) if due else 1, scheduler)  # before anything is written, for it may be refused
        current = _Run(workspace, due, keys, crew, crew.places(device), {name: demands.get(name, Demand(job.cost)) for name, job in due.items()},
                       running.Record(workspace.root, engine, crew.workers))  # fmt: skip
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

    def __init__(self, workspace: Workspace, due: dict[str, Job], keys: Mapping[str, str], crew: engines.Engine, places: Sequence[Place],
                 demands: Mapping[str, Demand], record: running.Record) -> None:  # fmt: skip
        self.workspace, self.due, self.keys, self.crew = workspace, due, keys, crew
        self.places, self.demands = Places(places), demands
        self.chains = chains(due, {name: demand.seconds for name, demand in demands.items()})
        self.progress, self.record = Progress(due, crew.workers), record
        self.running: dict[Future[Path], tuple[Job, int]] = {}  # and the place of each
        self.losses = Counter[str]()  # how often the worker of a job was lost

    def go(self) -> None:
        """Make the jobs. After a failure what still runs is finished and committed, and nothing more is started."""
        waiting, failed = dict(self.due), list[BaseException]()
        while waiting or self.running:
            while not failed and len(self.running) < self.crew.workers and (found := self._next(waiting)):
                del waiting[found[0].name]
                self._start(*found)
            self.progress.show(job for job, _ in self.running.values())
            self.record.say(self.progress)
            done, _ = wait(self.running, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                job, place = self.running.pop(future)
                self.places.give(place, self.demands[job.name])
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

    def _next(self, waiting: dict[str, Job]) -> tuple[Job, int] | None:
        """Of the jobs that may start and for which there is a place, the one with the longest chain of jobs behind it."""
        unfinished = set(waiting) | {job.name for job, _ in self.running.values()}
        ready = [job for job in waiting.values() if not unfinished.intersection(job.needs)]
        for job in sorted(ready, key=lambda job: -self.chains[job.name]):
            if (place := self.places.take(self.demands[job.name])) is not None:
                return job, place
        return None

    def _start(self, job: Job, place: int) -> None:
        inputs, there = {need: self.keys[need] for need in job.needs}, self.places.all[place]
        future = self.crew.submit(perform, job, self.keys[job.name], inputs, self.workspace.root, self.workspace.profile, there.device, place=there)
        self.running[future] = (job, place)


def _failure(future: Future[Path]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()

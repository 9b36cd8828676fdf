"""A run on many machines without the machines: the study's jobs as events, from what each takes (`Costs.demands`).

Jobs are placed by the rules of the runner itself (`workflow.placement`). Jobs that share a GPU share its time: each is as fast as alone while
their shares add up to at most one, and all are slower in proportion beyond that. So sharing gains what a GPU would wait for processors, and
nothing else; that one step may leave parts of a GPU unused is not counted.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..profiles import Profile
from ..workflow.jobs import Job
from ..workflow.placement import Demand, Place, Places, chains

ORDERS = ("table", "cost", "longest", "chain")
GPU_MEGABYTES = 140_000  # of the reference GPU
DAY = 86400.0


@dataclass(frozen=True)
class Failures:
    """A place fails ``a_day`` times a day on average, at random moments, and is back after ``repair`` seconds. Its jobs begin again, or at
    their last checkpoint: ``parts`` says in how many parts the work of a function is kept (`resumable`).
    """

    a_day: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    repair: float = 600.0
    seed: int = 0


def resumable(profile: Profile) -> dict[str, float]:
    """In how many parts training keeps what it has done, and a classifier: steps by steps between checkpoints, or epochs."""
    training, classifier = profile.training, profile.classifier
    found = {"train": training.steps / training.checkpoint_every} if training.checkpoint_every else {}
    if classifier.checkpoint_every:
        by_steps = classifier.recipe == "steps"
        found["classify"] = classifier.steps / classifier.checkpoint_every if by_steps else classifier.head_epochs + classifier.epochs
    return found


@dataclass(frozen=True)
class Outcome:
    """``wall`` seconds of the run; ``busy`` the share of the GPUs' (without one, of the seats') time in which they compute for jobs; the
    ``chain`` of jobs that none can shorten, in seconds; seconds of work ``lost`` to ``failures``; the ``ends`` of jobs, and ``finished``: a run
    that fails faster than it works is given up.
    """

    wall: float
    busy: float
    chain: float
    lost: float
    failures: int
    ends: dict[str, float] = field(repr=False)
    finished: bool = True


def cluster(gpus: int, *, share: int = 1, processors: int = 8, megabytes: float = GPU_MEGABYTES) -> list[Place]:
    """GPUs that up to ``share`` jobs use at a time, and the ``processors`` of each GPU's machine for work that needs none.

    With no such processors, all work takes a GPU's seat.
    """
    return [Place("cuda", share, megabytes)] * gpus + [Place("cpu", processors, 0, gpu=False)] * (gpus if processors else 0)


def simulate(jobs: Mapping[str, Job], demands: Mapping[str, Demand], places: Sequence[Place], *, order: str = "chain",
             failures: Failures = Failures(), most: float = 100 * 365 * DAY) -> Outcome:  # fmt: skip
    """The run of ``jobs`` at ``places``; ``order`` says which of the jobs that may start goes first, one of `ORDERS`.

    It is given up after ``most`` seconds.
    """
    return _Simulation(jobs, demands, places, order, failures).run(most)


def divided(jobs: Mapping[str, Job], demands: Mapping[str, Demand], name: str, parts: int) -> tuple[dict[str, Job], dict[str, Demand]]:
    """The same with one job in so many equal parts, which run side by side."""
    pieces = {f"{name}/{i}": replace(jobs[name], name=f"{name}/{i}") for i in range(parts)}
    found, asked = {}, {other: demand for other, demand in demands.items() if other != name}
    for other, job in jobs.items():
        needs = tuple(part for need in job.needs for part in (pieces if need == name else (need,)))
        found |= pieces if other == name else {other: replace(job, needs=needs)}
    return found, asked | {part: replace(demands[name], seconds=demands[name].seconds / parts) for part in pieces}


class _Simulation:
    """``left`` is the work that each running job still has, in seconds by itself, at the ``time`` when its place was last looked at."""

    def __init__(self, jobs: Mapping[str, Job], demands: Mapping[str, Demand], places: Sequence[Place], order: str, failures: Failures) -> None:
        self.jobs, self.demands, self.failures = jobs, demands, failures
        self.places, self.random = Places(places), random.Random(failures.seed)
        self.chains = chains(jobs, {name: d.seconds for name, d in demands.items()})
        first = {"table": lambda name: 0.0, "cost": lambda name: -jobs[name].cost, "longest": lambda name: -demands[name].seconds,
                 "chain": lambda name: -self.chains[name]}[order]  # fmt: skip
        self.rank = {name: (first(name), i) for i, name in enumerate(jobs)}
        self.needs = {name: {need for need in job.needs if need in jobs} for name, job in jobs.items()}
        self.followers: dict[str, list[str]] = {name: [] for name in jobs}
        for name, needs in self.needs.items():
            for need in needs:
                self.followers[need].append(name)
        self.ready = sorted((name for name in jobs if not self.needs[name]), key=self.rank.__getitem__)
        self.left = [dict[str, float]() for _ in places]
        self.begun = dict[str, float]()  # the work done of a job that failed after a checkpoint
        self.looked, self.versions, self.down = [0.0] * len(places), [0] * len(places), [0.0] * len(places)
        self.events: list[tuple[float, int, int, str]] = []  # time, place, version, what
        self.time, self.lost, self.computed, self.count = 0.0, 0.0, 0.0, 0
        self.ends: dict[str, float] = {}

    def run(self, most: float) -> Outcome:
        for place in range(len(self.left)) if self.failures.a_day else ():
            self._expect_failure(place)
        self._start()
        while len(self.ends) < len(self.jobs) and self.events:
            self.time, place, version, what = heapq.heappop(self.events)
            if self.time > most:
                break
            if what == "done" and version != self.versions[place]:
                continue
            self._advance(place)
            {"done": self._finish, "failure": self._fail, "back": lambda place: None}[what](place)
            self._start()
            self._expect_end(place)
        return self._outcome()

    def _outcome(self) -> Outcome:
        gpus = sum(place.gpu and place.megabytes > 0 for place in self.places.all)
        wall = max(self.ends.values(), default=0.0) if len(self.ends) == len(self.jobs) else self.time
        busy = self.computed / wall / gpus if wall and gpus else 0.0
        return Outcome(wall, busy, max(self.chains.values(), default=0.0), self.lost, self.count, self.ends, len(self.ends) == len(self.jobs))

    def _start(self) -> None:
        """Give every job that may start a seat, while there are seats; where a kind of seat is gone, the next jobs are asked."""
        refused = set[tuple[bool, float]]()
        waiting = []
        for name in self.ready:
            demand = self.demands[name]
            kind = (demand.gpu, demand.megabytes)
            place = None if kind in refused else self.places.take(demand)
            if place is None:
                refused.add(kind)
                waiting.append(name)
                continue
            self._advance(place)
            self.left[place][name] = demand.seconds - self.begun.get(name, 0.0)
            self._expect_end(place)
        self.ready = waiting

    def _rate(self, place: int) -> float:
        """Seconds of work in a second of each job at a place."""
        if self.time < self.down[place]:
            return 0.0
        return 1 / max(1.0, sum(self.demands[name].share for name in self.left[place]) if self.places.all[place].gpu else 0.0)

    def _advance(self, place: int) -> None:
        """Bring the jobs of a place to the present."""
        since = max(self.looked[place], self.down[place])
        self.looked[place] = self.time
        if self.time > since:
            worked = (self.time - since) * self._rate(place)
            for name in self.left[place]:
                self.left[place][name] -= worked
                self.computed += worked * (self.demands[name].share if self.places.all[place].gpu else 0.0)

    def _expect_end(self, place: int) -> None:
        """Note when the next job of a place will be done, in place of what was noted before."""
        self.versions[place] += 1
        if self.left[place] and (rate := self._rate(place)):
            end = self.time + max(min(self.left[place].values()), 0.0) / rate
            heapq.heappush(self.events, (end, place, self.versions[place], "done"))

    def _finish(self, place: int) -> None:
        """End the job with the least left, which is the one that was expected."""
        name = min(self.left[place], key=self.left[place].__getitem__)
        del self.left[place][name]
        self.places.give(place, self.demands[name])
        self.ends[name] = self.time
        for other in self.followers[name]:
            self.needs[other].discard(name)
            if not self.needs[other]:
                self._wait(other)

    def _wait(self, name: str) -> None:
        self.ready.append(name)
        self.ready.sort(key=self.rank.__getitem__)

    def _fail(self, place: int) -> None:
        """Jobs of the place lose what they did since their last checkpoint, and begin again when it is back."""
        for name, left in self.left[place].items():
            done = self.demands[name].seconds - left
            parts = self.failures.parts.get(self.jobs[name].work.rpartition(":")[2], 0)
            part = self.demands[name].seconds / max(parts, 1)
            self.begun[name] = done // part * part if parts and done > 0 else 0.0
            self.lost += done - self.begun[name]
            self.left[place][name] = self.demands[name].seconds - self.begun[name]
        self.count += 1
        self.down[place] = self.time + self.failures.repair
        heapq.heappush(self.events, (self.down[place], place, 0, "back"))
        self._expect_failure(place)

    def _expect_failure(self, place: int) -> None:
        heapq.heappush(self.events, (self.time + self.random.expovariate(self.failures.a_day / DAY), place, 0, "failure"))

"""Where a job goes: which of an engine's places has room for it, and which of the jobs that may start goes first.

The runner and the simulation of large runs (`planning.simulate`) decide by these same rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..common import devices
from .jobs import Job


@dataclass(frozen=True)
class Demand:
    """What a job takes: ``seconds`` by itself, the ``share`` of them in which a GPU computes for it (0: it needs none), and GPU memory."""

    seconds: float = 1.0
    share: float = 1.0
    megabytes: float = 0.0

    @property
    def gpu(self) -> bool:
        """Whether it computes on a GPU."""
        return self.share > 0


@dataclass(frozen=True)
class Place:
    """A GPU, or processors without one: ``seats`` jobs at a time, whose GPU memory fits in ``megabytes``.

    ``device`` is where its networks are to run, found where the job runs (`devices.find`); ``resources`` is what the engine calls such a place.
    """

    device: str
    seats: float = math.inf
    megabytes: float = math.inf
    gpu: bool = True
    resources: Mapping[str, float] = field(default_factory=dict)


def here(device: str) -> list[Place]:
    """The GPUs meant by a device's name on this machine, or its processors. Raises UserError."""
    return [Place(name, megabytes=devices.megabytes(name)) for name in devices.find(device)]


class Places:
    """The places of a run and what is taken of each.

    >>> places = Places([Place("cuda:0", 2, 80_000), Place("cuda:1", 2, 80_000)])
    >>> [places.take(Demand(1, 1, mb)) for mb in (50_000, 50_000, 50_000, 20_000)]
    [0, 1, None, 0]
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.all = list(places)
        self._taken: list[list[Demand]] = [[] for _ in places]
        self._processors = any(not place.gpu for place in places)
        self._most = max(place.megabytes for place in places)

    def take(self, demand: Demand) -> int | None:
        """Take a seat, and say at which place; None if there is none now. Of several the one whose GPU has least to do, then the smallest.

        A job that needs more memory than any place has goes to the largest, by itself. One without need of a GPU leaves them
        to others where there are processors for it.
        """
        apart = not demand.gpu and self._processors
        fitting = [i for i, place in enumerate(self.all) if place.gpu != apart and self._room(i, demand)]
        found = min(fitting, key=lambda i: (sum(d.share for d in self._taken[i]), self.all[i].megabytes, len(self._taken[i])), default=None)
        if found is not None:
            self._taken[found].append(demand)
        return found

    def give(self, place: int, demand: Demand) -> None:
        """Free a seat."""
        self._taken[place].remove(demand)

    def _room(self, at: int, demand: Demand) -> bool:
        place, taken = self.all[at], self._taken[at]
        if len(taken) >= place.seats:
            return False
        return sum(min(d.megabytes, self._most) for d in (*taken, demand)) <= place.megabytes


def chains(jobs: Mapping[str, Job], seconds: Mapping[str, float]) -> dict[str, float]:
    """Of each job the seconds of the longest chain of jobs that begins with it, each of which waits for the one before.

    ``jobs`` are in an order in which they can run, as in `program.table`.

    >>> jobs = {"a": Job("a", "m:f", ()), "b": Job("b", "m:f", (), needs=("a",))}
    >>> chains(jobs, {"a": 1.0, "b": 2.0})
    {'b': 2.0, 'a': 3.0}
    """
    found: dict[str, float] = {}
    after: dict[str, float] = {}
    for name, job in reversed(list(jobs.items())):
        found[name] = seconds[name] + after.get(name, 0.0)
        for need in job.needs:
            after[need] = max(after.get(need, 0.0), found[name])
    return found

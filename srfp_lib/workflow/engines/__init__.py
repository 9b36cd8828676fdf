"""Where jobs run. An engine takes a function and its arguments and gives back a future; adding one is a file and a row of `ENGINES`."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from ...common.errors import UserError
from ..placement import Place


class Engine(Protocol):
    """``workers`` is how many jobs it takes at a time. What a job writes lies in the workspace, which all workers see."""

    workers: int

    def places(self, device: str, /) -> list[Place]:
        """Where its jobs run, each on that ``device`` (`devices.find`)."""
        ...

    def submit(self, function: Callable[..., Any], /, *arguments: Any, place: Place | None = None) -> Future[Any]:
        """Call ``function(*arguments)`` on a worker, of such a place if one is given."""
        ...

    def lost(self, failure: BaseException, /) -> int:
        """How many workers, or their machines, failed with a job, so that another may do it; 0 if the job failed for its own sake.

        Raises UserError if the engine itself is gone.
        """
        ...

    def close(self) -> None:
        """Stop at once; unfinished work is lost and made again by the next run."""
        ...


TRIES = 4  # of a job whose workers, or their machines, fail
ENGINES = {"local": "local:Local", "dask": "dask:Dask", "slurm": "slurm:Slurm"}  # by name: module and class in this folder


def check(name: str, workers: int) -> None:
    """Refuse an engine that does not exist, a number of workers that is none, and a process that may not start others."""
    if name not in ENGINES:
        raise UserError(f"there is no engine '{name}': choose one of {', '.join(ENGINES)}")
    if type(workers) is not int or workers < 1:
        raise UserError(f"--workers is {workers}: give 1 or more")
    if multiprocessing.current_process().daemon:
        raise UserError("a worker of multiprocessing.Pool may start no processes, and so cannot make jobs: call this from the program itself")


def make(name: str, workers: int, scheduler: str = "") -> Engine:
    """An engine by name; ``scheduler`` is the address of one that runs already. Raises UserError."""
    check(name, workers)
    module, kind = ENGINES[name].split(":")
    return getattr(importlib.import_module(f".{module}", __name__), kind)(workers, scheduler)

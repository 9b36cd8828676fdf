"""Steps of a Slurm allocation, by executorlib (the extra "cluster"): a Python process a task, started by srun and kept for all jobs.

    salloc --ntasks 8 --gpus 8 python -m srfp_lib run --engine slurm --workers 8
    sbatch --ntasks 8 --time 24:00:00 --wrap "python -m srfp_lib run --engine slurm --workers 8"

executorlib rather than submitit, because it gives futures as the standard library does, and starts a process once, not once a job;
the smallest jobs take less time than the start of one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

import psutil

from ...common.errors import MachineError, UserError
from ..placement import Place
from . import TRIES, local, remote


class Slurm:
    """An executor of `executorlib.SlurmJobExecutor`: one core, and one of the allocation's GPUs if it has any, for each worker."""

    def __init__(self, workers: int, scheduler: str = "") -> None:
        if scheduler:
            raise UserError(f"--scheduler is {scheduler}, and --engine slurm finds its own: leave it out")
        if not os.environ.get("SLURM_JOB_ID") or not shutil.which("srun"):
            raise UserError("--engine slurm runs within an allocation: salloc --ntasks 8 python -m srfp_lib run --engine slurm --workers 8")
        _ask(os.environ["SLURM_JOB_ID"])
        try:
            from executorlib import SlurmJobExecutor
            from executorlib.standalone.interactive.communication import ExecutorlibSocketError
        except ImportError:
            raise UserError("--engine slurm needs the package executorlib: pip install -e '.[cluster]'") from None
        self.workers, self.faults = workers, (ExecutorlibSocketError, CancelledError, MachineError)
        resources = {"cores": 1, "threads_per_core": 1, "gpus_per_core": int("SLURM_GPUS" in os.environ), "cwd": os.getcwd()}
        self._pool = SlurmJobExecutor(max_workers=workers, resource_dict=resources, block_allocation=True, init_function=_prepared,
                                      disable_dependencies=True, restart_limit=1000)  # fmt: skip

    def places(self, device: str) -> list[Place]:
        """The processes, each with the GPU that srun gave it."""
        return [Place(device)]

    def submit(self, function: Callable[..., Any], *arguments: Any, place: Place | None = None) -> Future[Any]:
        """Call the function in the next free process."""
        return _limited(self._pool.submit(remote.call, function, *arguments))

    def lost(self, failure: BaseException) -> int:
        """Whether a process went with the job; executorlib has given it to others by then."""
        return TRIES if isinstance(failure, _LostTooOften) else int(isinstance(failure, self.faults))

    def close(self) -> None:
        """End the processes: executorlib would wait for what runs, so their steps are told to stop."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.name() == "srun":
                    child.terminate()


def _ask(allocation: str) -> None:
    """Raises UserError if Slurm does not know the allocation: srun would try again and again."""
    try:
        known = subprocess.run(["scontrol", "show", "job", allocation], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        known = False
    if not known:
        raise UserError(f"Slurm does not answer for the allocation '{allocation}' (SLURM_JOB_ID): start a new one by salloc")


class _LostTooOften(Exception):
    pass


def _limited(future: Future[Any]) -> Future[Any]:
    """A future that starts at most `TRIES` times: executorlib starts it again whenever its process is lost."""
    start, left = future.set_running_or_notify_cancel, iter(range(TRIES))

    def once_more() -> bool:
        if next(left, None) is None:
            future.set_exception(_LostTooOften())
            return False
        return start()

    future.set_running_or_notify_cancel = once_more  # type: ignore[method-assign]
    return future


def _prepared() -> dict[str, Any]:
    local.prepare()
    return {}

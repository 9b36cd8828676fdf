"""Workers of a Dask cluster: one that runs already, or one on this machine for the time of a run (the extra "cluster").

    dask scheduler                                                      # on one machine, says its address
    dask worker tcp://HOST:8786 --nthreads 1 --nworkers 8 --no-dashboard  # on each, in a folder from which srfp_lib can be imported
    python -m srfp_lib run --engine dask --scheduler tcp://HOST:8786

GPUs are resources, in megabytes of memory: a worker for each, or several that divide its memory between them, and some for work without one.

    CUDA_VISIBLE_DEVICES=0 dask worker tcp://HOST:8786 --nthreads 1 --nworkers 1 --no-dashboard --resources GPU_MB=139000
    dask worker tcp://HOST:8786 --nthreads 1 --nworkers 6 --no-dashboard --resources CPU=1

`QUIET` names settings that make workers of one's own cost less, as environment variables DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL=1s and the
like. The workspace lies on a file system that all of them share. A worker that is lost takes no finished job with it: its job is given to another.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

from ...common.errors import MachineError, UserError
from .. import placement
from ..placement import Place
from ..progress import hush
from . import local, remote

ADDRESS = re.compile(r"(tcp|tls|ucx|wss?)://.+:([1-9]\d{0,4})$")
GPU = "GPU_MB"  # the resource of a worker that has a GPU to itself, or a part of one: megabytes of its memory
QUIET = {
    "distributed.scheduler.allowed-failures": 0,  # the runner counts them
    # Workers look at themselves 150 times a second, which costs a job of one thread 5 % of its time.
    "distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "1s", "distributed.admin.system-monitor.interval": "30s",
}  # fmt: skip
PATIENCE = 30  # seconds to wait for a scheduler and for its first worker


class Dask:
    """An executor of `distributed.Client`; every worker has one thread."""

    def __init__(self, workers: int, scheduler: str = "") -> None:
        if scheduler and not ADDRESS.match(scheduler):
            raise UserError(f"--scheduler is '{scheduler}', and a Dask scheduler has an address such as tcp://HOST:8786: give it so")
        try:
            import dask
            import distributed
            from distributed.comm import CommClosedError
        except ImportError:
            raise UserError("--engine dask needs the package distributed: pip install -e '.[cluster]'") from None
        hush("distributed", "tornado", "asyncio")
        with dask.config.set(QUIET):
            self.cluster = None if scheduler else distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, memory_limit=0, dashboard_address=":0", host="127.0.0.1",
                silence_logs=logging.CRITICAL)  # fmt: skip
        try:
            self.client = distributed.Client(self.cluster or scheduler, timeout=PATIENCE, set_as_default=False)
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError, TypeError) as error:  # of tls, without its certificates
            raise UserError(
                f"the Dask scheduler '{scheduler}' or its workers do not answer ({error}): start both, or leave --scheduler out"
            ) from None
        self.client.register_worker_callbacks(local.prepare)  # of workers that join later too
        self.workers = len(self.client.nthreads()) if scheduler else workers
        self.killed, self.cut = distributed.KilledWorker, (CommClosedError, CancelledError)
        self._pools: dict[tuple[tuple[str, float], ...], Any] = {}  # by the resources of a worker

    def places(self, device: str) -> list[Place]:
        """Of workers on this machine its own; of others a place each, where they say what they have: GPU_MB, CPU."""
        if self.cluster:
            return placement.here(device)
        offers = [(worker["nthreads"], worker["resources"]) for worker in self.client.scheduler_info(n_workers=-1)["workers"].values()]
        if not any(GPU in offer for _, offer in offers):
            return [Place(device)]
        return [Place(device, seats, offer.get(GPU, 0.0), GPU in offer, offer) for seats, offer in offers]

    def submit(self, function: Callable[..., Any], *arguments: Any, place: Place | None = None) -> Future[Any]:
        """Call the function on whichever worker is free, of those that have at least the resources of the place.

        Not on the place's own worker: one that is lost comes back under another address.
        """
        resources = place.resources if place else {}
        pool = tuple(sorted(resources.items()))
        if pool not in self._pools:
            self._pools[pool] = self.client.get_executor(pure=False, **({"resources": dict(resources)} if resources else {}))
        return self._pools[pool].submit(remote.call, function, *arguments)

    def lost(self, failure: BaseException) -> int:
        """How many workers were lost with the job. A scheduler that comes back within half a minute is given it anew, else it is gone."""
        until = time.monotonic() + PATIENCE + 5
        while isinstance(failure, self.cut) and self.client.status == "connecting" and time.monotonic() < until:
            time.sleep(0.2)
        if self.client.status not in ("running", "connecting"):
            raise UserError("the Dask scheduler is gone, or cannot be reached: start it and its workers, and run the same command again")
        return failure.allowed_failures + 1 if isinstance(failure, self.killed) else int(isinstance(failure, (*self.cut, MachineError)))

    def close(self) -> None:
        """Cancel what waits and leave; a cluster of this run ends with it."""
        with suppress(Exception):  # of whatever kind, when the scheduler is gone
            for pool in self._pools.values():
                pool.shutdown(wait=False)
        with suppress(Exception):
            self.client.close(timeout=5)
        if self.cluster:
            self.cluster.close()

"""Processes on this machine."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from ...common import surroundings
from ...common.errors import UserError
from .. import placement
from ..placement import Place


class Local:
    """Processes on this machine, one thread each: two single-thread processes beat one process with two threads."""

    def __init__(self, workers: int, scheduler: str = "") -> None:
        if scheduler:
            raise UserError(f"--scheduler is {scheduler}, and --engine local has none: leave it out, or choose --engine dask")
        self.workers = workers
        self._pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start, initargs=(os.getpid(),))

    def places(self, device: str) -> list[Place]:
        """This machine's GPUs, shared by its processes, or its processors."""
        return placement.here(device)

    def submit(self, function: Callable[..., Any], *arguments: Any, place: Place | None = None) -> Future[Any]:
        """Run ``function(*arguments)`` in a process."""
        with _nameless_script():
            return self._pool.submit(function, *arguments)

    def lost(self, failure: BaseException) -> int:
        """None: where a process is killed, the system wants memory, and the next one would be killed too."""
        return 0

    def close(self) -> None:
        """Stop at once; unfinished work is lost and made again by the next run."""
        for process in list((self._pool._processes or {}).values()):
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _nameless_script() -> Generator[None]:
    """Processes that start within the block do not run the caller's script again, which may have no ``if __name__ == "__main__":``."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _start(parent: int) -> None:
    """Prepare a worker, deaf to Ctrl-C (the parent decides), and gone when the parent is."""
    prepare()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def prepare() -> None:
    """Prepare a worker of any engine: one thread, so that sums have one order, and memory that is kept."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    _keep_freed_memory()
    surroundings.prepare()


def _keep_freed_memory() -> None:
    """Tell glibc to keep large blocks: it gave them back to the system at every free, and got them again page by page, filled with zeros."""
    with suppress(AttributeError, OSError, TypeError):  # another C library
        libc, trim_threshold, mmap_threshold = ctypes.CDLL(None), -1, -3
        libc.mallopt(mmap_threshold, 2**25)
        libc.mallopt(trim_threshold, 2**30)


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

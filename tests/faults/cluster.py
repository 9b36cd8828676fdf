"""A Dask scheduler and workers as processes of their own, which are started again when they end, as a service manager would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

HOME = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(HOME), os.environ.get("PYTHONPATH", "")))),
                            "OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
                            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "60s"}  # fmt: skip


class Cluster:
    """A context manager. Workers have one thread and no nanny, so that a kill is a kill."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.address, self.port = folder, f"tcp://127.0.0.1:{port}", port
        self.log = (folder / "cluster.log").open("ab")
        self.ended, self.workers = threading.Event(), [self._worker() for _ in range(workers)]
        self.scheduler = self._scheduler()

    def __enter__(self) -> Cluster:
        threading.Thread(target=self._keep, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        time.sleep(0.3)
        for process in (*self.workers, self.scheduler):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        self.log.close()

    def start_scheduler(self) -> None:
        """Start it again, at the same address."""
        self.scheduler.wait()
        self.scheduler = self._scheduler()

    def worker_in(self, namespace: str, host: str) -> subprocess.Popen[bytes]:
        """One more worker, in a network namespace that knows this machine by an address; when it ends it is gone."""
        self.workers.append(process := self._worker(f"tcp://{host}:{self.port}", "ip", "netns", "exec", namespace))
        return process

    def _scheduler(self) -> subprocess.Popen[bytes]:
        return self._start("scheduler", "--host", "0.0.0.0", "--port", str(self.port), "--no-dashboard", "--no-show")

    def _worker(self, address: str = "", *before: str) -> subprocess.Popen[bytes]:
        return self._start("worker", address or self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0",
                           "--local-directory", str(self.folder / "dask"), "--death-timeout", "300", before=before)  # fmt: skip

    def _start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = [*before, sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        return subprocess.Popen(command, cwd=HOME, env=ENVIRONMENT, stdout=self.log, stderr=self.log)

    def _keep(self) -> None:
        while not self.ended.wait(0.1):
            for place, process in enumerate(self.workers):
                if process.poll() is not None and not self.ended.is_set() and "netns" not in process.args:
                    self.workers[place] = self._worker()


def kill(process: int) -> bool:
    """Whether there was a process of this number to kill."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True

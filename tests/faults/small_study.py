"""A study of forty jobs that take a second and no CPU: ``python -m tests.faults.small_study run --workspace W --engine dask ...``.

The options, sentences and exit codes are the command line's own. What is written into the file `trouble` beside the workspace befalls a job.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from argparse import Namespace

from srfp_lib.commands import cli
from srfp_lib.common.checkout import absolute
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow import run
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.workspace import Workspace

WIDTH, DEPTH = 8, 4
BYTES = 40_000


def work(desk: Desk, name: str, needs: tuple[str, ...]) -> None:
    """Bytes that follow from those of what is needed; a table for the last row."""
    trouble = desk.workspace.root.parent / "trouble"
    what, _, whom = trouble.read_text().partition(" ") if trouble.exists() else ("", "", "")
    rng = random.Random("".join(hashlib.sha256(desk.read(f"{need}.bin").read_bytes()).hexdigest() for need in needs) + name)
    print(f"{name} takes its time")
    time.sleep(rng.uniform(0.3, 1.5))
    if whom == name:
        befall(what)
    desk.write(f"{name}.bin").write_bytes(rng.randbytes(BYTES))
    desk.write("tables", f"{name}.csv").write_text(f"name,number\n{name},{rng.random()}\n")


def befall(what: str) -> None:
    """A mistake of the package's, a GPU that fell off, or work that takes two minutes."""
    if what == "long":
        for _ in range(1200):
            time.sleep(0.1)
    else:
        raise {"raise": ValueError("a mistake of ours"), "gpu": RuntimeError("CUDA error: unspecified launch failure")}[what]


def table() -> dict[str, Job]:
    """Rows of jobs, each of which needs two of the row before; and one that needs the last row."""
    jobs = list[Job]()
    for row in range(DEPTH):
        for column in range(WIDTH):
            needs = tuple(f"row{row - 1}/{(column + step) % WIDTH}" for step in (0, 1)) if row else ()
            jobs.append(job(f"row{row}/{column}", needs))
    jobs.append(job("end/0", tuple(f"row{DEPTH - 1}/{column}" for column in range(WIDTH))))
    return {job.name: job for job in jobs}


def job(name: str, needs: tuple[str, ...]) -> Job:
    return Job(name, "tests.faults.small_study:work", (f"{name}.bin", f"tables/{name}.csv"), (name, needs), needs)


def make(options: Namespace) -> int:
    """The command run, of this study."""
    jobs = table()
    workspace = Workspace.open(absolute(options.workspace), SMOKE)
    run.make(workspace, jobs, keys(jobs), list(jobs), engine=options.engine, workers=options.workers, scheduler=options.scheduler)
    return 0


def without_locks() -> None:
    """From now on the kernel refuses locks, as an NFS whose lock server is gone."""
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    fcntl.flock = fcntl.lockf = refuse


if __name__ == "__main__":
    cli._run = make
    if os.environ.get("WITHOUT_LOCKS"):
        without_locks()
    sys.exit(cli.main())

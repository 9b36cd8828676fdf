"""Functions and jobs that workers of every engine are given."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from srfp_lib.common.errors import UserError
from srfp_lib.profiles import Profile
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.jobs import Job


def product(a: int, b: int) -> int:
    return a * b


def where() -> int:
    return os.getpid()


def which_worker() -> str:
    """The name of the Dask worker that runs this."""
    import distributed

    return str(distributed.get_worker().name)


def threads() -> tuple[int, str | None]:
    import torch

    return torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")


def refuse() -> None:
    raise UserError("the photograph is blank")


def break_down() -> None:
    raise ValueError("a mistake of ours")


def same(job: Job, profile: Profile, path: Path) -> tuple[Job, Profile, Path]:
    return job, profile, path


def long_text(length: int) -> str:
    return "x" * length


def meet(folder: str, count: int) -> bool:
    """Whether so many calls were under way at one time."""
    Path(folder, str(os.getpid())).touch()
    until = time.monotonic() + 20
    while len(os.listdir(folder)) < count and time.monotonic() < until:
        time.sleep(0.02)
    return len(os.listdir(folder)) >= count


def wait_for_ever(note: str) -> None:
    Path(note).write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)


def write(desk: Desk, name: str) -> None:
    """A job that takes a moment."""
    time.sleep(0.05)
    desk.write(f"{name}.txt").write_text(name)


def write_where(desk: Desk, name: str) -> None:
    """A job that says on which Dask worker it ran, and on which device."""
    desk.write(f"{name}.txt").write_text(f"{which_worker()} {desk.device}")


def die_once(desk: Desk, name: str, note: str) -> None:
    """A job whose first worker is killed."""
    if not Path(note).exists():
        Path(note).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    desk.write(f"{name}.txt").write_text(name)


def blank(desk: Desk) -> None:
    """A job that fails for the user's sake, and says how often it was tried."""
    with desk.workspace.path("tries").open("a") as file:
        file.write("x")
    raise UserError("the photograph is blank")

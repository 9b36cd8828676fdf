"""Jobs run in the order of their needs, on any number of processes, and go on after any interruption."""

import os
import signal
import subprocess
import sys
import time

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow import engines, logs, run
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.workspace import Workspace


def append(desk: Desk, name: str, needs: tuple[str, ...]) -> None:
    """Write the texts of what is needed, and the own name."""
    before = "".join(desk.read(f"{need}.txt").read_text() for need in needs)
    desk.write(f"{name}.txt").write_text(f"{before}{name}")


def slow(desk: Desk, name: str) -> None:
    time.sleep(0.3)
    desk.write(f"{name}.txt").write_text(name)


def outlast(desk: Desk, name: str, other: str) -> None:
    """A job that ends a moment after another one has failed."""
    until = time.monotonic() + 60
    while not logs.path(desk.workspace.root, other).exists() or "failed" not in logs.path(desk.workspace.root, other).read_text():
        assert time.monotonic() < until
        time.sleep(0.02)
    slow(desk, name)


def fail(desk: Desk) -> None:
    desk.write("half.txt").write_text("half")
    raise UserError("the photograph is blank")


def die(desk: Desk) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fake:
    """A workspace with jobs of this test."""

    def __init__(self, root, jobs):
        table = {job.name: job for job in jobs}
        self.all = (Workspace(root, SMOKE), table, keys(table))

    def make(self, *names, **how):
        run.make(*self.all, names, **how)

    def pending(self, *names):
        return run.pending(*self.all, names)

    def states(self):
        return self.all[0].states(*self.all[1:])


def job(name, *needs, cost=1.0):
    return Job(name, "tests.test_run:append", (f"{name}.txt",), (name, needs), needs, cost=cost)


DIAMOND = [job("a"), job("b", "a", cost=5), job("c", "a"), job("d", "b", "c")]


@pytest.mark.parametrize("workers", [1, 2])
def test_needs_come_first(tmp_path, workers):
    study = Fake(tmp_path, DIAMOND)
    study.make("d", workers=workers)
    assert (tmp_path / "d.txt").read_text() == "abacd"
    assert set(study.states().values()) == {"done"}


def test_what_is_done_is_not_done_again(tmp_path):
    study = Fake(tmp_path, DIAMOND)
    study.make("d", workers=1)
    stamp = (tmp_path / "a.txt").stat().st_mtime_ns
    (tmp_path / "d.txt").unlink()
    assert list(study.pending("d")) == ["d"]
    study.make("d", workers=1)
    assert (tmp_path / "a.txt").stat().st_mtime_ns == stamp and study.states()["d"] == "done"


def test_a_finished_job_does_not_ask_for_what_it_was_made_from(tmp_path):
    study = Fake(tmp_path, DIAMOND)
    study.make("d", workers=1)
    (tmp_path / "a.txt").unlink()
    assert study.pending("d") == {}


def test_a_mistake_in_a_job_reaches_the_user_and_leaves_nothing(tmp_path):
    study = Fake(tmp_path, [Job("x", "tests.test_run:fail", ("half.txt",))])
    with pytest.raises(UserError, match="the photograph is blank"):
        study.make("x")
    assert not (tmp_path / "half.txt").exists() and study.states() == {"x": "missing"}


def test_a_failure_does_not_take_the_work_of_others_with_it(tmp_path):
    work = [Job("x", "tests.test_run:fail", ("half.txt",)), Job("y", "tests.test_run:outlast", ("y.txt",), ("y", "x")), job("z", "y")]
    study = Fake(tmp_path, work)
    with pytest.raises(UserError, match="the photograph is blank"):
        study.make("x", "y", "z", workers=2)
    assert study.states() == {"x": "missing", "y": "done", "z": "missing"}


def test_a_worker_that_is_killed_is_named(tmp_path):
    with pytest.raises(UserError, match="a worker process was ended from outside"):
        Fake(tmp_path, [Job("x", "tests.test_run:die", ("x.txt",))]).make("x")


def test_unknown_engines_and_no_workers_are_refused():
    with pytest.raises(UserError, match="there is no engine 'cloud'"):
        engines.make("cloud", 1)
    with pytest.raises(UserError, match="--workers is 0"):
        engines.make("local", 0)


SLOW = """
import sys
from pathlib import Path
from srfp_lib.workflow.jobs import Job
from tests.test_run import Fake
if __name__ == "__main__":
    jobs = [Job(f"j{i}", "tests.test_run:slow", (f"j{i}.txt",), (f"j{i}",)) for i in range(8)]
    Fake(Path(sys.argv[1]), jobs).make(*[j.name for j in jobs], workers=2)
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_same_command_goes_on(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, str(tmp_path / "slow.py"), str(tmp_path / "w")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for done in (0, 1, 4):
        started = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while len(list((tmp_path / "w").glob("j*.txt"))) < done and started.poll() is None:
            time.sleep(0.01)
        started.kill()
        started.wait()
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    assert sorted(p.name for p in (tmp_path / "w").glob("*.txt")) == [f"j{i}.txt" for i in range(8)]
    assert not list((tmp_path / "w" / ".staging").glob("*"))


def test_progress_says_what_is_left(capsys):
    progress = run.Progress({"a": job("a", cost=30), "b": job("b", cost=10)}, workers=2)
    progress.finish(job("a", cost=30))
    line = capsys.readouterr().err
    assert "[ 75%] 1/2 jobs" in line and "left" in line and "done a" in line

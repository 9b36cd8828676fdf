"""What a job says and how it fails lies in its log, whose name the user is told; a user's mistake is a sentence and no more."""

import errno
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from srfp_lib.common.errors import MachineError, UserError
from srfp_lib.planning import plan
from srfp_lib.workflow import failures, logs, run
from srfp_lib.workflow.desk import Desk, perform
from srfp_lib.workflow.jobs import keys
from tests.conftest import hurried
from tests.workflow.small_job import JOB


def talk(desk: Desk, text: str) -> None:
    """Says something by itself and by a child."""
    os.write(2, b"a warning\n")
    subprocess.run([sys.executable, "-c", "print('of a child')"], check=True)
    for name in ("one", "two.txt"):
        desk.write(name).write_text(text)


def refuse(desk: Desk, text: str) -> None:
    raise UserError("the photograph is blank")


def break_down(desk: Desk, text: str) -> None:
    raise ValueError("a mistake\nof ours")


def lose_gpu(desk: Desk, text: str) -> None:
    raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be ...")


def fill_temporary(desk: Desk, text: str) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/elsewhere/x")


def made(workspace, work, text="hello"):
    job = replace(JOB, work=f"{__name__}:{work}", arguments=(text,))
    table = {job.name: job}
    run.make(workspace, table, keys(table), [job.name], workers=1)


def log(workspace):
    return logs.path(workspace.root, JOB.name).read_text().splitlines()


def test_a_log_holds_what_was_said_and_is_replaced(workspace, monkeypatch):
    hurried(monkeypatch)
    made(workspace, "talk")
    assert log(workspace)[0].startswith("example/write · key ") and log(workspace)[1:] == ["a warning", "of a child", "done"]
    made(workspace, "talk", "other")
    assert log(workspace)[1:] == ["a warning", "of a child", "done"]


def test_a_user_s_mistake_is_one_sentence_in_the_log_too(workspace, monkeypatch):
    hurried(monkeypatch)
    with pytest.raises(UserError, match="^the photograph is blank$"):
        made(workspace, "refuse")
    assert log(workspace)[1:] == ["failed: the photograph is blank"]


def test_a_mistake_of_the_package_s_names_the_log_and_is_kept(workspace, monkeypatch):
    hurried(monkeypatch)
    sentence = r"'example/write' failed, and not by a mistake of yours \(ValueError: a mistake\): its log is '.*logs/example/write.log'"
    with pytest.raises(UserError, match=sentence):
        made(workspace, "break_down")
    assert log(workspace)[-1] == "failed: ValueError: a mistake" and "Traceback (most recent call last):" in log(workspace)


@pytest.mark.parametrize(("work", "sentence"), [("lose_gpu", "the GPU of '.*' failed while it made 'example/write'"),
                                                ("fill_temporary", "no space is left on a disk of '.*' that is not the workspace's")])  # fmt: skip
def test_a_machine_s_failure_is_one(workspace, work, sentence):
    job = replace(JOB, work=f"{__name__}:{work}")
    with pytest.raises(MachineError, match=sentence):
        perform(job, "key", {}, workspace.root, workspace.profile)
    assert logs.ending(workspace.root, job.name, "key").startswith(logs.FAILED) and not logs.ending(workspace.root, job.name, "other")
    assert "its log is" in str(failures.told(workspace.root, job.name, MachineError("x"), 4))


def test_status_names_the_log_of_what_failed(workspace, monkeypatch):
    hurried(monkeypatch)
    job = replace(JOB, work=f"{__name__}:break_down")
    with pytest.raises(UserError):
        made(workspace, "break_down")
    report = plan.report(workspace, {job.name: "missing"}, keys({job.name: job}))
    assert f"    {job.name} failed: ValueError: a mistake ('{logs.path(workspace.root, job.name)}')" in report.splitlines()


def test_a_long_log_loses_its_middle(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LONGEST", 1000)
    with logs.kept(tmp_path, "a", "key"):
        os.write(1, b"x" * 5000)
    text = logs.path(tmp_path, "a").read_text()
    assert len(text) < 1000 and text.startswith("a · key key") and text.endswith("xdone\n")


def test_where_no_log_can_be_written_the_work_goes_on(tmp_path):
    (tmp_path / "logs").touch()
    with logs.kept(tmp_path, "a", "key"):
        os.write(1, b"unheard")
    assert not logs.ending(tmp_path, "a", "key")

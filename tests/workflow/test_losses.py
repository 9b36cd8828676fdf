"""What failed for a machine's sake is tried by another worker, a few times and no more."""

import threading
from concurrent.futures import CancelledError, Future

import pytest

from srfp_lib.common.errors import MachineError, UserError
from srfp_lib.workflow import engines, run
from srfp_lib.workflow.engines import remote, slurm
from srfp_lib.workflow.jobs import keys
from tests.conftest import hurried
from tests.workflow.small_job import JOB


@pytest.fixture
def tries(monkeypatch, workspace):
    """Make a job on an engine with failures, of which each counts for so many workers; how often it was tried, and what was raised."""

    def make(failures, lost=1):
        tried, left = [], list(failures)

        def submit(self, function, *arguments, **_):
            tried.append(1)
            future = Future()
            future.set_exception(left.pop(0)) if left else future.set_result(function(*arguments))
            return future

        hurried(monkeypatch)
        monkeypatch.setattr(engines.local.Local, "submit", submit)
        monkeypatch.setattr(engines.local.Local, "lost", lambda self, failure: lost * isinstance(failure, CancelledError | MachineError))
        table = {JOB.name: JOB}
        try:
            run.make(workspace, table, keys(table), [JOB.name], workers=1)
        except UserError as error:
            return len(tried), str(error)
        return len(tried), ""

    return make


def test_another_worker_does_it(tries, capsys):
    assert tries([CancelledError(), MachineError("the GPU of 'a' failed")]) == (3, "")
    said = capsys.readouterr().err
    assert "the worker of example/write was lost: another one does it" in said and "the GPU of 'a' failed: another one does it" in said


@pytest.mark.parametrize(("lost", "times"), [(1, engines.TRIES), (engines.TRIES, 1)])
def test_at_most_so_often(tries, lost, times):
    tried, sentence = tries([CancelledError()] * 9, lost)
    assert tried == times and sentence.startswith(f"the worker of 'example/write' was lost {engines.TRIES} times") and "its log is" in sentence


def test_the_last_machine_is_named(tries):
    tried, sentence = tries([MachineError("the GPU of 'a' failed")] * 9)
    assert tried == engines.TRIES and sentence.startswith("the GPU of 'a' failed; its log is")


def test_a_user_s_mistake_is_not_tried_again(tries):
    assert tries([UserError("the photograph is blank")]) == (1, "the photograph is blank")


def test_a_worker_whose_machine_failed_leaves(monkeypatch):
    left = threading.Event()
    monkeypatch.setattr(remote, "GRACE", 0.01)
    monkeypatch.setattr(remote.os, "_exit", lambda code: left.set())

    def fail():
        raise MachineError("the GPU of 'a' failed")

    with pytest.raises(MachineError):
        remote.call(fail)
    assert left.wait(10) and remote.call(max, 1, 2) == 2


def test_a_future_of_slurm_starts_so_often():
    future = slurm._limited(Future())
    for _ in range(engines.TRIES):
        assert future.set_running_or_notify_cancel()
        future._state = "PENDING"  # what executorlib does when a process is lost
    assert not future.set_running_or_notify_cancel()
    assert isinstance(future.exception(timeout=0), slurm._LostTooOften)

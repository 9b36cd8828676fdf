"""A staging folder is finished or not, nobody's or somebody's, and a job that two workers finished is committed once."""

import json
import shutil
import time
from dataclasses import replace

import pytest

from srfp_lib.common.errors import MachineError, UserError
from srfp_lib.workflow import shared, staging
from srfp_lib.workflow.desk import Desk, perform
from srfp_lib.workflow.jobs import keys
from tests.workflow.small_job import JOB, make

KEY = keys({JOB.name: JOB})[JOB.name]


def done(workspace):
    return perform(JOB, KEY, {}, workspace.root, workspace.profile)


def test_a_folder_is_never_used_twice(workspace):
    assert staging.begin(workspace.root, "a/b") != staging.begin(workspace.root, "a/b")


def test_what_two_workers_finished_is_committed_once(workspace):
    key = make(workspace)
    before = workspace.path("receipts", "example", "write.json").stat()
    again = done(workspace)
    with workspace.lock():
        pass
    assert not again.exists() and workspace.state(JOB, key) == "done"
    assert workspace.path("receipts", "example", "write.json").stat() == before


def test_a_folder_that_was_swept_can_no_longer_be_sealed(workspace):
    """As when a runner was killed, the next call sweeps, and a worker of the first one goes on."""
    receipt = workspace.receipt(JOB.name) if make(workspace) else None
    folder = staging.begin(workspace.root, JOB.name)
    staging.sweep(workspace.root, lambda staged: pytest.fail(f"{staged} was committed"))
    (folder / "one").mkdir(parents=True)  # it goes on to write
    with pytest.raises(UserError, match="the staging folder of 'example/write' was removed while it worked"):
        staging.seal(folder, receipt)
    staging.sweep(workspace.root, lambda staged: pytest.fail(f"{staged} was committed"))
    assert not list((workspace.root / ".staging").glob("*")) and not (workspace.root / ".thrown").exists()


def test_what_is_sealed_while_it_is_moved_away_is_committed(workspace, monkeypatch):
    staged, found = done(workspace), []
    (staged / staging.SEAL).rename(staged / "later")

    def sealing(folder, aside=staging._aside):
        place = aside(folder)
        (place / "later").rename(place / staging.SEAL)
        return place

    monkeypatch.setattr(staging, "_aside", sealing)
    staging.sweep(workspace.root, lambda place: found.append(json.loads((place / staging.SEAL).read_text())["job"]))
    assert found == [JOB.name]


def disowned(desk: Desk) -> None:
    """A job that would take a minute, and whose folder is taken away."""
    shutil.rmtree(desk.out)
    for _ in range(600):
        time.sleep(0.1)
    desk.write("ends").touch()


def test_a_job_whose_folder_is_gone_ends_early(workspace, monkeypatch):
    monkeypatch.setattr(staging, "LOOKS", 0.05)
    began = time.monotonic()
    with pytest.raises(UserError, match="its run was succeeded by another"):
        perform(replace(JOB, work=f"{__name__}:disowned", arguments=()), KEY, {}, workspace.root, workspace.profile)
    assert time.monotonic() - began < 50


def test_what_is_under_way_is_known_by_job_and_host(workspace):
    staging.begin(workspace.root, "train/EDSR-x2")
    (task,) = staging.under_way(workspace.root)
    assert task.job == "train/EDSR-x2" and task.host == staging.platform.node() and task.process == staging.os.getpid() and task.since > 0
    (workspace.root / ".staging" / "odd").mkdir()
    (workspace.root / ".staging" / "odd" / staging.BEGUN).write_text("{")
    assert staging.under_way(workspace.root) == [task]


def test_hosts_that_share_no_file_system_are_told_so(workspace, monkeypatch):
    monkeypatch.setattr(shared, "PATIENCE", 0.01)
    with workspace.lock(), pytest.raises(UserError, match="must lie on a file system that all workers share"):
        workspace.commit(workspace.root / ".staging" / "example+write.elsewhere.1.a")
    with pytest.raises(MachineError, match="does not see what 'before' left"):
        perform(JOB, KEY, {"before": "key"}, workspace.root, workspace.profile)


def test_an_input_of_another_key_is_waited_for(workspace, monkeypatch):
    """NFS may show the older receipt for a while."""
    key, later = make(workspace), replace(JOB, arguments=("later",))
    new = keys({later.name: later})[later.name]
    monkeypatch.setattr(shared.time, "sleep", lambda _: make(workspace, later))
    shared.await_inputs(workspace.root, workspace.receipt, {JOB.name: new})
    assert new != key and workspace.receipt(JOB.name).key == new

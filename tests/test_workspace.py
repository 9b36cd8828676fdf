"""An artefact exists when its receipt does; one writer at a time; what is stale or damaged is said."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from srfp_lib import __version__, profiles
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow.desk import Desk, perform
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.workspace import Workspace


def write_two(desk: Desk, text: str) -> None:
    """A job for these tests."""
    desk.write("one", "a.txt").write_text(text)
    desk.write("two.txt").write_text(text)


def write_one(desk: Desk, text: str) -> None:
    """The same of a later version, that writes less."""
    desk.write("one", "a.txt").write_text(text)


JOB = Job("example/write", "tests.test_workspace:write_two", ("one", "two.txt"), ("hello",))


@pytest.fixture
def workspace(tmp_path):
    made = Workspace.open(tmp_path / "w", SMOKE)
    with made.lock():
        made.claim()
    return made


def make(workspace, job=JOB):
    key = keys({job.name: job})[job.name]
    with workspace.lock():
        workspace.commit(*perform(job, key, {}, workspace.root, workspace.profile))
    return key


def test_a_job_leaves_its_outputs_and_a_receipt(workspace):
    key = make(workspace)
    assert workspace.state(JOB, key) == "done"
    receipt = workspace.receipt(JOB.name)
    assert set(receipt.outputs) == {"one", "two.txt"} and receipt.versions["srfp_lib"]
    assert not list(workspace.path(".staging").glob("*"))


def test_without_a_receipt_there_is_no_artefact(workspace):
    key = make(workspace)
    workspace.path("receipts", "example", "write.json").unlink()
    assert workspace.state(JOB, key) == "missing"
    assert make(workspace) == key and workspace.state(JOB, key) == "done"


def test_other_settings_make_it_stale(workspace):
    make(workspace)
    changed = keys({JOB.name: replace(JOB, settings={"steps": 2})})[JOB.name]
    assert workspace.state(JOB, changed) == "stale"


def test_other_outputs_make_it_stale_and_the_older_ones_go(workspace):
    key = make(workspace)
    moved = replace(JOB, work="tests.test_workspace:write_one", outputs=("one",))
    assert workspace.state(moved, key) == "stale"
    assert make(workspace, moved) == key and workspace.state(moved, key) == "done"
    assert workspace.path("one", "a.txt").exists() and not workspace.path("two.txt").exists()


def test_a_key_follows_what_a_job_needs():
    below, above = Job("b", "m:f", ()), Job("a", "m:f", (), needs=("b",))
    first = keys({"b": below, "a": above})
    second = keys({"b": replace(below, settings={"x": 1}), "a": above})
    assert first["a"] != second["a"]


@pytest.mark.parametrize("damage", ["delete", "truncate"])
def test_missing_and_truncated_files_are_damage(workspace, damage):
    key = make(workspace)
    path = workspace.path("one", "a.txt")
    path.unlink() if damage == "delete" else path.write_text("h")
    assert workspace.state(JOB, key) == "damaged"


def test_changed_content_is_found_by_its_digest(workspace):
    key = make(workspace)
    workspace.path("two.txt").write_text("jello")
    assert workspace.state(JOB, key) == "done"
    assert workspace.altered(JOB.name) == ["two.txt"]


def test_a_damaged_receipt_is_named(workspace):
    make(workspace)
    workspace.path("receipts", "example", "write.json").write_text("{")
    with pytest.raises(UserError, match="receipt .* is damaged"):
        workspace.receipt(JOB.name)


def test_a_second_writer_is_refused_and_the_lock_goes_with_its_process(workspace):
    with workspace.lock(), pytest.raises(UserError, match="another run .* is writing"), workspace.lock():
        pass
    code = (
        "import os, pathlib; from srfp_lib.workflow.workspace import Workspace; "
        f"lock = Workspace.existing(pathlib.Path({str(workspace.root)!r})).lock(); lock.__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with workspace.lock():
        pass


def test_another_profile_is_refused(workspace):
    with pytest.raises(UserError, match="holds a run of profile 'smoke', not 'demo'"):
        Workspace.open(workspace.root, profiles.DEMO)


def test_a_newer_or_damaged_workspace_is_refused(workspace):
    path = workspace.path("profile.json")
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"format": 99, "version": "9.9"}))
    with pytest.raises(UserError, match="made by srfp_lib 9.9, which is newer"):
        Workspace.existing(workspace.root)
    path.write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        Workspace.existing(workspace.root)


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="is no workspace and is not empty"):
        Workspace.open(tmp_path, SMOKE)


def test_the_profile_is_read_back(workspace):
    assert Workspace.existing(workspace.root).profile == SMOKE


def test_a_file_is_written_whole_or_not_at_all(workspace, monkeypatch):
    workspace.write_text("a.txt", "old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        workspace.write_text("a.txt", "new")
    assert workspace.path("a.txt").read_text() == "old" and not list(workspace.root.glob("*.partial"))


def test_receipts_say_what_they_took(workspace):
    make(workspace)
    receipt = workspace.receipt(JOB.name)
    assert receipt.seconds >= 0 and receipt.peak_megabytes > 0 and __version__ in receipt.versions.values()

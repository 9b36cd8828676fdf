"""An artefact exists when its receipt does; one writer at a time; what is stale or damaged is said."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from srfp_lib import __version__, profiles
from srfp_lib.common.errors import UserError
from srfp_lib.common.files import write_whole
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


def write_inside(desk: Desk) -> None:
    """One file in a folder that another job owns."""
    desk.write("one", "a.txt").write_text("mine")


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
        workspace.commit(perform(job, key, {}, workspace.root, workspace.profile))
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


def test_fields_that_another_version_had_are_forgotten(workspace):
    path = workspace.path("profile.json")
    stored = json.loads(path.read_text())
    stored["profile"] |= {"gone": 1, "prnu": stored["profile"]["prnu"] | {"random_phase": True, "int8": True}}
    path.write_text(json.dumps(stored))
    found = Workspace.existing(workspace.root).profile
    assert found.prnu == replace(SMOKE.prnu, int8=True) and found.name == "smoke"


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="is no workspace and is not empty"):
        Workspace.open(tmp_path, SMOKE)


def test_the_profile_is_read_back(workspace):
    assert Workspace.existing(workspace.root).profile == profiles.at_home(SMOKE)


def test_a_file_is_written_whole_or_not_at_all(workspace, monkeypatch):
    write_whole(workspace.path("a.txt"), b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_whole(workspace.path("a.txt"), b"new")
    assert workspace.path("a.txt").read_text() == "old" and not list(workspace.root.glob("*.partial"))


def test_receipts_say_what_they_took(workspace):
    make(workspace)
    receipt = workspace.receipt(JOB.name)
    assert receipt.seconds >= 0 and receipt.peak_megabytes > 0 and __version__ in receipt.versions.values()


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(step):
    """Within the block the process ends before the given change of the file system; yields whether it came that far."""
    came = []

    def counted(function):
        def call(*arguments, **how):
            came.append(function)
            if len(came) == step:
                raise Killed
            return function(*arguments, **how)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "unlink", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        patch.setattr("shutil.rmtree", counted(shutil.rmtree))
        yield came


@pytest.mark.parametrize("before", ["nothing", "the same job", "another job with one of its paths"])
@pytest.mark.parametrize("step", range(1, 16))
def test_a_commit_that_is_killed_at_any_step_is_finished_by_the_next_writer(workspace, step, before):
    job = replace(JOB, arguments=("new",))
    if before != "nothing":
        make(workspace, JOB if before == "the same job" else replace(JOB, name="example/other"))
    key = keys({job.name: job})[job.name]
    staged = perform(job, key, {}, workspace.root, workspace.profile)
    aside = staged.rename(staged.parent.parent / "aside")  # taking the lock sweeps the staging folder
    lock = workspace.lock()
    lock.__enter__()
    aside.rename(staged)
    with killed_at(step) as came, suppress(Killed):
        workspace.commit(staged)
    assert len(came) <= 15
    workspace._lock.__exit__()
    with Workspace(workspace.root, SMOKE).lock():
        pass
    assert workspace.state(job, key) == "done" and workspace.altered(job.name) == []
    assert workspace.path("two.txt").read_text() == "new" and not list(workspace.path(".staging").glob("*"))
    assert len(workspace.all_receipts()) == 1


def test_a_path_belongs_to_one_job(workspace):
    first, second = (replace(JOB, name=f"example/{n}", arguments=(n,)) for n in ("first", "second"))
    keys_ = {job.name: make(workspace, job) for job in (first, second)}
    assert workspace.state(second, keys_[second.name]) == "done" and workspace.state(first, keys_[first.name]) == "missing"
    inside = Job("example/inside", "tests.test_workspace:write_inside", ("one/a.txt",))
    make(workspace, inside)
    assert workspace.state(second, keys_[second.name]) == "missing"


def test_checkpoints_belong_to_a_key_and_go_with_the_commit(workspace):
    desk = Desk(workspace, workspace.root, job=JOB.name, key="a")
    (desk.checkpoints() / "state").write_text("after 10 steps")
    assert (replace(desk, key="a").checkpoints() / "state").exists()
    assert not list(replace(desk, key="b").checkpoints().iterdir()) and not (desk.checkpoints() / "state").exists()
    make(workspace)
    assert not workspace.checkpoints(JOB.name).exists()


def forgetful(desk: Desk) -> None:
    """A job that leaves one of two outputs."""
    desk.write("two.txt").write_text("x")


def talkative(desk: Desk) -> None:
    """A job that leaves more than it names."""
    write_two(desk, "x")
    desk.write("three.txt").write_text("x")


def orphaned(desk: Desk) -> None:
    """A job whose staging folder is swept while it works, for its run was killed and succeeded."""
    desk.write("one", "a.txt").write_text("lost")
    shutil.rmtree(desk.out)
    desk.write("two.txt").write_text("x")


@pytest.mark.parametrize(("work", "sentence"), [
    ("forgetful", "'example/write' did not write one, which it is to leave"), ("talkative", "wrote three.txt, which its row does not name"),
    ("orphaned", "the staging folder of 'example/write' was removed while it worked"),
])  # fmt: skip
def test_only_what_a_job_promised_is_sealed(workspace, work, sentence):
    job = replace(JOB, work=f"tests.test_workspace:{work}", arguments=())
    with pytest.raises(UserError, match=sentence):
        make(workspace, job)
    assert workspace.state(job, keys({job.name: job})[job.name]) == "missing"


def test_who_lost_the_lock_touches_nothing(workspace):
    staged = perform(JOB, "key", {}, workspace.root, workspace.profile)
    aside = staged.rename(workspace.root / "aside")
    with pytest.raises(UserError, match="another run took over"), workspace.lock():
        workspace.path(".writer").write_text(json.dumps({"token": "theirs", "host": "elsewhere", "process": 1}))
        aside.rename(staged)
        workspace.commit(staged)
    assert staged.exists() and not workspace.path("one").exists()


def test_input_files_that_change_meanwhile_are_noticed(workspace):
    desk = Desk(workspace, workspace.root, job=JOB.name, content="a")
    desk.unchanged("a")
    with pytest.raises(UserError, match="the input files of 'example/write' changed while the study was running"):
        desk.unchanged("b")


def test_a_link_in_a_workspace_is_refused_before_anything_is_made(workspace, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    workspace.path("one").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="one' is a link: a workspace lies in one place"):
        make(workspace)


def test_a_sealed_job_whose_files_are_lost_is_made_again(workspace):
    """As in a copy that was made halfway: an old file in the place of an output is not the output."""
    make(workspace, replace(JOB, arguments=("old",)))
    job = replace(JOB, arguments=("new",))
    key = keys({job.name: job})[job.name]
    staged = perform(job, key, {}, workspace.root, workspace.profile)
    (staged / "two.txt").unlink()
    with workspace.lock():
        pass
    assert workspace.state(job, key) == "stale" and workspace.path("two.txt").read_text() == "old"


@pytest.mark.parametrize("wrong", [{"outputs": None}, {"outputs": {"one": "x"}}, {"outputs": {"one": {}}}, {"settings": []}, {"seconds": "4"},
                                   {"versions": None}, {"job": ["x"]}])  # fmt: skip
def test_a_receipt_of_other_types_is_damaged(workspace, wrong):
    make(workspace)
    path = workspace.path("receipts", "example", "write.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    with pytest.raises(UserError, match="receipt .* is damaged"):
        workspace.receipt(JOB.name)


def test_what_was_altered_is_not_taken_for_a_result(workspace):
    make(workspace)
    workspace.path("two.txt").write_text("jello")
    with pytest.raises(UserError, match="two.txt' was altered after it was made"):
        workspace.refuse_altered([JOB.name])


def test_recorded_inputs_count_only_for_the_places_that_were_named(workspace):
    make(workspace, replace(JOB, settings={"content": "a"}))
    assert Workspace(workspace.root, profiles.at_home(SMOKE)).recorded() == {JOB.name: "a"}
    other = replace(SMOKE, photographs=replace(SMOKE.photographs, source="/nowhere"))
    assert Workspace(workspace.root, other).recorded() == {}

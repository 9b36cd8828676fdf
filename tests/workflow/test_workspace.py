"""An artefact exists when its receipt does; one writer at a time; what is stale is said, and which run a folder holds."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from srfp_lib import __version__, profiles
from srfp_lib.common.errors import UserError
from srfp_lib.common.files import write_whole
from srfp_lib.profiles import SMOKE
from srfp_lib.study import Study
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.workspace import Workspace
from tests.workflow.small_job import JOB, make


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


def test_a_key_follows_what_a_job_needs():
    below, above = Job("b", "m:f", ()), Job("a", "m:f", (), needs=("b",))
    first = keys({"b": below, "a": above})
    second = keys({"b": replace(below, settings={"x": 1}), "a": above})
    assert first["a"] != second["a"]


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


def test_a_stored_control_that_is_gone_is_named_with_the_file_and_the_remedy(workspace):
    path, key = workspace.path("profile.json"), make(workspace)
    stored = json.loads(path.read_text())
    stored["profile"]["classifier"]["controls"] += ["colour-alone", "matched", "free-crops"]
    path.write_text(json.dumps(stored))
    with pytest.raises(UserError, match=r"profile.json', the profile that .*controls has 'free-crops'.*: give the --profile"):
        Study.open("", workspace.root)
    study = Study.open("smoke", workspace.root)
    assert study.workspace.state(JOB, key) == "done"
    study.make("no such job")


def test_a_stored_value_that_is_gone_is_named_with_the_file_and_the_remedy(workspace):
    path = workspace.path("profile.json")
    key, stored = make(workspace), json.loads(path.read_text())
    stored["profile"]["parsers"]["known_offset"] = ["s9"]
    path.write_text(json.dumps(stored | {"version": "0.9"}))
    for profile in ("", "smoke"):
        with pytest.raises(UserError, match=r"profile.json \[parsers\]: 'known_offset' must be one of .*'s9'.* by srfp_lib 0.9, .*: delete the file"):
            Study.open(profile, workspace.root)
    path.unlink()
    assert Study.open("smoke", workspace.root).workspace.state(JOB, key) == "done"


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="is no workspace and is not empty"):
        Workspace.open(tmp_path, SMOKE)


def test_a_lost_profile_is_named_and_written_again(workspace):
    key = make(workspace)
    workspace.path("profile.json").unlink()
    with pytest.raises(UserError, match="profile.json' is gone: give the --profile of the run to the command that made it, run or release"):
        Study.open("", workspace.root)
    study = Study.open("smoke", workspace.root)
    assert study.workspace.state(JOB, key) == "done"
    study.make("no such job")
    assert Study.open("", workspace.root).profile == study.profile


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Two files of one stem, and a run of the first where nobody named a folder."""
    monkeypatch.setattr("srfp_lib.study.HOME", tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.toml").write_text("profile = 'smoke'\n")
    Study.open(tmp_path / "a" / "mine.toml").workspace.claim()
    return tmp_path


def test_two_files_of_one_stem_do_not_share_a_folder(mine):
    with pytest.raises(UserError, match=f"runs/mine' holds a run of '{mine}/a/mine.toml', not of '{mine}/b/mine.toml': choose another --workspace"):
        Study.open(mine / "b" / "mine.toml")
    assert Study.open(mine / "b" / "mine.toml", mine / "runs" / "mine").profile.file == str(mine / "b" / "mine.toml")
    (mine / "a" / "mine.toml").write_text("profile = 'smoke'\nmaster_seed = 7\n")
    assert Study.open(mine / "a" / "mine.toml").profile.master_seed == 7


def test_a_file_that_was_moved_or_linked_goes_on(mine):
    (mine / "c").symlink_to(mine / "a")
    assert Study.open(mine / "c" / "mine.toml")
    (mine / "a" / "mine.toml").rename(mine / "b" / "mine.toml")
    assert Study.open(mine / "b" / "mine.toml")


def test_a_file_named_as_a_profile_does_not_share_its_folder(mine):
    (mine / "a" / "smoke.toml").write_text("profile = 'smoke'\nmaster_seed = 7\n")
    Study.open("smoke").workspace.claim()
    with pytest.raises(UserError, match="runs/smoke' holds a run of the named profile 'smoke', not of '.*/a/smoke.toml'"):
        Study.open(mine / "a" / "smoke.toml")


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


def test_input_files_that_change_meanwhile_are_noticed(workspace):
    desk = Desk(workspace, workspace.root, job=JOB.name, content="a")
    desk.unchanged("a")
    with pytest.raises(UserError, match="the input files of 'example/write' changed while the study was running"):
        desk.unchanged("b")


@pytest.mark.parametrize("wrong", [{"outputs": None}, {"outputs": {"one": "x"}}, {"outputs": {"one": {}}}, {"settings": []}, {"seconds": "4"},
                                   {"versions": None}, {"job": ["x"]}])  # fmt: skip
def test_a_receipt_of_other_types_is_damaged(workspace, wrong):
    make(workspace)
    path = workspace.path("receipts", "example", "write.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    with pytest.raises(UserError, match="receipt .* is damaged"):
        workspace.receipt(JOB.name)


def test_recorded_inputs_count_only_for_the_places_that_were_named(workspace):
    make(workspace, replace(JOB, settings={"content": "a"}))
    assert Workspace(workspace.root, profiles.at_home(SMOKE)).recorded() == {JOB.name: "a"}
    other = replace(SMOKE, photographs=replace(SMOKE.photographs, source="/nowhere"))
    assert Workspace(workspace.root, other).recorded() == {}

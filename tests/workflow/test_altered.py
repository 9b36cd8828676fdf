"""Outputs that were altered are found without reading those that were not."""

import os
import shutil
from pathlib import Path

import pytest

from srfp_lib.common import memory
from srfp_lib.common.errors import UserError
from srfp_lib.workflow import workspace as workspace_module
from srfp_lib.workflow.workspace import Workspace
from tests.workflow.small_job import JOB, make


@pytest.mark.parametrize("damage", ["delete", "truncate"])
def test_missing_and_truncated_files_are_damage(workspace, damage):
    key = make(workspace)
    path = workspace.path("one", "a.txt")
    path.unlink() if damage == "delete" else path.write_text("h")
    assert workspace.state(JOB, key) == "damaged"


@pytest.fixture
def read(monkeypatch):
    """The outputs that were read to learn their digest."""
    found = []
    monkeypatch.setattr(workspace_module, "digest", lambda path, digest=workspace_module.digest: found.append(path.name) or digest(path))
    return found


def afresh(workspace):
    """The same folder as another process sees it."""
    memory.memory.cache_clear()
    return Workspace.existing(workspace.root)


@pytest.mark.parametrize("path", ["two.txt", "one/a.txt"])
@pytest.mark.parametrize("how", ["written over", "exchanged, with the time of the other"])
def test_an_output_exchanged_by_one_of_the_same_size_is_damage(workspace, tmp_path, path, how):
    key, place = make(workspace), workspace.path(path)
    times = place.stat()
    (tmp_path / "other").write_text("jello")
    if how == "written over":
        place.write_text("jello")
    else:
        os.utime(tmp_path / "other", ns=(times.st_atime_ns, times.st_mtime_ns))
        (tmp_path / "other").replace(place)
    assert afresh(workspace).state(JOB, key) == "damaged" and workspace.altered(JOB.name) == [path.partition("/")[0]]
    assert make(workspace) == key and afresh(workspace).state(JOB, key) == "done"


def test_a_file_that_was_renamed_within_an_output_is_damage(workspace):
    key = make(workspace)
    workspace.path("one", "a.txt").rename(workspace.path("one", "b.txt"))
    assert workspace.state(JOB, key) == "damaged"


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "._a.txt"])
def test_a_look_into_a_folder_does_no_damage(workspace, name):
    key = make(workspace)
    workspace.path("one", name).write_bytes(b"left by a file browser")
    assert workspace.state(JOB, key) == "done" and workspace.altered(JOB.name) == []


def test_what_was_not_touched_is_never_read_again(workspace, read):
    key = make(workspace)
    assert afresh(workspace).state(JOB, key) == "done" and read == []
    workspace.root.rename(workspace.root.with_name("moved"))
    assert Workspace.existing(workspace.root.with_name("moved")).state(JOB, key) == "done" and read == []


@pytest.mark.parametrize("kept", ["", "with its times"])
def test_a_copy_is_read_once(workspace, tmp_path, read, kept):
    key = make(workspace)
    shutil.copytree(workspace.root, tmp_path / "copy", copy_function=shutil.copy2 if kept else shutil.copyfile)
    copy = Workspace.existing(tmp_path / "copy")
    assert copy.state(JOB, key) == "done" and sorted(read) == ["one", "two.txt"]
    assert afresh(copy).state(JOB, key) == "done" and len(read) == 2
    copy.path("two.txt").chmod(0o600)
    assert copy.state(JOB, key) == "done" and sorted(read) == ["one", "two.txt", "two.txt"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"two.txt": 3}', '{"two.txt": ["a", "b"], "one": ["a", "b"]}'])
def test_what_was_seen_may_be_lost_or_be_nonsense(workspace, content):
    key = make(workspace)
    (seen,) = workspace.path("receipts").rglob("*.seen")
    seen.write_text(content)
    assert afresh(workspace).state(JOB, key) == "done"


def test_a_workspace_that_cannot_be_written_is_read_once_a_process(workspace, read, monkeypatch):
    key = make(workspace)
    (seen,) = workspace.path("receipts").rglob("*.seen")
    seen.unlink()
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    copy = afresh(workspace)
    assert [copy.state(JOB, key) for _ in range(3)] == ["done"] * 3 and len(read) == 2


def test_what_was_altered_is_not_taken_for_a_result(workspace):
    make(workspace)
    workspace.path("two.txt").write_text("jello")
    with pytest.raises(UserError, match="two.txt' was altered after it was made"):
        workspace.refuse_altered([JOB.name])

"""A commit is finished whatever kills it, takes over what it owns, and takes nothing that was not promised."""

import json
import shutil
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow.desk import Desk, perform
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.workspace import Workspace
from tests.workflow.small_job import JOB, make, write_two


def test_other_outputs_make_it_stale_and_the_older_ones_go(workspace):
    key = make(workspace)
    moved = replace(JOB, work="tests.workflow.small_job:write_one", outputs=("one",))
    assert workspace.state(moved, key) == "stale"
    assert make(workspace, moved) == key and workspace.state(moved, key) == "done"
    assert workspace.path("one", "a.txt").exists() and not workspace.path("two.txt").exists()


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
    inside = Job("example/inside", "tests.workflow.small_job:write_inside", ("one/a.txt",))
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
    job = replace(JOB, work=f"tests.workflow.test_commit:{work}", arguments=())
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

"""A job of two files for the tests of workspaces."""

from srfp_lib.workflow.desk import Desk, perform
from srfp_lib.workflow.jobs import Job, keys


def write_two(desk: Desk, text: str) -> None:
    """The job."""
    desk.write("one", "a.txt").write_text(text)
    desk.write("two.txt").write_text(text)


def write_one(desk: Desk, text: str) -> None:
    """The same of a later version, that writes less."""
    desk.write("one", "a.txt").write_text(text)


def write_inside(desk: Desk) -> None:
    """One file in a folder that another job owns."""
    desk.write("one", "a.txt").write_text("mine")


JOB = Job("example/write", "tests.workflow.small_job:write_two", ("one", "two.txt"), ("hello",))


def make(workspace, job=JOB):
    key = keys({job.name: job})[job.name]
    with workspace.lock():
        workspace.commit(perform(job, key, {}, workspace.root, workspace.profile))
    return key

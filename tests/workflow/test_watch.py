"""``status --watch``: what a run leaves for others to see."""

import io
import json
import platform
import subprocess
from types import SimpleNamespace

import pytest

from srfp_lib.commands import watch
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow import progress, running, staging
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.running import Going

JOBS = {name: Job(name, "m:f", (f"{name}.txt",)) for name in ("train/a", "train/b", "images/a")}
GOING = Going(platform.node(), 1, "2026-01-01T00:00:00+00:00", "dask", 2, 1, 0.25, 1, 4, 10.0, 30.0)


@pytest.fixture
def study(workspace):
    key = keys(JOBS)
    return SimpleNamespace(workspace=workspace, jobs=JOBS, keys=key, profile=SMOKE, states=lambda: workspace.states(JOBS, key))


def test_a_record_is_the_run_s_and_goes_with_it(tmp_path):
    record, shown = running.Record(tmp_path, "local", 2), progress.Progress(JOBS, 2)
    record.say(shown)
    record.say(shown)  # a moment later
    going = Going.on(tmp_path)
    assert going and going.beat == 1 and going.jobs == 3 and not going.dead()
    other = json.loads((tmp_path / running.NAME).read_text()) | {"started": "later"}
    (tmp_path / running.NAME).write_text(json.dumps(other))
    record.end()
    assert Going.on(tmp_path)  # another run's
    (tmp_path / running.NAME).write_text("{}")
    assert Going.on(tmp_path) is None


def test_a_picture_says_what_runs_where(study):
    staging.begin(study.workspace.root, "train/b")
    (task,) = staging.under_way(study.workspace.root)
    lines = watch.picture(study, {"train/a": "done", "train/b": "missing", "images/a": "missing"}, GOING, [task], task.since + 75)
    assert lines[1].startswith("engine dask, 2 workers, runner on ")
    assert [line.split() for line in lines[2:5]] == [["train", "1", "done,", "1", "running"], ["images", "1", "missing"],
                                                     ["train/b", "01:15", "on", platform.node()]]  # fmt: skip
    assert lines[5] == "[ 25%] 1/4 jobs, 00:10, 00:30 left"


def test_elsewhere_a_line_is_said_when_something_changed(study, monkeypatch):
    out, told = io.StringIO(), [1, 1, 2, None]
    monkeypatch.setattr(watch.time, "sleep", lambda _: None)
    monkeypatch.setattr(Going, "on", lambda root: None if (n := told.pop(0)) is None else Going(**{**vars(GOING), "finished": n, "host": "far"}))
    assert watch.watch(study, out) == 0
    lines = out.getvalue().splitlines()
    assert [line.split(" jobs")[0] for line in lines] == ["[ 25%] 1/4", "[ 25%] 2/4", "the run has ended: 0 of 3"]


def test_a_terminal_is_drawn_over(study, monkeypatch):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    out, told = Screen(), [True, True, False]
    monkeypatch.setattr(watch.time, "sleep", lambda _: None)
    monkeypatch.setattr(Going, "on", lambda root: Going(**{**vars(GOING), "host": "far"}) if told.pop(0) else None)
    assert watch.watch(study, out) == 0
    assert out.getvalue().count("\x1b[5F\x1b[J") == 1 and "the run has ended" in out.getvalue()


def test_a_runner_that_is_gone_is_named(study, monkeypatch):
    child = subprocess.Popen(["true"])
    child.wait()
    monkeypatch.setattr(Going, "on", lambda root: Going(**{**vars(GOING), "process": child.pid}))
    out = io.StringIO()
    assert watch.watch(study, out) == 1 and "no longer answers" in out.getvalue()


def test_where_nothing_runs_it_says_so(study):
    out = io.StringIO()
    assert watch.watch(study, out) == 0 and out.getvalue() == "nothing is being made here: 0 of 3 jobs are done\n"

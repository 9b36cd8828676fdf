"""One contract for every engine: the same twelve cases. Dask runs where it is installed, Slurm within an allocation."""

from __future__ import annotations

import os
import shutil
import time
from importlib.util import find_spec

import psutil
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow import engines, run
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.workspace import Workspace
from tests.workflow import engine_cases as cases

THERE = {"local": True, "dask": find_spec("distributed"), "slurm": os.environ.get("SLURM_JOB_ID") and shutil.which("srun")}
EACH = [pytest.param(name, marks=pytest.mark.skipif(not there, reason=f"{name} is not here")) for name, there in THERE.items()]
HEALS = ("dask", "slurm")  # a job whose worker is lost is done by another


@pytest.fixture(scope="module", params=EACH)
def engine(request):
    made = engines.make(request.param, 2)
    yield made
    made.close()


def result(engine, function, *arguments):
    return engine.submit(function, *arguments).result(timeout=60)


def test_a_call_comes_back_with_its_result(engine):
    assert [result(engine, cases.product, n, 3) for n in range(5)] == [0, 3, 6, 9, 12]


def test_it_is_another_process(engine):
    assert result(engine, cases.where) != os.getpid()


def test_a_worker_has_one_thread(engine):
    assert result(engine, cases.threads) == (1, "1")


def test_a_sentence_for_the_user_comes_back_as_one(engine):
    with pytest.raises(UserError, match="^the photograph is blank$"):
        result(engine, cases.refuse)


def test_a_failure_of_the_job_is_not_the_machine_s(engine):
    for function in (cases.refuse, cases.break_down):
        failure = engine.submit(function).exception(timeout=60)
        assert failure is not None and not engine.lost(failure)


def test_what_a_job_is_given_arrives_as_it_was(engine, tmp_path):
    given = (Job("a/b", "m:f", ("x",), (("EDSR",), 2.5, None)), SMOKE, tmp_path)
    assert result(engine, cases.same, *given) == given


def test_a_long_result(engine):
    assert len(result(engine, cases.long_text, 5_000_000)) == 5_000_000


def test_as_many_at_a_time_as_it_has_workers(engine, tmp_path):
    assert engine.workers == 2
    assert all([future.result(timeout=60) for future in [engine.submit(cases.meet, str(tmp_path), 2) for _ in range(2)]])


@pytest.mark.parametrize("name", EACH)
def test_closing_ends_what_runs(name, tmp_path):
    engine, note = engines.make(name, 1), tmp_path / "worker"
    engine.submit(cases.wait_for_ever, str(note))
    until = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    engine.close()
    gone, alive = psutil.wait_procs([p for p in [_process(int(note.read_text()))] if p], timeout=20)
    assert not alive


def _process(number: int) -> psutil.Process | None:
    try:
        return psutil.Process(number)
    except psutil.NoSuchProcess:
        return None


def study(root, jobs):
    table = {job.name: job for job in jobs}
    return Workspace(root, SMOKE), table, keys(table)


@pytest.mark.parametrize("name", EACH)
def test_jobs_are_made_in_order_and_once(name, tmp_path):
    needs = {i: (f"n{i - 1}",) if i and i % 3 == 0 else () for i in range(9)}
    jobs = [Job(f"n{i}", "tests.workflow.engine_cases:write", (f"n{i}.txt",), (f"n{i}",), needs[i]) for i in range(9)]
    all_of_it = study(tmp_path / "w", jobs)
    run.make(*all_of_it, [job.name for job in jobs], engine=name, workers=2)
    assert set(all_of_it[0].states(*all_of_it[1:]).values()) == {"done"}
    assert [(tmp_path / "w" / f"n{i}.txt").read_text() for i in range(9)] == [f"n{i}" for i in range(9)]
    assert not list((tmp_path / "w" / ".staging").glob("*"))


@pytest.mark.parametrize("name", EACH)
def test_a_lost_worker_loses_nothing(name, tmp_path, capsys):
    jobs = [Job("before", "tests.workflow.engine_cases:write", ("before.txt",), ("before",)),
            Job("dies", "tests.workflow.engine_cases:die_once", ("dies.txt",), ("dies", str(tmp_path / "note")), ("before",))]  # fmt: skip
    all_of_it = study(tmp_path / "w", jobs)
    if name not in HEALS:
        with pytest.raises(UserError, match="a worker process was ended from outside"):
            run.make(*all_of_it, ["dies"], engine=name, workers=1)
        assert all_of_it[0].states(*all_of_it[1:]) == {"before": "done", "dies": "missing"}
    run.make(*all_of_it, ["dies"], engine=name, workers=1)
    assert set(all_of_it[0].states(*all_of_it[1:]).values()) == {"done"}


@pytest.mark.parametrize("name", EACH)
def test_a_user_s_mistake_is_tried_once(name, tmp_path):
    all_of_it = study(tmp_path / "w", [Job("blank", "tests.workflow.engine_cases:blank", ("x.txt",))])
    with pytest.raises(UserError, match="the photograph is blank"):
        run.make(*all_of_it, ["blank"], engine=name, workers=2)
    assert (tmp_path / "w" / "tries").read_text() == "x"
    assert not list((tmp_path / "w" / ".staging").glob("*"))


@pytest.mark.parametrize(("name", "scheduler", "sentence"), [
    ("cloud", "", "there is no engine 'cloud': choose one of local, dask, slurm"),
    ("local", "tcp://a:1", "--engine local has none"),
    ("slurm", "tcp://a:1", "--engine slurm finds its own"),
    ("slurm", "", "within an allocation"),
    ("dask", "http://127.0.0.1:8786", "a Dask scheduler has an address such as tcp://HOST:8786"),
    pytest.param("dask", "tcp://127.0.0.1:9", "the Dask scheduler 'tcp://127.0.0.1:9' or its workers do not answer",
                 marks=pytest.mark.skipif(not THERE["dask"], reason="dask is not here")),
])  # fmt: skip
def test_an_engine_that_cannot_be_had(name, scheduler, sentence, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr("srfp_lib.workflow.engines.dask.PATIENCE", 2)
    with pytest.raises(UserError, match=sentence):
        engines.make(name, 1, scheduler)


def test_an_allocation_that_is_gone_is_named(monkeypatch, tmp_path):
    for name in ("srun", "scontrol"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SLURM_JOB_ID", "5")
    with pytest.raises(UserError, match=r"does not answer for the allocation '5'"):
        engines.make("slurm", 1)


def test_an_engine_that_is_refused_leaves_nothing(tmp_path):
    all_of_it = study(tmp_path / "w", [Job("n", "tests.workflow.engine_cases:write", ("n.txt",), ("n",))])
    with pytest.raises(UserError, match="has none"):
        run.make(*all_of_it, ["n"], scheduler="tcp://a:1")
    assert not [path for path in (tmp_path / "w").iterdir() if not path.name.startswith(".")]

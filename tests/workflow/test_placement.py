"""Which job goes where, and first."""

from __future__ import annotations

import importlib.util

import pytest

from srfp_lib.profiles import SMOKE
from srfp_lib.workflow import engines, run
from srfp_lib.workflow.jobs import Job, keys
from srfp_lib.workflow.placement import Demand, Place, Places, chains, here
from srfp_lib.workflow.workspace import Workspace
from tests.conftest import hurried
from tests.workflow import engine_cases as cases

GPUS = [Place("cuda:0", megabytes=80_000), Place("cuda:1", megabytes=40_000)]


def gpu(megabytes, share=1.0):
    return Demand(1, share, megabytes)


def test_jobs_share_a_gpu_by_memory_the_idlest_first():
    places = Places(GPUS)
    assert [places.take(gpu(mb)) for mb in (30_000, 30_000, 30_000, 30_000)] == [1, 0, 0, None]
    places.give(1, gpu(30_000))
    assert places.take(gpu(30_000)) == 1


def test_what_is_larger_than_every_gpu_has_the_largest_to_itself():
    places = Places(GPUS)
    assert places.take(gpu(200_000)) == 0 and places.take(gpu(1)) == 1
    assert places.take(gpu(200_000)) is None


def test_work_without_a_gpu_leaves_gpus_alone_where_there_are_processors():
    cpu = Demand(1, 0.0)
    apart = Places([*GPUS, Place("cpu", 1, 0, gpu=False)])
    assert apart.take(cpu) == 2 and apart.take(cpu) is None and apart.take(gpu(1)) == 1
    together = Places([Place("cuda:0", 1)])
    assert together.take(cpu) == 0 and together.take(gpu(1)) is None


def test_the_processors_of_this_machine_take_any_number():
    places = Places(here("cpu"))
    assert [places.take(d) for d in (gpu(9e9), gpu(9e9), Demand(1, 0.0))] == [0, 0, 0]


def test_chains_are_those_of_the_jobs_that_wait():
    jobs = {"a": Job("a", "m:f", ()), "b": Job("b", "m:f", (), needs=("a",)), "c": Job("c", "m:f", (), needs=("a", "gone")),
            "d": Job("d", "m:f", (), needs=("b", "c"))}  # fmt: skip
    assert chains(jobs, {"a": 1, "b": 5, "c": 2, "d": 10}) == {"a": 16, "b": 15, "c": 12, "d": 10}


def test_the_job_with_most_behind_it_goes_first(tmp_path, monkeypatch, capsys):
    hurried(monkeypatch)
    jobs = [Job(name, "tests.workflow.engine_cases:write", (f"{name}.txt",), (name,), needs, cost=cost)
            for name, needs, cost in (("long", (), 5), ("first", (), 2), ("second", ("first",), 4), ("short", (), 1))]  # fmt: skip
    table = {job.name: job for job in jobs}
    run.make(Workspace(tmp_path / "w", SMOKE), table, keys(table), list(table), workers=1)
    said = [line.rpartition(" ")[2] for line in capsys.readouterr().err.splitlines() if "done" in line]
    assert said == ["first", "long", "second", "short"]


def test_demands_come_before_costs(tmp_path, monkeypatch, capsys):
    hurried(monkeypatch)
    jobs = {name: Job(name, "tests.workflow.engine_cases:write", (f"{name}.txt",), (name,), cost=cost) for name, cost in (("a", 5), ("b", 2))}
    run.make(Workspace(tmp_path / "w", SMOKE), jobs, keys(jobs), list(jobs), workers=1, demands={"a": Demand(1), "b": Demand(9)})
    said = [line.rpartition(" ")[2] for line in capsys.readouterr().err.splitlines() if "done" in line]
    assert said == ["b", "a"]


@pytest.fixture
def cluster():
    """Three workers in this process that say what they have; no GPU is looked for."""
    from distributed import Scheduler, SpecCluster, Worker

    offers = {"large": {"GPU_MB": 100_000}, "small": {"GPU_MB": 20_000}, "none": {"CPU": 1}}
    options = {"nthreads": 1, "dashboard": False, "host": "127.0.0.1"}
    workers = {name: {"cls": Worker, "options": {"resources": offer, "name": name, **options}} for name, offer in offers.items()}
    scheduler = {"cls": Scheduler, "options": {"host": "127.0.0.1", "dashboard": False, "dashboard_address": ":0"}}
    with SpecCluster(workers=workers, scheduler=scheduler, silence_logs=40) as made:
        yield made


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="dask is not here")
def test_dask_sends_a_job_to_a_worker_that_has_its_resources(cluster, monkeypatch):
    monkeypatch.setattr("srfp_lib.workflow.engines.local.prepare", lambda: None)  # this process is not prepared as a worker
    engine = engines.make("dask", 8, cluster.scheduler_address)
    places = Places(engine.places("auto"))
    there = {place.device: place for place in places.all}
    assert list(there) == ["auto"] and sorted(p.megabytes for p in places.all) == [0, 20_000, 100_000]
    found = {}
    for demand in (Demand(1, 0.0), gpu(15_000), gpu(500_000)):
        place = places.take(demand)
        found[demand.megabytes] = engine.submit(cases.which_worker, place=places.all[place]).result(timeout=60)
    engine.close()
    assert found[0] == "none" and found[15_000] in ("small", "large") and found[500_000] == "large"


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="dask is not here")
def test_a_run_uses_the_workers_of_a_cluster_for_what_they_have(cluster, monkeypatch, tmp_path):
    monkeypatch.setattr("srfp_lib.workflow.engines.local.prepare", lambda: None)
    demands = {"processors": Demand(1, 0.0), "small": gpu(15_000), "large": gpu(60_000)}
    jobs = {name: Job(name, "tests.workflow.engine_cases:write_where", (f"{name}.txt",), (name,)) for name in demands}
    run.make(Workspace(tmp_path / "w", SMOKE), jobs, keys(jobs), list(jobs), engine="dask", workers=8, scheduler=cluster.scheduler_address,
             demands=demands, device="cpu")  # fmt: skip
    found = {name: (tmp_path / "w" / f"{name}.txt").read_text() for name in jobs}
    assert found["processors"] == "none cpu" and found["large"] == "large cpu" and found["small"] in ("small cpu", "large cpu")

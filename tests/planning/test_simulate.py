"""Runs on many machines, simulated."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from srfp_lib import profiles, program
from srfp_lib.planning.costs import Costs
from srfp_lib.planning.simulate import ORDERS, Failures, cluster, divided, resumable, simulate
from srfp_lib.profiles import DEMO, PAPER
from srfp_lib.workflow.jobs import Job
from srfp_lib.workflow.placement import Demand, Place

CPUS = [Place("cpu", 2, 0, gpu=False)]


def job(name, *needs, work="m:f"):
    return Job(name, work, (), needs=needs)


def study(*jobs, seconds=1.0, share=1.0, megabytes=0.0):
    return {one.name: one for one in jobs}, {one.name: Demand(seconds, share, megabytes) for one in jobs}


def test_two_workers_make_four_jobs_in_the_time_of_two():
    jobs, demands = study(*(job(name) for name in "abcd"), seconds=10, share=0)
    found = simulate(jobs, demands, CPUS)
    assert (found.wall, found.chain, found.lost, found.finished) == (20, 10, 0, True)
    assert sorted(found.ends.values()) == [10, 10, 20, 20]


def test_a_job_waits_for_what_it_needs():
    jobs, demands = study(job("a"), job("b", "a"), job("c", "b", "elsewhere"), seconds=3, share=0)
    assert simulate(jobs, demands, CPUS).ends == {"a": 3, "b": 6, "c": 9}


def test_the_longest_chain_first_is_shorter_than_the_longest_job_first():
    jobs = {one.name: one for one in (job("long"), job("first"), job("second", "first"), job("third", "second"))}
    demands = {"long": Demand(5, 0), **{name: Demand(4, 0) for name in ("first", "second", "third")}}
    one_seat = [Place("cpu", 1, 0, gpu=False)] * 2
    jobs |= {"other": job("other")}
    demands["other"] = Demand(5, 0)
    assert simulate(jobs, demands, one_seat, order="longest").wall == 17
    assert simulate(jobs, demands, one_seat, order="chain").wall == 12
    assert {order: simulate(jobs, demands, one_seat, order=order).finished for order in ORDERS} == dict.fromkeys(ORDERS, True)


@pytest.mark.parametrize(("share", "wall", "busy"), [(1.0, 20, 1.0), (0.5, 10, 1.0), (0.25, 10, 0.5)])
def test_jobs_that_share_a_gpu_share_its_time(share, wall, busy):
    jobs, demands = study(job("a"), job("b"), seconds=10, share=share)
    found = simulate(jobs, demands, cluster(1, share=2, processors=0))
    assert (found.wall, found.busy) == (pytest.approx(wall), pytest.approx(busy))


def test_a_job_is_slow_only_while_another_is_there():
    jobs = {name: job(name) for name in "ab"}
    found = simulate(jobs, {"a": Demand(10, 1), "b": Demand(4, 1)}, cluster(1, share=2, processors=0))
    assert found.ends == {"b": pytest.approx(8), "a": pytest.approx(14)}


def test_jobs_share_a_gpu_only_as_far_as_its_memory_goes():
    jobs, demands = study(job("a"), job("b"), seconds=10, share=0.25, megabytes=80_000)
    assert simulate(jobs, demands, cluster(1, share=2, processors=0)).wall == 20
    assert simulate(jobs, demands, cluster(1, share=2, processors=0, megabytes=160_000)).wall == 10


def test_work_without_a_gpu_runs_beside_it():
    jobs, demands = study(job("a"), job("b"), seconds=10)
    demands["b"] = Demand(10, 0)
    assert [simulate(jobs, demands, cluster(1, processors=n)).wall for n in (0, 1)] == [20, 10]


def test_failures_lose_what_was_not_kept():
    """Of work of an hour with a failure in a hundred minutes the expected time is known: (exp(rate x time) - 1) / rate without checkpoints."""
    jobs, demands = study(job("a", work="m:train"), seconds=3600)
    rate = 1 / 6000

    def mean(parts):
        how = [Failures(86400 * rate, parts, repair=0, seed=seed) for seed in range(1000)]
        return sum(simulate(jobs, demands, cluster(1, processors=0), failures=one).wall for one in how) / len(how)

    assert mean({}) == pytest.approx(math.expm1(3600 * rate) / rate, rel=0.05)
    assert mean({"train": 10}) == pytest.approx(10 * math.expm1(360 * rate) / rate, rel=0.02)


def test_what_fails_is_repaired_and_counted():
    jobs, demands = study(job("a"), seconds=1000)
    found = simulate(jobs, demands, cluster(1, processors=0), failures=Failures(100, seed=1, repair=50))
    assert found.failures and found.wall == pytest.approx(1000 + found.lost + 50 * found.failures)


def test_a_run_that_cannot_end_is_given_up():
    jobs, demands = study(job("a"), seconds=1e6)
    found = simulate(jobs, demands, cluster(1, processors=0), failures=Failures(1000), most=1e5)
    assert not found.finished and found.wall <= 1.1e5


def test_a_job_divides():
    jobs, demands = divided(*study(job("a"), job("b", "a"), seconds=10, share=0), "a", 2)
    assert list(jobs) == ["a/0", "a/1", "b"] and jobs["b"].needs == ("a/0", "a/1")
    assert simulate(jobs, demands, CPUS).wall == 15


def test_parts_of_resumable_work():
    assert resumable(PAPER) == {"train": 50, "classify": 18}
    assert resumable(DEMO) == {}
    assert resumable(replace(DEMO, classifier=replace(DEMO.classifier, steps=600, checkpoint_every=300))) == {"classify": 2}


def test_the_paper_is_never_shorter_than_its_chain_nor_than_its_work():
    profile = profiles.get("paper")
    jobs = program.possible(program.table(profile, content=False))
    demands = Costs(profile, "cuda").demands(jobs)
    on_gpus = sum(d.seconds * d.share for d in demands.values())
    found = simulate(jobs, demands, cluster(16))
    assert found.wall >= max(found.chain, on_gpus / 16) and found.busy == pytest.approx(on_gpus / 16 / found.wall)
    assert found.wall <= on_gpus / 16 + found.chain + max(d.seconds for d in demands.values())

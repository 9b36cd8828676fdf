"""The paper on 1 to 256 GPUs, simulated from measured costs; and the simulation against runs that were measured.

    python benchmarks/simulation.py                                        # benchmarks/simulation.csv, about two minutes
    python benchmarks/simulation.py --check local=2=runs/demo dask=2=W     # benchmarks/simulation_check.csv: engine=workers=workspace

simulation.csv has a row a profile, policy, number of GPUs and kind of failures. A check takes the seconds of each job from the receipts of
a workspace that was made in one go, simulates its run with as many workers, and sets it beside the time from the start of the first job
to the end of the last; and does so again with the seconds that `plan` expects on the reference machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd

from srfp_lib import profiles, program
from srfp_lib.common.devices import CPU
from srfp_lib.pages import reference
from srfp_lib.planning.costs import Costs
from srfp_lib.planning.report import FAST
from srfp_lib.planning.simulate import Failures, Outcome, cluster, divided, resumable, simulate
from srfp_lib.study import Study
from srfp_lib.workflow.placement import Demand, Place

HERE = Path(__file__).parent
GPUS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PARTS = 60  # of the noise residuals, one for each triplet of networks that differ by their seed
# By name: the order, the jobs that share a GPU, the processors beside each GPU, and the parts of the noise residuals.
POLICIES = {
    "as listed": ("table", 1, 0, 1), "rough cost first": ("cost", 1, 0, 1),  # that of `stages.units`
    "longest job first": ("longest", 1, 0, 1), "longest chain first": ("chain", 1, 0, 1),
    "work without GPU apart": ("chain", 1, 8, 1), "and 2 jobs a GPU": ("chain", 2, 8, 1), "and 4 jobs a GPU": ("chain", 4, 8, 1),
    "residuals divided": ("chain", 1, 8, PARTS), "divided, longest job first": ("longest", 1, 8, PARTS),
    "divided, 2 jobs a GPU": ("chain", 2, 8, PARTS), "divided, 4 jobs a GPU": ("chain", 4, 8, PARTS),
}  # fmt: skip
WITH_FAILURES = ("work without GPU apart", "residuals divided")
A_MONTH, SEEDS = (1, 4, 10), 5  # failures of each GPU and of each machine's processors in 30 days


def study(name: str) -> tuple[dict, dict, dict]:
    """The jobs of a profile, what they take on the reference GPU, and in how many parts they keep their work."""
    profile = profiles.get(FAST if name == "paper_fast" else name)
    jobs = program.possible(program.table(profile, content=False))
    return jobs, Costs(profile, "cuda").demands(jobs), resumable(profile)


def row(name: str, policy: str, gpus: int, outcomes: list[Outcome], a_month: float = 0, checkpoints: bool = True) -> dict[str, object]:
    """The means of outcomes; of those not finished within two years there is no time."""
    table = pd.DataFrame([{"wall_hours": o.wall / 3600, "busy": o.busy, "lost_hours": o.lost / 3600, "failures": o.failures} for o in outcomes])
    known = {"profile": name, "policy": policy, "gpus": gpus, "failures_a_month": a_month, "checkpoints": checkpoints}
    means = {column: float(f"{value:.4g}") for column, value in table.mean().items()} if all(o.finished for o in outcomes) else {}
    return known | means | {"chain_hours": round(outcomes[0].chain / 3600, 2)}


def rows(name: str) -> Iterator[dict[str, object]]:
    """All policies without failures, and some with them."""
    jobs, demands, parts = study(name)
    for policy, (order, share, processors, pieces) in POLICIES.items():
        mine = divided(jobs, demands, "prnu/splits", pieces) if pieces > 1 else (jobs, demands)
        for gpus in GPUS:
            places = cluster(gpus, share=share, processors=processors)
            yield row(name, policy, gpus, [simulate(*mine, places, order=order)])
            for a_month in A_MONTH if policy in WITH_FAILURES and name == "paper" and gpus in (8, 64, 256) else ():
                for kept in (parts, {}):
                    failing = [Failures(a_month / 30, kept, seed=seed) for seed in range(SEEDS)]
                    runs = [simulate(*mine, places, order=order, failures=one, most=2 * 365 * 86400) for one in failing]
                    yield row(name, policy, gpus, runs, a_month, bool(kept))


def check(engine: str, workers: int, root: Path) -> dict[str, object]:
    """A run that was measured beside its simulation."""
    study = Study.open("", root)
    receipts = {name: receipt for name in study.jobs if (receipt := study.workspace.receipt(name))}  # stale ones too: its time is what counts
    ends = {name: datetime.fromisoformat(receipt.finished).timestamp() for name, receipt in receipts.items()}
    measured = max(ends.values()) - min(end - receipts[name].seconds for name, end in ends.items())
    jobs, places = {name: job for name, job in study.jobs.items() if name in receipts}, [Place(CPU, workers, 0, gpu=False)]
    taken, planned = {name: Demand(r.seconds, 0) for name, r in receipts.items()}, Costs(study.profile).demands(jobs)
    walls = [simulate(jobs, demands, places, order="cost").wall for demands in (taken, planned)]
    return {
        "run": f"{study.profile.name}, {engine}", "workers": workers, "jobs": len(jobs),
        "job_seconds": round(sum(d.seconds for d in taken.values()), 1),
        "measured_wall": round(measured, 1), "simulated_wall": round(walls[0], 1), "ratio": round(walls[0] / measured, 3),
        "planned_wall": round(walls[1], 1), "planned_ratio": round(walls[1] / measured, 3),
    }  # fmt: skip


def check_gpu() -> dict[str, object]:
    """The study of the profile lab that fifteen processes made on one GPU: what they took each was kept by stage alone."""
    jobs, demands, _ = study("lab")
    measured = reference.benchmark("lab_gpu")
    wall, workers = measured["wall_seconds"].iloc[0], int(measured["workers"].iloc[0])
    planned = simulate(jobs, demands, cluster(1, share=workers, processors=0), order="cost").wall
    return {"run": "lab, local, one GPU", "workers": workers, "jobs": len(jobs), "job_seconds": round(measured["seconds"].sum(), 1),
            "measured_wall": wall, "planned_wall": round(planned, 1), "planned_ratio": round(planned / wall, 3)}  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", nargs="+", default=[], metavar="ENGINE=WORKERS=WORKSPACE", help="runs made in one go")
    given = [text.split("=", 2) for text in parser.parse_args().check]
    if given:
        table, name = pd.DataFrame([*(check(engine, int(n), Path(root)) for engine, n, root in given), check_gpu()]), "simulation_check"
    else:
        table, name = pd.DataFrame([line for profile in ("paper", "paper_fast") for line in rows(profile)]), "simulation"
    table.to_csv(HERE / f"{name}.csv", index=False)
    print(table.to_string())

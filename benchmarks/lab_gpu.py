"""A whole study on a GPU, without its chapters: time per stage, and the resulting tables.

    python benchmarks/lab_gpu.py PROFILE WORKSPACE --workers 14 [--name lab_gpu]

PROFILE is the name of a profile or a file (for your own photographs see the README). Workers share the GPUs. It writes
benchmarks/NAME.csv, one row per stage: the number of jobs, the seconds of all of them, of the longest one, and of the whole run
from an empty workspace to the last job. The tables that chapters make from predictions are kept in data/reference/NAME.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pandas as pd

from srfp_lib.common import devices
from srfp_lib.experiments import attribution, controls, findings, parsing, seeds
from srfp_lib.experiments.results import gather
from srfp_lib.pages import reference
from srfp_lib.planning import obstacles
from srfp_lib.study import Study
from srfp_lib.workflow import run


def stages(study: Study, wall: float, workers: int) -> pd.DataFrame:
    """Seconds per stage, from the receipts of the jobs."""
    receipts = [study.workspace.receipt(name) for name in study.jobs]
    jobs = pd.DataFrame({"stage": [r.job.split("/")[0] for r in receipts], "seconds": [r.seconds for r in receipts]})
    table = jobs.groupby("stage", sort=False)["seconds"].agg(jobs="count", seconds="sum", longest="max").reset_index()
    return table.assign(wall_seconds=round(wall, 1), workers=workers, machine=receipts[-1].machine, torch=receipts[-1].versions["torch"])


def save_tables(study: Study) -> None:
    """Those tables of the chapters that need only predictions."""
    runs = study.predictions("attribution")
    answers = attribution.scored(runs)
    study.save_table("claims", findings.claims(gather(study)))
    study.save_table("table_2", attribution.table_2(study.backbones()))
    study.save_table("table_3", attribution.table_3(answers))
    study.save_table("table_4", parsing.table_4(study.parsers()))
    study.save_table("seeds", seeds.table(seeds.scored(runs), seeds.scored(study.predictions("prnu"))))
    first = attribution.scored(runs[:1])
    study.save_table("controls", controls.compare(first, {name: attribution.scored(own) for name, own in study.controls().items()}))


def main() -> None:
    """Run, time, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profile")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--name", default="lab_gpu")
    options = parser.parse_args()
    devices.find(options.device)
    study = Study.open(options.profile, options.workspace)
    obstacles.refuse(study.profile, run.pending(study.workspace, study.jobs, study.keys, study.jobs).values(), study.workspace.root)
    start = time.perf_counter()
    run.make(study.workspace, study.jobs, study.keys, list(study.jobs), workers=options.workers, device=options.device)
    table = stages(study, time.perf_counter() - start, options.workers)
    table.to_csv(Path(__file__).with_name(f"{options.name}.csv"), index=False, float_format="%.1f")
    print(table.drop(columns=["machine", "torch"]).to_string(index=False), flush=True)
    save_tables(study)
    print(f"kept in {reference.keep(study, options.name)}")


if __name__ == "__main__":
    main()

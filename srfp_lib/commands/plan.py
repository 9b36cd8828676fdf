"""The command ``plan``: what a run costs, from steps measured on this machine, and what this machine cannot give to it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import warnings
from pathlib import Path

from .. import profiles, program
from ..common import devices
from ..pages import chapters
from ..planning import downloads_planned, obstacles, plan, throughput
from ..planning.throughput import Bench
from ..planning.workload import NOTHING, Work, Workload, longest_chain
from ..profiles import Profile
from ..workflow.jobs import Job
from ..workflow.run import DEFAULT_WORKERS

DAY = 86400
MACHINES = (1, 4, 8)
CLASSIFIERS = ("attribution", "backbones", "parsers", "unseen", "seen", "parsers-of-published")
AUTHORS = "The authors state about 90 GPU-days (Titan X) for their 73 classifiers, and nothing for their networks"
DISK = {"attribution": "classifiers"}  # the stage in whose line the disk of all predictions stands


def add_to(commands: argparse._SubParsersAction) -> None:
    """Register ``plan`` among the commands of the command line."""
    parser = commands.add_parser("plan", help="what a run costs, measured on this machine in about a minute, and what it lacks here")
    parser.add_argument("--profile", default="demo", metavar="P", help="paper, lab, demo, smoke, or a .toml file (demo)")
    parser.add_argument("--workspace", default="", metavar="W", help="folder of the run, whose disk is looked at (runs/<profile>)")
    parser.add_argument("--workers", type=int, default=DEFAULT_WORKERS, metavar="N", help=f"processes at a time ({DEFAULT_WORKERS})")
    parser.set_defaults(command=_plan)


def _plan(options: argparse.Namespace) -> int:
    from ..common.checkout import HOME
    from ..workflow import engine

    engine.check("local", options.workers)
    profile = profiles.get(options.profile)
    root = Path(options.workspace).expanduser() if options.workspace else HOME / "runs" / profile.name
    print("\n".join(report(profile, root, options.workers)))
    return 0


def report(profile: Profile, root: Path, workers: int, device: str = "") -> list[str]:
    """The lines of the plan."""
    device, start = device or devices.find("auto")[0], time.perf_counter()
    jobs = program.table(profile, content=False)
    print(f"Measuring steps of profile {profile.name} on this machine ...", file=sys.stderr)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.meshgrid")  # of BasicSR's SwinIR
        workload = Workload(profile, Bench(profile, device))
        work = {name: workload.of(job) for name, job in jobs.items()}
    took, seconds = time.perf_counter() - start, {name: one.seconds for name, one in work.items()}
    lines = [f"profile {profile.name}: {len(jobs)} jobs and {len(chapters.CHAPTERS)} chapters; measured in {took:.0f} seconds, {_machine(device)}"]
    lines += ["", *_table(profile, jobs, work, workload.files.png_bytes, device)]
    lines += ["", *_downloads(profile), "", *_durations(jobs, seconds, workers, device), ""]
    found = obstacles.obstacles(profile, jobs.values(), root=root, workers=workers, seconds=sum(seconds.values()))
    return lines + (["This machine cannot give, in the order in which a run meets it:", *(f"  {n}. {s}" for n, s in enumerate(found, 1))]
                    if found else ["This machine has everything that the run needs."])  # fmt: skip


def _machine(device: str) -> str:
    if device == "cpu":
        busy = os.getloadavg()[0] / (os.cpu_count() or 1)
        load = f", busy (load {os.getloadavg()[0]:.1f}): times may be too long" if busy > 1 else ""
        return f"one thread of {os.cpu_count()} cores ({platform.machine()}){load}"
    import torch

    return torch.cuda.get_device_name()


def _table(profile: Profile, jobs: dict[str, Job], work: dict[str, Work], png_bytes: float, device: str) -> list[str]:
    """A line a stage; `~` where a step was measured on a part of it and scaled."""
    unit = "core-hours" if device == "cpu" else "GPU-hours"
    lines = [f"{'stage':<21}{'jobs':>5}{'steps, images':>15}{'ms each':>12}{unit:>14}{'disk GB':>10}{'memory GB':>11}"]
    space, notes = plan.disk(profile, png_bytes=png_bytes), {}
    stages: dict[str, list[str]] = {}
    for name in jobs:
        stages.setdefault(name.split("/")[0], []).append(name)
    for stage, names in stages.items():
        total = sum((work[name] for name in names), NOTHING)
        lines.append(_line(stage, len(names), total, space.get(DISK.get(stage, stage), 0.0)))
        notes |= {stage: total.note} if total.note else {}
    hours = sum(one.seconds for one in work.values()) / 3600
    lines.append(f"{'all':<21}{len(jobs):>5}{'':>27}{_number(hours):>14}{_number(sum(space.values())):>10}")
    if any(one.scaled for one in work.values()):
        lines.append("~ a part of the step (a small crop, or one crop of a batch) was measured and scaled by pixels")
    lines.append("memory is that of one process; decoded images are mapped from their files and take what is free besides")
    return lines + [f"{stage}: {note}" for stage, note in notes.items()]


def _line(stage: str, jobs: int, work: Work, disk: float) -> str:
    each = f"{'~' * work.scaled}{1000 * work.seconds / work.units:,.1f}" if work.units and work.seconds else ""
    hours, memory = (
        f"{'~' * work.scaled}{_number(work.seconds / 3600)}" if work.seconds else "?",
        (work.megabytes + throughput.MEGABYTES_OF_A_WORKER) / 1000,
    )
    return f"{stage:<21}{jobs:>5}{work.units:>15,.0f}{each:>12}{hours:>14}{_number(disk) if disk else '':>10}{memory:>11.1f}"


def _number(value: float) -> str:
    """Three digits.

    >>> _number(0.01234), _number(12.34), _number(123456)
    ('0.012', '12.3', '123,456')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _downloads(profile: Profile) -> list[str]:
    items = downloads_planned.items(profile)
    lines = [f"  {item.name:<44}{f'{item.megabytes:,.0f} MB' if item.megabytes else 'not known':>12}  {item.note}".rstrip() for item in items]
    lacking = sum(item.megabytes for item in items if not item.there)
    return [f"to download: {_number(lacking / 1000)} GB" + (" and what is not known" if any(not i.megabytes for i in items) else ""), *lines]


def _durations(jobs: dict[str, Job], seconds: dict[str, float], workers: int, device: str) -> list[str]:
    total, chain = sum(seconds.values()), longest_chain(jobs, seconds)
    classifiers = sum(s for name, s in seconds.items() if name.split("/")[0] in CLASSIFIERS)
    at_once = 1 if device != "cpu" else max(min(workers, os.cpu_count() or 1), 1)
    what, kind = ("such GPUs", "GPU") if device != "cpu" else (f"such machines with {at_once} processes each", "core")
    spans = ", ".join(f"{_span(max(total / (at_once * n), chain))} on {n}" for n in MACHINES)
    return [
        f"the whole run: {_span(total).replace(' ', f' {kind}-', 1)}; {spans} {what} (never less than its longest chain of jobs, {_span(chain)})",
        f"{AUTHORS}; ours here: {_span(classifiers).replace(' ', f' {kind}-', 1)}.",
    ]


def _span(seconds: float) -> str:
    """Seconds as a length of time.

    >>> _span(90), _span(7200), _span(86400 * 30), _span(86400 * 3652.5)
    ('1.5 minutes', '2.0 hours', '30.0 days', '10.0 years')
    """
    for length, name in ((365.25 * DAY, "years"), (DAY, "days"), (3600, "hours")):
        if seconds >= 1.5 * length:
            return f"{_number(seconds / length) if seconds / length >= 100 else f'{seconds / length:.1f}'} {name}"
    return f"{seconds / 60:.1f} minutes"

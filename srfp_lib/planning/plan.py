"""What a run will take, said before it starts; and what a workspace holds, said when asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..profiles import SMALL_BACKBONES, Profile
from ..workflow.run import pending

if TYPE_CHECKING:
    from ..study import Study

MEGABYTES_A_WORKER = 1500
PNG_BYTES = 2.0  # a pixel of a natural photograph
PHOTOGRAPH_PIXELS = 960 * 672
TILES_OF_A_PHOTOGRAPH = 8  # of 480 pixels, from 2040 x 1356


def announcement(study: Study, names: Iterable[str], workers: int) -> str:
    """One paragraph: jobs to do, expected minutes, memory and disk."""
    due = pending(study.workspace, study.jobs, study.keys, names)
    if not due:
        return f"Everything is made already in {study.workspace.root}."
    minutes = sum(job.cost for job in due.values()) / workers / 60
    return (
        f"Profile {study.profile.name}, workspace {study.workspace.root}: {len(due)} jobs to do, about {max(minutes, 1):.0f} "
        f"minutes with {workers} processes on an ordinary machine, up to {memory_gigabytes(study.profile, workers):.1f} GB "
        f"of memory and {disk_gigabytes(study.profile):.1f} GB of disk."
    )


def disk_gigabytes(profile: Profile, *, png_bytes: float = PNG_BYTES) -> float:
    """Expected size of a finished workspace: `disk` summed."""
    return sum(disk(profile, png_bytes=png_bytes).values())


def disk(profile: Profile, *, png_bytes: float = PNG_BYTES) -> dict[str, float]:
    """Expected gigabytes of a finished workspace by stage: PNG files, decoded pixels beside them, weights, features and scores."""
    from .workload import count_images, shares

    settings, images = profile.photographs, count_images(profile.photographs)
    pixels = settings.image_size**2 if settings.image_size else PHOTOGRAPH_PIXELS
    folder = images * pixels * (png_bytes + 3 * (settings.decoded or settings.image_size is not None)) / 1e9
    elsewhere = bool(profile.release.folder) and not profile.release.copy
    tiles = min(2 * settings.max_training_tiles, 2 * 800 * TILES_OF_A_PHOTOGRAPH if settings.source == "paper" else math.inf)
    full, answers = profile.training.size == "full", images * shares(settings)["test"] * 4 / 1e9  # of one network in one run, a number
    published = {"weights": 30, "stand-ins": 30}.get(profile.published.source, 25)  # five are written in two ways (D36)
    return {
        "photographs": 0.0 if elsewhere else folder + tiles * settings.training_tile**2 * 3 / 1e9,
        "train": 180 * (0.08 if full else 0.0001),
        "images": 0.0 if elsewhere else 180 * folder,
        "published": 0.0 if elsewhere else published * folder,
        "classifiers": 0.05 + (profile.classifier.runs + profile.parsers.runs) * 20 * 205 * (1024 if full else 320) * answers / 2,
    }


def memory_gigabytes(profile: Profile, workers: int, *, training: bool = True, gpu: bool = False) -> float:
    """Expected memory of the processes: at full size without a GPU that of SwinIR 2x in training, or of ConvNeXt-Base, by the size of a batch."""
    large = full_size(profile) and not gpu
    steps, classifier = profile.training, profile.classifier
    of_training = 35.0 * steps.batch * steps.patch**2 / (16 * 128**2) if training and steps.size == "full" else 0.0
    of_classifier = 11.0 * classifier.batch * classifier.crop**2 / (16 * 224**2) if _timm(profile) else 0.0
    return workers * max(MEGABYTES_A_WORKER / 1000, large * of_training, large * of_classifier)


def full_size(profile: Profile) -> bool:
    """Whether networks or classifiers are of full size: the costs in the table of jobs are then no seconds."""
    return profile.training.size == "full" or _timm(profile)


def _timm(profile: Profile) -> bool:
    return any(name not in SMALL_BACKBONES for name in profile.classifier.backbones)


def report(study: Study) -> str:
    """A line a stage: how many jobs are done, missing, stale or damaged, and what they took."""
    states = study.states()
    left_out = _left_out(study)
    stages: dict[str, list[str]] = {}
    for name in study.jobs:
        stages.setdefault(name.split("/")[0], []).append(name)
    lines = [f"profile {study.profile.name}, workspace {study.workspace.root}"]
    for stage, names in stages.items():
        counts = Counter(states[name] for name in names)
        receipts = [study.workspace.receipt(name) for name in names if states[name] == "done"]
        seconds = sum(receipt.seconds for receipt in receipts if receipt)
        found = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
        lines.append(f"{stage:<12} {found}" + (f" ({seconds:.0f} s of work)" if seconds else ""))
        lines += [f"    {states[name]}: {name}" for name in names if states[name] not in ("done", "missing")]
    return "\n".join(lines + left_out)


def _left_out(study: Study) -> list[str]:
    """The chapters for which the authors' release, where it takes the place of our images, lacks networks."""
    from ..pages import chapters

    return [line for line in chapters.support(study.everything) if "lacks" in line] if study.profile.release.folder else []

"""The jobs of a workspace whose images are the authors': the images are taken over, nothing is trained to make any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from .. import fleet
from ..images.arrays import decoded_files
from ..profiles import Profile
from ..workflow.jobs import Job
from .contents import SPLITS, TRUTH


def photographs(profile: Profile) -> Job:
    """The true images, and who is trained, validated and tested on which."""
    outputs = ("photos", f"images/{TRUTH}", *(f"images/{file}" for file in SPLITS.values()), *_decoded(profile, TRUTH))
    return Job("photographs", "srfp_lib.release.stages:photographs", outputs, settings=_settings(profile), cost=5)


def images(profile: Profile, networks: Iterable[fleet.Network]) -> list[Job]:
    """One job a network, whether its folder is there or not."""
    jobs = []
    for name in (n.model_id for n in networks):
        published = name.endswith("-pretrained")
        outputs = (f"images/{name}", *_decoded(profile, name)) + ((f"published/{name}.json",) if published else ())
        label = f"{'published' if published else 'images'}/{name}"
        jobs.append(Job(label, "srfp_lib.release.stages:images", outputs, (name,), ("photographs",), _settings(profile), 5))
    return jobs


def possible(jobs: dict[str, Job], profile: Profile) -> dict[str, Job]:
    """The jobs for which the release has the images."""
    absent = {job.name for job in jobs.values() if _lacks(job, profile)}
    kept: dict[str, Job] = {}
    for job in jobs.values():  # what a job needs stands before it
        if job.name not in absent and all(need in kept for need in job.needs):
            kept[job.name] = job
    return kept


def lacking(jobs: dict[str, Job], profile: Profile, beginnings: tuple[str, ...]) -> tuple[str, ...]:
    """The networks that the jobs with these beginnings need and the release lacks; ``jobs`` are all, not only the possible."""
    found, waiting = set(), [name for name in jobs if beginnings and name.startswith(beginnings)]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += jobs[name].needs
    return tuple(job.arguments[0] for job in jobs.values() if job.name in found and _lacks(job, profile))


def _lacks(job: Job, profile: Profile) -> bool:
    return job.work == "srfp_lib.release.stages:images" and job.arguments[0] not in profile.release.networks


def _decoded(profile: Profile, name: str) -> tuple[str, ...]:
    """Images that are copied into the workspace are decoded as well; of those that stay where they lie no copies are made."""
    return decoded_files(name, tiles=False) if profile.release.copy and profile.photographs.decoded else ()


def _settings(profile: Profile) -> dict[str, Any]:
    release = asdict(profile.release)
    del release["networks"]  # more of them leave what is done as it is
    settings = {"master_seed": profile.master_seed, "rotations": profile.photographs.rotations, "release": release}
    return settings | ({"decoded": profile.photographs.decoded} if profile.release.copy else {})

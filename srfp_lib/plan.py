"""What a run will take, said before it starts; and what a workspace holds, said when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .profiles import Profile
from .run import pending
from .study import Study

MEGABYTES_A_WORKER = 1500


def announcement(study: Study, names: Iterable[str], workers: int) -> str:
    """One paragraph: jobs to do, expected minutes, memory and disk."""
    due = pending(study, names)
    if not due:
        return f"Everything is made already in {study.workspace.root}."
    minutes = sum(job.cost for job in due.values()) / workers / 60
    return (
        f"Profile {study.profile.name}, workspace {study.workspace.root}: {len(due)} jobs to do, about {max(minutes, 1):.0f} "
        f"minutes with {workers} processes on an ordinary machine, up to {workers * MEGABYTES_A_WORKER / 1000:.1f} GB "
        f"of memory and {disk_gigabytes(study.profile):.1f} GB of disk."
    )


def disk_gigabytes(profile: Profile) -> float:
    """Expected size of a finished workspace: PNG at about 2 bytes a pixel, and the decoded pixels of small profiles."""
    if profile.release.folder and not profile.release.copy:
        return 1.0  # predictions, tables and figures; the images lie elsewhere
    side = profile.photographs.image_size
    pixels = side**2 if side else 960 * 675
    bytes_a_pixel = 5.0 if side else 2.0
    return 0.1 + 181 * profile.photographs.max_images * pixels * bytes_a_pixel / 1e9


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
    from . import chapters

    return [line for line in chapters.support(study.profile) if "lacks" in line] if study.profile.release.folder else []

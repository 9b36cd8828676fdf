"""What a run takes, said before it starts; what it fetches and fills; and what a workspace holds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..fetching import imagenet
from ..photos import open_sets
from ..photos.flickr.table import LIST
from ..profiles import Profile
from ..published import sources
from ..published.catalogue import row as row_of
from ..workflow import logs
from ..workflow.jobs import Job
from ..workflow.workspace import Workspace
from .costs import Costs

GIGABYTES_A_WORKER = 1.5  # Python with torch and the libraries, and what it maps of images
TILES_OF_A_PHOTOGRAPH = 8  # of 480 pixels, from 2040 x 1356


def announcement(profile: Profile, due: Sequence[Job], root: Path, workers: int) -> str:
    """One paragraph: jobs to do, expected minutes on the reference machine, memory and disk."""
    if not due:
        return f"Everything is made already in {root}."
    work, gigabytes = Costs(profile).total(due), sum(disk(profile).values())
    return (
        f"Profile {profile.name}, workspace {root}: {len(due)} jobs to do, about {max(work.seconds / workers / 60, 1):.0f} minutes with {workers} "
        f"processes on an ordinary machine, up to {workers * memory(work.megabytes):.1f} GB of memory and {gigabytes:.1f} GB of disk."
    )


def memory(megabytes: float) -> float:
    """Gigabytes of a process whose steps take so many megabytes."""
    return GIGABYTES_A_WORKER + megabytes / 1000


def disk(profile: Profile) -> dict[str, float]:
    """Expected gigabytes of a finished workspace by stage: PNG files at 2 bytes a pixel, decoded ones at 3, weights, features and scores."""
    settings, costs, full = profile.photographs, Costs(profile), profile.training.size == "full"
    folder = costs.images * costs.megapixels * (2 * settings.png + 3 * settings.decoded) / 1000
    made = not profile.release.folder or profile.release.copy
    tiles = min(2 * settings.max_training_tiles, 2 * 800 * TILES_OF_A_PHOTOGRAPH if settings.source == "paper" else math.inf)
    written = len(sources.networks(profile.published)) + len(sources.second_copies(profile.published))  # some in two ways (D36)
    features = 205 * (1024 if full else 320) * costs.parts["test"] * 4 / 1e9  # of all networks in one run
    return {
        "photographs": made * (folder + tiles * settings.training_tile**2 * 3 / 1e9),
        "train": 180 * (0.08 if full else 0.0001),
        "images": made * 180 * folder,
        "published": made * written * folder,
        "classifiers": 0.05 + (profile.classifier.runs + profile.parsers.runs) * 10 * features,
    }


def downloads(profile: Profile) -> list[tuple[str, float, bool, str]]:
    """What a profile needs from elsewhere: name, megabytes (0: not known), whether it is here already, and a note."""
    settings, own, found = profile.photographs, not profile.release.folder, []
    if settings.source == "paper" and own:
        sizes = {row["set"]: 1000 * float(row["size"].split()[-2]) for row in open_sets.sets() if row["set"] in ("div2k", "flickr2k")}
        found = [(name, size, Path(getattr(settings, name)).expanduser().is_dir(), "") for name, size in sizes.items()]
        listed = (Path(settings.flickr1k).expanduser() / LIST).is_file()
        found.append(("flickr1k", 0.0, listed, "1,000 photographs at the size that their owners chose"))
    if profile.published.source == "weights" and own:
        names = [n.model_id for n in sources.networks(profile.published)]
        there = sources.weights_at(profile.published, names)
        sizes = [row.size_bytes or row.tensor_bytes for row in map(row_of, names) if row.model_id not in there]
        found.append((f"weights of {len(sizes)} of the {len(names)} published networks", sum(sizes) / 1e6, not sizes, ""))
    weights = imagenet.perceptual(profile) + imagenet.lpips(profile)
    weights += imagenet.backbones(profile.classifier.backbones, profile.published.weights_dir)
    return found + [(w.name, w.megabytes, w.there(), "") for w in weights]


def report(workspace: Workspace, states: dict[str, str], keys: Mapping[str, str], notes: Iterable[str] = ()) -> str:
    """A line a stage: how many jobs are done, missing, stale or damaged, and what they took; which failed, with their logs; and the notes."""
    lines = [f"profile {workspace.profile.name}, workspace {workspace.root}"]
    for stage in dict.fromkeys(name.split("/")[0] for name in states):
        mine = {name: state for name, state in states.items() if name.split("/")[0] == stage}
        counts = ", ".join(f"{number} {state}" for state, number in sorted(Counter(mine.values()).items()))
        receipts = [workspace.receipt(name) for name, state in mine.items() if state == "done"]
        seconds = sum(receipt.seconds for receipt in receipts if receipt)
        lines.append(f"{stage:<12} {counts}" + (f" ({seconds:.0f} s of work)" if seconds else ""))
        lines += [f"    {state}: {name}" for name, state in mine.items() if state not in ("done", "missing")]
        lines += [f"    {name} {ending} ('{logs.path(workspace.root, name)}')" for name, state in mine.items()
                  if state != "done" and (ending := logs.ending(workspace.root, name, keys[name]))]  # fmt: skip
    return "\n".join([*lines, *notes])

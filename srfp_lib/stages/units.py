"""How each kind of work divides into jobs at a profile: their arguments, outputs and expected CPU time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import fleet, photos, profiles, tasks
from ..fetching import timm_weights
from ..fleet import Network
from ..images.arrays import decoded_files
from ..photos.folder import files
from ..photos.reading import digest
from ..profiles import Profile, Published
from ..published import sources
from ..release.contents import SPLITS, state_of
from ..tasks import Classification, Task
from ..workflow.jobs import Unit


def saved(profile: Profile, *names: str) -> tuple[str, ...]:
    """Where the images of networks are kept: a folder of PNG files each, the decoded pixels, or both.

    Released images are PNG files, and those that stay where they lie are not decoded.
    """
    settings, release = profile.photographs, profile.release
    folders = [f"images/{n}" for n in names] if settings.png or release.folder else []
    kept = names if settings.decoded and (release.copy or not release.folder) else ()
    return (*folders, *(file for n in kept for file in decoded_files(n, tiles=settings.image_size is not None)))


def photographs(profile: Profile) -> Iterator[Unit]:
    outputs = ("photos", *(f"images/{file}" for file in SPLITS.values()), *saved(profile, fleet.HR))
    if profile.release.folder:
        yield Unit(leaves=outputs, cost=5)
    else:
        yield Unit(leaves=outputs, cost=3, content=lambda: photos.content_digest(profile.photographs))


def released(networks: Callable[[], tuple[Network, ...]], profile: Profile) -> Iterator[Unit]:
    """One job for each of the networks, whether the authors' release has its folder or not."""
    for name in (n.model_id for n in networks()):
        about = (f"published/{name}.json",) if name.endswith("-pretrained") else ()
        folder, there = Path(profile.release.folder, name), name in profile.release.networks
        content = (lambda folder=folder: state_of(folder)) if there else None
        outputs = (*saved(profile, name), *about)
        yield Unit(name, (name,), outputs, cost=5, content=content, lacking=() if there else (name,))


def windows(profile: Profile) -> Iterator[Unit]:
    if profile.published.margin and not sources.is_folder(profile.published):
        yield Unit(leaves=("windows",), cost=2, content=lambda: photos.content_digest(profile.photographs))


def statistics(profile: Profile) -> Iterator[Unit]:
    yield Unit(leaves=("statistics/photographs.csv",), cost={"embedded": 2, "paper": 1600}.get(profile.photographs.source, 30))


def train(profile: Profile) -> Iterator[Unit]:
    """One job a network, or one for the 18 of an architecture and scale where they are stacked."""
    lite = profile.training.perceptual == "efficientnet_lite0"
    perceptual = (lambda: identity(timm_weights.in_package(timm_weights.LITE0))) if lite else None
    for scale, label, names in _stacks(profile):
        cost = len(names) / 18 * (28 if scale == 2 else 12) * _training_size(profile)
        yield Unit(label, (names,), tuple(f"networks/{n}" for n in names), cost, content=perceptual)


def super_resolve(profile: Profile) -> Iterator[Unit]:
    for _, label, names in _stacks(profile):
        yield Unit(label, (names,), saved(profile, *names), 7 * relative_images(profile), (f"train/{label}",))


def _stacks(profile: Profile) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    for scale in fleet.SCALES:
        for architecture in fleet.ARCHITECTURES:
            names = tuple(n.model_id for n in fleet.stack(architecture, scale))
            if profile.training.stacked:
                yield scale, f"{architecture}-x{scale}", names
            else:
                yield from ((scale, name, (name,)) for name in names)


def _training_size(profile: Profile) -> float:
    """Training work relative to the demo profile's."""
    training, demo = profile.training, profiles.DEMO.training
    steps = (training.steps + 2 * training.adversarial_steps) / (demo.steps + 2 * demo.adversarial_steps)
    return steps * training.batch * training.patch**2 / (demo.batch * demo.patch**2) + 0.02


def relative_images(profile: Profile) -> float:
    """The number of images relative to the demo profile's."""
    return profile.photographs.max_images / 112


def published(profile: Profile) -> Iterator[Unit]:
    """One job an architecture and scale."""
    if sources.is_folder(profile.published):
        return
    for label, networks in sources.groups(profile.published):
        names = tuple(n.model_id for n in networks)
        ways = [(under, n) for n in names for under in sources.ways(profile.published, n)]
        outputs = tuple(f"{under}/{file}".lstrip("/") for under, n in ways for file in saved(profile, n))
        outputs += tuple(f"published/{n}.json" for n in names)
        cost = 4 * len(names) * relative_images(profile)
        yield Unit(label, (names,), outputs, cost, content=lambda names=names: sources.weights_at(profile.published, names))


def published_folder(profile: Profile) -> Iterator[Unit]:
    if sources.is_folder(profile.published):
        yield Unit("folder", (), ("published",), 5, content=lambda: folder_content(Path(profile.published.source)))


def folder_content(root: Path) -> dict[str, str]:
    """A digest of the images in each folder of other people's images."""
    return {folder.name: digest(files(folder)) for folder in (root / sources.TRUTH, *sources.folders(root))}


def quality(profile: Profile) -> Iterator[Unit]:
    """One job for the networks whose images one job makes."""
    release = bool(profile.release.folder)
    custom = [(n.model_id, (n.model_id,)) for n in fleet.custom()] if release else [(label, names) for _, label, names in _stacks(profile)]
    groups = [] if sources.is_folder(profile.published) else sources.groups(profile.published)
    found = [(n.model_id, (n.model_id,)) for n in fleet.published()] if release else [(g, tuple(n.model_id for n in ns)) for g, ns in groups]
    for kind, before, pairs in (("images", "", custom), ("published", "published-", found)):
        for label, names in pairs:
            file = f"quality/{before}{label}.csv"
            cost = len(names) / 9 * relative_images(profile) * (6 if profile.quality.lpips else 1)
            yield Unit(f"{before}{label}", (names, file), (file,), cost, (f"{kind}/{label}",))


def backbones(profile: Profile) -> Iterator[Unit]:
    steps, folder = profile.classifier.backbone_steps, sources.is_folder(profile.published)
    names, needs = ("attribution", ("images",)) if folder else ("everything", ("images", "published"))  # images in a folder are of other photographs
    for name in profile.classifier.backbones:
        yield _classifier(profile, name, (names,), 1, steps, *needs, into=f"backbone-{name}", backbone=name)


def attribution(profile: Profile) -> Iterator[Unit]:
    """One job a run, and one a control: the first run once more with one thing changed."""
    settings, task_ = profile.classifier, ("attribution",)
    for run in range(1, settings.runs + 1):
        yield _classifier(profile, str(run), task_, run, settings.steps, keep=_kept(run), probe=settings.probe)
    for name in settings.controls:
        if name != tasks.COLOUR_ALONE:
            how = {"probe": settings.probe, **tasks.control(name)}
            yield _classifier(profile, name, task_, 1, settings.control_steps, into=f"attribution-{name}", **how)


def colour_alone(profile: Profile) -> Iterator[Unit]:
    if tasks.COLOUR_ALONE in profile.classifier.controls:
        output = f"predictions/attribution-{tasks.COLOUR_ALONE}/1"
        yield Unit(tasks.COLOUR_ALONE, (output,), (output,), 20)


def prnu(profile: Profile) -> Iterator[Unit]:
    """One job for all splits of the photographs."""
    yield _prnu(profile, "prnu", known_offset=False)


def prnu_known_offset(profile: Profile) -> Iterator[Unit]:
    if profile.prnu.known_offset:
        yield _prnu(profile, "prnu-known-offset", known_offset=True)


def _prnu(profile: Profile, name: str, *, known_offset: bool) -> Unit:
    outputs = tuple(f"predictions/{name}/{run}" for run in range(1, min(profile.photographs.rotations, profile.classifier.runs) + 1))
    return Unit("splits", (outputs, known_offset), outputs, 12 * relative_images(profile))


def seen(profile: Profile) -> Iterator[Unit]:
    """Warm and cold starts for every run; controls: is it the colour cast (D50), is it the 8-bit writer (D36)?"""
    steps, task_, probe = profile.published.classifier_steps, ("published",), profile.published.probe
    for run in range(1, profile.classifier.runs + 1):
        yield _classifier(profile, f"warm/{run}", task_, run, steps, "published", f"attribution/{run}", start=_kept(run), probe=probe)
        yield _classifier(profile, f"cold/{run}", task_, run, steps, "published", into="published-cold", probe=probe)
    yield _classifier(profile, "matched", task_, 1, steps, "published", into="published-matched", matched=True, probe=probe)
    if sources.second_copies(profile.published):
        yield _classifier(profile, "writer", ("published-writer",), 1, steps, "published", probe=probe)


def unseen(profile: Profile) -> Iterator[Unit]:
    for run in range(1, profile.classifier.runs + 1):
        needs, how = ("published", f"attribution/{run}"), {"only_evaluate": True, "probe": profile.classifier.probe}
        yield _classifier(profile, str(run), ("attribution",), run, 0, *needs, into="unseen", start=_kept(run), **how)


def parsers(profile: Profile) -> Iterator[Unit]:
    for run in range(1, profile.parsers.runs + 1):
        for column, (_, _, parsed) in tasks.COLUMNS.items():
            yield from _parsers(profile, run, parsed, f"without-{column}")


def parsers_known_offset(profile: Profile) -> Iterator[Unit]:
    for column in profile.parsers.known_offset:
        yield from _parsers(profile, 1, tasks.COLUMNS[column][2], f"without-{column}", into="{}-known-offset", known_offset=True)


def parsers_of_published(profile: Profile) -> Iterator[Unit]:
    for run in range(1, profile.parsers.runs + 1):
        yield from _parsers(profile, run, tasks.PARSED_OF_PUBLISHED, "of-published")


def _parsers(profile: Profile, run: int, parsed: tuple[str, ...], how: str, **changes: Any) -> Iterator[Unit]:
    """Parsers that share a body and have a head each, or each by itself."""
    names = tuple(f"{what}-{how}" for what in parsed)
    for group in [names] if profile.parsers.shared_trunk else [(name,) for name in names]:
        label = how if len(group) > 1 else group[0]
        yield _classifier(profile, f"{label}/{run}", tuple(f"parse-{name}" for name in group), run, profile.parsers.steps, **changes)


def _classifier(profile: Profile, label: str, names: tuple[str, ...], run: int, steps: int, *needs: str, into: str = "{}", **changes: Any) -> Unit:
    """A head for each of the named tasks, whose predictions go into folders of the tasks' names (``{}``) or ``into`` others."""
    settings, outputs = profile.classifier, tuple(f"predictions/{into.format(name)}/{run}" for name in names)
    job = replace(Classification(names, run, settings.backbones[0], steps, outputs), **changes)
    cost = 0.055 * (steps if settings.recipe == "steps" else 1000) * settings.batch / 128 * (settings.side(job.backbone) / 32) ** 2 + 4
    if job.probe:
        cost += 0.006 * (job.probe + relative_images(profile) * 30) * len(task(names[0], profile.published).train)  # spectra in training and in test
    content = None if job.start else lambda: backbone_content(job.backbone, profile)
    return Unit(label, (job,), (*outputs, job.keep) if job.keep else outputs, cost, needs, content)


def backbone_content(name: str, profile: Profile) -> str:
    """The SHA-256 of the file with a backbone's weights; empty for a small body, or for weights that timm fetches."""
    return identity(timm_weights.find(name, profile.published.weights_dir))


def identity(file: timm_weights.WeightFile | None) -> str:
    return file.content if file else ""


def _kept(run: int) -> str:
    """Where the attribution classifier of a run is kept."""
    return f"classifiers/attribution/{run}.safetensors"


def task(name: str, settings: Published) -> Task:
    """A task by its name, with the published networks of a run; "published-writer" tells the two ways of saving apart (D36)."""
    found = sources.networks(settings)
    if name == "published-writer":
        found = (*(n for n in found if len(sources.ways(settings, n.model_id)) > 1), *sources.second_copies(settings))
    return tasks.named(name, found)

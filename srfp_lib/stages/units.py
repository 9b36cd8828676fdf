"""How each kind of work divides into jobs at a profile: their arguments, outputs and expected CPU time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from .. import fleet, photos, profiles, tasks
from ..fetching import timm_weights
from ..images.arrays import decoded_files
from ..photos.folder import files
from ..photos.reading import digest
from ..profiles import Profile, Published
from ..published import sources
from ..tasks import Classification, Task
from ..workflow.jobs import Unit


def decoded(profile: Profile, *names: str) -> tuple[str, ...]:
    """The files with the decoded images of networks, where a profile keeps them."""
    settings = profile.photographs
    return tuple(file for n in names for file in decoded_files(n, tiles=settings.image_size is not None)) if settings.decoded else ()


def photographs(profile: Profile) -> Iterator[Unit]:
    splits = ("images/train-split.txt", "images/val-split.txt", "images/test-split.txt")
    outputs = ("photos", f"images/{fleet.HR}", *splits, *decoded(profile, fleet.HR))
    yield Unit(leaves=outputs, cost=3, content=lambda: photos.content_digest(profile.photographs))


def statistics(profile: Profile) -> Iterator[Unit]:
    yield Unit(leaves=("statistics/photographs.csv",), cost={"embedded": 2, "paper": 1600}.get(profile.photographs.source, 30))


def train(profile: Profile) -> Iterator[Unit]:
    """One job a network, or one for the 18 of an architecture and scale where they are stacked."""
    lite = profile.training.perceptual == "efficientnet_lite0"
    perceptual = (lambda: _identity(timm_weights.in_package(timm_weights.LITE0))) if lite else None
    for scale, label, names in _stacks(profile):
        cost = len(names) / 18 * (28 if scale == 2 else 12) * _training_size(profile)
        yield Unit(label, (names,), tuple(f"networks/{n}" for n in names), cost, content=perceptual)


def super_resolve(profile: Profile) -> Iterator[Unit]:
    for _, label, names in _stacks(profile):
        outputs = tuple(f"images/{n}" for n in names) + decoded(profile, *names)
        yield Unit(label, (names,), outputs, 7 * _images(profile), (f"train/{label}",))


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


def _images(profile: Profile) -> float:
    """The number of images relative to the demo profile's."""
    return profile.photographs.max_images / 160


def published(profile: Profile) -> Iterator[Unit]:
    """One job an architecture and scale."""
    if sources.is_folder(profile.published):
        return
    for label, networks in sources.groups(profile.published):
        names = tuple(n.model_id for n in networks)
        saved = [(under, n) for n in names for under in sources.ways(profile.published, n)]
        outputs = tuple(f"{under}/{file}".lstrip("/") for under, n in saved for file in (f"images/{n}", *decoded(profile, n)))
        outputs += tuple(f"published/{n}.json" for n in names)
        cost = 4 * len(names) + _images(profile)
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
            cost = len(names) / 9 * _images(profile) * (6 if profile.quality.lpips else 1)
            yield Unit(f"{before}{label}", (names, file), (file,), cost, (f"{kind}/{label}",))


def backbones(profile: Profile) -> Iterator[Unit]:
    settings, folder = profile.classifier, sources.is_folder(profile.published)
    for name in settings.backbones:
        task = "attribution" if folder else "everything"  # images in a folder are of other photographs
        job = Classification((task,), 1, name, settings.backbone_steps, settings.crop_grid, (f"predictions/backbone-{name}/1",))
        yield _classifier(profile, name, job, *(("images",) if folder else ("images", "published")))


def attribution(profile: Profile) -> Iterator[Unit]:
    """One job a run, and one a control: the first run once more with one thing changed."""
    settings = profile.classifier
    for run in range(1, settings.runs + 1):
        outputs = (f"predictions/attribution/{run}",)
        job = Classification(("attribution",), run, settings.backbones[0], settings.steps, settings.crop_grid, outputs, keep=_kept(run))
        yield _classifier(profile, str(run), job)
    for name in settings.controls:
        if name != tasks.COLOUR_ALONE:
            outputs = (f"predictions/attribution-{name}/1",)
            job = Classification(("attribution",), 1, settings.backbones[0], settings.control_steps, settings.crop_grid, outputs)
            yield _classifier(profile, name, tasks.control(name, job))


def colour_alone(profile: Profile) -> Iterator[Unit]:
    if tasks.COLOUR_ALONE in profile.classifier.controls:
        output = f"predictions/attribution-{tasks.COLOUR_ALONE}/1"
        yield Unit(tasks.COLOUR_ALONE, (output,), (output,), 20)


def prnu(profile: Profile) -> Iterator[Unit]:
    """One job a split of the photographs."""
    for run in range(1, min(profile.photographs.rotations, profile.classifier.runs) + 1):
        output = f"predictions/prnu/{run}"
        yield Unit(str(run), (run, output, False), (output,), 10)


def prnu_random_phase(profile: Profile) -> Iterator[Unit]:
    if profile.prnu.random_phase:
        output = "predictions/prnu-random-phase/1"
        yield Unit("1", (1, output, True), (output,), 10)


def seen(profile: Profile) -> Iterator[Unit]:
    """Warm and cold starts for every run; controls: is it the colour cast (D50), is it the 8-bit writer (D36)?"""
    steps, grid, main = profile.published.classifier_steps, profile.classifier.crop_grid, profile.classifier.backbones[0]
    for run in range(1, profile.classifier.runs + 1):
        cold = Classification(("published",), run, main, steps, grid, (f"predictions/published-cold/{run}",))
        warm = replace(cold, outputs=(f"predictions/published/{run}",), start=_kept(run))
        yield _classifier(profile, f"warm/{run}", warm, "published", f"attribution/{run}")
        yield _classifier(profile, f"cold/{run}", cold, "published")
    plain = Classification(("published",), 1, main, steps, grid, ())
    yield _classifier(profile, "matched", replace(plain, outputs=("predictions/published-matched/1",), matched=True), "published")
    if profile.published.source in ("weights", "stand-ins"):  # images that are made here can be saved in two ways
        writer = replace(plain, tasks=("published-writer",), outputs=("predictions/published-writer/1",))
        yield _classifier(profile, "writer", writer, "published")


def unseen(profile: Profile) -> Iterator[Unit]:
    settings, grid = profile.classifier, profile.classifier.crop_grid
    for run in range(1, settings.runs + 1):
        outputs = (f"predictions/unseen/{run}",)
        job = Classification(("attribution",), run, settings.backbones[0], 0, grid, outputs, start=_kept(run), only_evaluate=True)
        yield _classifier(profile, str(run), job, "published", f"attribution/{run}")


def parsers(profile: Profile) -> Iterator[Unit]:
    for run in range(1, profile.parsers.runs + 1):
        for column, (_, _, parsed) in tasks.COLUMNS.items():
            yield from _parsers(profile, run, tuple(f"parse-{what}-without-{column}" for what in parsed), f"without-{column}")


def parsers_of_published(profile: Profile) -> Iterator[Unit]:
    names = tuple(f"parse-{what}-of-published" for what in tasks.PARSED_OF_PUBLISHED)
    for run in range(1, profile.classifier.runs + 1):
        yield from _parsers(profile, run, names, "of-published")


def _parsers(profile: Profile, run: int, names: tuple[str, ...], label: str) -> Iterator[Unit]:
    """Parsers that share a body and have a head each, or each by itself."""
    steps, grid, main = profile.parsers.steps, profile.classifier.crop_grid, profile.classifier.backbones[0]
    for group in [names] if profile.parsers.shared_trunk else [(name,) for name in names]:
        job = Classification(group, run, main, steps, grid, tuple(f"predictions/{name}/{run}" for name in group))
        own = label if len(group) > 1 else group[0].removeprefix("parse-")
        yield _classifier(profile, f"{own}/{run}", job)


def _classifier(profile: Profile, label: str, job: Classification, *needs: str) -> Unit:
    settings = profile.classifier
    steps = job.steps if settings.recipe == "steps" else 1000
    cost = 0.055 * steps * settings.batch / 128 * (settings.crop / 32) ** 2 + 4
    content = None if job.start else lambda: backbone_content(job.backbone, profile)
    return Unit(label, (job,), job.written, cost, needs, content)


def backbone_content(name: str, profile: Profile) -> str:
    """The SHA-256 of the file with a backbone's weights; empty for a small body, or for weights that timm fetches."""
    return _identity(timm_weights.find(name, profile.published.weights_dir))


def _identity(file: timm_weights.WeightFile | None) -> str:
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

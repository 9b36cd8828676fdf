"""The study as a table of jobs: which there are at a profile, what each needs and leaves behind."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from typing import Any

from . import fleet, profiles, tasks
from .fetching import timm_weights
from .images.arrays import decoded_files
from .profiles import Profile
from .release import program as release_program
from .release.contents import TRUTH as HR
from .tasks import Classification
from .workflow.jobs import Job


def table(profile: Profile, *, content: bool = True) -> dict[str, Job]:
    """Every job of the study at a profile, chapters excepted, in the order in which they can run.

    Without ``content`` the photographs need not be there: for counting the jobs.
    """
    jobs = everything(profile, content=content)
    return release_program.possible(jobs, profile) if profile.release.folder else jobs


def everything(profile: Profile, *, content: bool = True) -> dict[str, Job]:
    """The same; of the authors' release also the jobs for which it lacks networks."""
    jobs = [_photographs(profile, content), *_statistics(profile), *_networks(profile), *_published(profile), *_classifiers(profile)]
    jobs += _prnu(profile)
    return {job.name: job for job in jobs}


def _section(profile: Profile, *names: str) -> dict[str, Any]:
    sections = {name: asdict(getattr(profile, name)) for name in names}
    for place in ("div2k", "flickr2k", "flickr1k"):
        sections.get("photographs", {}).pop(place, None)  # where the files lie; what they hold is in the digest of their content
    return {"master_seed": profile.master_seed} | sections


def _photographs(profile: Profile, content: bool) -> Job:
    from .photos import fingerprint

    if profile.release.folder:
        return release_program.photographs(profile)
    outputs = ("photos", f"images/{HR}", "images/train-split.txt", "images/val-split.txt", "images/test-split.txt")
    outputs += _decoded(profile, HR)
    settings = _section(profile, "photographs") | {"content": fingerprint(profile.photographs) if content else ""}
    return Job("photographs", "srfp_lib.stages.making:photographs", outputs, settings=settings, cost=3)


def _statistics(profile: Profile) -> list[Job]:
    """Table A.1, of whole photographs. A release holds no training sets. The folder ``photos`` is the other job's."""
    if profile.release.folder:
        return []
    cost = {"embedded": 2, "paper": 1600}.get(profile.photographs.source, 30)
    return [Job("statistics", "srfp_lib.stages.making:statistics", ("statistics/photographs.csv",), (), ("photographs",), cost=cost)]


def _decoded(profile: Profile, *names: str) -> tuple[str, ...]:
    """The files of the images that are kept decoded as well."""
    settings = profile.photographs
    return tuple(file for n in names for file in decoded_files(n, tiles=settings.image_size is not None)) if settings.decoded else ()


@cache
def _networks(profile: Profile) -> list[Job]:
    if profile.release.folder:
        return _released(profile, fleet.custom(), "")
    jobs, training = [], profile.training
    images = profile.photographs.max_images / 160
    for scale in fleet.SCALES:
        for architecture in fleet.ARCHITECTURES:
            stack = [n.model_id for n in fleet.stack(architecture, scale)]
            for names in [stack] if training.stacked else [[name] for name in stack]:
                label = f"{architecture}-x{scale}" if training.stacked else names[0]
                work = len(names) / 18 * (28 if scale == 2 else 12) * _training_size(profile)
                train = Job(
                    f"train/{label}", "srfp_lib.stages.making:train", tuple(f"networks/{n}" for n in names),
                    (tuple(names), f"train/{label}"), ("photographs",), _section(profile, "training"), work,
                )  # fmt: skip
                outputs = tuple(f"images/{n}" for n in names) + _decoded(profile, *names)
                enlarge = Job(f"images/{label}", "srfp_lib.stages.making:super_resolve", outputs, (tuple(names),), (train.name,), cost=7 * images)
                jobs += [train, enlarge, _quality(profile, label, tuple(names), enlarge.name)]
    return jobs


def _released(profile: Profile, networks: tuple[fleet.Network, ...], label: str) -> list[Job]:
    jobs = release_program.images(profile, networks)
    return jobs + [_quality(profile, f"{label}{job.arguments[0]}", job.arguments, job.name) for job in jobs]


def _quality(profile: Profile, label: str, names: tuple[str, ...], made_by: str) -> Job:
    file, settings, images = f"quality/{label}.csv", _section(profile, "quality"), profile.photographs.max_images / 160
    cost = len(names) / 9 * images * (6 if profile.quality.lpips else 1)
    return Job(f"quality/{label}", "srfp_lib.stages.making:quality", (file,), (names, file), (made_by,), settings, cost)


def _training_size(profile: Profile) -> float:
    """Training work relative to the demo profile's."""
    training, demo = profile.training, profiles.DEMO.training
    steps = (training.steps + 2 * training.adversarial_steps) / (demo.steps + 2 * demo.adversarial_steps)
    return steps * training.batch * training.patch**2 / (demo.batch * demo.patch**2) + 0.02


def _published(profile: Profile) -> list[Job]:
    """The published networks' images: of true weights or stand-ins, one job an architecture and scale, or of a folder."""
    from .published import sources

    images = profile.photographs.max_images / 160
    if profile.release.folder:
        return _released(profile, fleet.published(), "published-")
    if sources.is_folder(profile.published):
        kept = {"decoded": profile.photographs.decoded}
        settings = _section(profile, "published") | {"content": sources.fingerprint(profile.published)} | kept
        return [Job("published/folder", "srfp_lib.stages.published:take_folder", ("published",), settings=settings, cost=5)]
    jobs = []
    for label, networks in sources.groups(profile.published):
        names = tuple(n.model_id for n in networks)
        saved = [(under, n) for n in names for under in sources.ways(profile.published, n)]
        outputs = tuple(f"{under}/{file}".lstrip("/") for under, n in saved for file in (f"images/{n}", *_decoded(profile, n)))
        outputs += tuple(f"published/{n}.json" for n in names)
        settings = _section(profile, "training", "published") | {"weights": sources.weights_at(profile.published, names)}
        job = Job(f"published/{label}", "srfp_lib.stages.published:make", outputs, (names,), ("photographs",), settings, 4 * len(names) + images)
        jobs += [job, _quality(profile, f"published-{label}", names, job.name)]
    return jobs


def _classifiers(profile: Profile) -> list[Job]:
    settings, published, main = profile.classifier, profile.published, profile.classifier.backbones[0]
    runs, grid = range(1, settings.runs + 1), settings.crop_grid
    jobs = [_attribution(profile, run) for run in runs]
    jobs += [_control(profile, name) for name in settings.controls]
    everything = "attribution" if _is_folder(profile) else "everything"
    for backbone in settings.backbones:
        asked = Classification((everything,), 1, backbone, settings.backbone_steps, grid, (f"predictions/backbone-{backbone}/1",))
        jobs.append(_job(profile, f"backbones/{backbone}", asked, custom=True, published=not _is_folder(profile)))
    for run in range(1, profile.parsers.runs + 1):
        for column, (_, _, asked) in tasks.COLUMNS.items():
            jobs += _parsers(profile, run, tuple(f"parse-{a}-without-{column}" for a in asked), f"without-{column}")
    for run in runs:
        kept = f"classifiers/attribution/{run}.safetensors"
        shown = Classification(("attribution",), run, main, 0, grid, (f"predictions/unseen/{run}",), start=kept, show="published")
        jobs.append(_job(profile, f"unseen/{run}", shown, f"attribution/{run}", published=True))
        asked = Classification(("published",), run, main, published.classifier_steps, grid, (f"predictions/published/{run}",), start=kept)
        jobs.append(_job(profile, f"seen/warm/{run}", asked, f"attribution/{run}", published=True))
        cold = Classification(("published",), run, main, published.classifier_steps, grid, (f"predictions/published-cold/{run}",))
        jobs.append(_job(profile, f"seen/cold/{run}", cold, published=True))
        names = tuple(f"parse-{a}-of-published" for a in tasks.PARSED_OF_PUBLISHED)
        jobs += _parsers(profile, run, names, "of-published", published=True)
    return jobs + _controls(profile)


def _attribution(profile: Profile, run: int) -> Job:
    settings, kept = profile.classifier, f"classifiers/attribution/{run}.safetensors"
    outputs = (f"predictions/attribution/{run}",)
    asked = Classification(("attribution",), run, settings.backbones[0], settings.steps, settings.crop_grid, outputs, keep=kept)
    return _job(profile, f"attribution/{run}", asked, custom=True)


def _control(profile: Profile, name: str) -> Job:
    """Attribution among the custom networks once more, with one thing changed."""
    settings, output = profile.classifier, f"predictions/attribution-{name}/1"
    if name == tasks.COLOUR_ALONE:
        images = tuple(j.name for j in _networks(profile) if j.name.startswith("images/"))
        return Job(f"attribution/{name}", "srfp_lib.stages.classify:colour", (output,), (output,), images, _section(profile, "photographs"), 20)
    asked = Classification(("attribution",), 1, settings.backbones[0], settings.control_steps, settings.crop_grid, (output,))
    return _job(profile, f"attribution/{name}", replace(asked, **tasks.control(name)), custom=True)


def _controls(profile: Profile) -> list[Job]:
    """Of the published networks: is it the colour cast (D50)? Is it the 8-bit writer (D36)?"""
    main, steps, grid = profile.classifier.backbones[0], profile.published.classifier_steps, profile.classifier.crop_grid
    colour = Classification(("published",), 1, main, steps, grid, ("predictions/published-matched/1",), matched=True)
    jobs = [_job(profile, "seen/matched", colour, published=True)]
    if profile.published.source in ("weights", "stand-ins"):  # images that are made here can be saved in two ways
        writer = Classification(("published-writer",), 1, main, steps, grid, ("predictions/published-writer/1",))
        jobs.append(_job(profile, "seen/writer", writer, published=True))
    return jobs


def _parsers(profile: Profile, run: int, names: tuple[str, ...], label: str, *, published: bool = False) -> list[Job]:
    """Parsers with one body and a head each, or each by itself."""
    main, jobs = profile.classifier.backbones[0], []
    for group in [names] if profile.parsers.shared_trunk else [(name,) for name in names]:
        outputs = tuple(f"predictions/{name}/{run}" for name in group)
        asked = Classification(group, run, main, profile.parsers.steps, profile.classifier.crop_grid, outputs)
        own = label if len(group) > 1 else group[0].removeprefix("parse-")
        jobs.append(_job(profile, f"{'parsers-of-published' if published else 'parsers'}/{own}/{run}", asked, custom=True, published=published))
    return jobs


def _job(profile: Profile, name: str, asked: Classification, *needs: str, custom: bool = False, published: bool = False) -> Job:
    fields = _section(profile, "photographs", "classifier")
    for other in ("backbones", "runs", "steps", "backbone_steps", "controls", "control_steps"):
        del fields["classifier"][other]  # what the classification itself says, or does not ask
    if published:
        fields["published"] = profile.published.source
    if not asked.start and (file := timm_weights.find(asked.backbone, profile.published.weights_dir)):
        fields["weights"] = str(file)
    if custom:
        needs += tuple(j.name for j in _networks(profile) if j.name.startswith("images/"))
    if published:
        needs += tuple(j.name for j in _published(profile) if j.name.startswith("published/"))
    settings = profile.classifier
    steps = asked.steps if settings.recipe == "steps" else 1000
    cost = 0.055 * steps * settings.batch / 128 * (settings.crop / 32) ** 2 + 4
    return Job(name, "srfp_lib.stages.classify:classify", asked.written, (asked,), needs, fields, cost)


def _prnu(profile: Profile) -> list[Job]:
    rotations = min(profile.photographs.rotations, profile.classifier.runs)
    images, settings = tuple(j.name for j in _networks(profile) if j.name.startswith("images/")), _section(profile, "photographs", "prnu")
    control = settings["prnu"].pop("random_phase")
    asked = [("prnu", run, False) for run in range(1, rotations + 1)] + ([("prnu-random-phase", 1, True)] if control else [])
    outputs = [f"predictions/{name}/{run}" for name, run, _ in asked]
    return [Job(f"{name}/{run}", "srfp_lib.stages.making:prnu", (output,), (run, output, random), images, settings, 10)
            for (name, run, random), output in zip(asked, outputs, strict=True)]  # fmt: skip


def _is_folder(profile: Profile) -> bool:
    from .published import sources

    return sources.is_folder(profile.published)

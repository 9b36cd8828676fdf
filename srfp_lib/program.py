"""THE STUDY: every kind of work, in the order of the paper. Read this first.

A row says what a kind of work is in the paper, which function does it, which other kinds it needs, what it leaves in the
workspace, and on which fields of the profile its result depends. `stages.units` divides it into jobs at a profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from types import MappingProxyType
from typing import Any

from . import fleet
from .common.errors import UserError
from .profiles import PAPER, Profile
from .stages import forensic_units, units
from .workflow.jobs import Job, Unit


@dataclass(frozen=True)
class Kind:
    """A kind of work. ``needs`` are the kinds whose outputs it reads; ``depends_on`` are fields of the profile, "section.field",
    "section.*" for all of a section, or with a minus in front for all but that one. ``version`` counts up, by hand, whenever
    the same settings lead to another result than before.
    """

    name: str
    in_the_paper: str
    work: str
    needs: tuple[str, ...]
    leaves: str
    depends_on: tuple[str, ...]
    units: Callable[[Profile], Iterable[Unit]]
    version: int = 1


MAKE, PUBLISHED, CLASSIFY = "srfp_lib.stages.making:", "srfp_lib.stages.published:", "srfp_lib.stages.classify:"
PRINTS, RELEASE = "srfp_lib.stages.fingerprints:", "srfp_lib.release.stages:"
RECIPE = tuple(f"classifier.{name}" for name in ("recipe", "crop", "batch", "head_epochs", "epochs", "learning_rate", "precision"))
KEPT = ("-photographs.png", "-photographs.decoded")  # how images are kept: the pixels are the same
PLACES = tuple(f"-photographs.{name}" for name in ("source", "div2k", "flickr2k", "flickr1k"))  # their content counts, not where they lie

NOISE = ("prnu.denoiser", "prnu.crop", "prnu.int8")
TRAINING = ("training.*", "-training.stacked", "-training.checkpoint_every", "-training.recorded")

STUDY = (
    Kind("photographs", "section 3.2: DIV2K and Flickr2K train the networks, Flickr1K is super-resolved and split for the classifiers",
         MAKE + "photographs", (), "photos, images/HR-HR-HR-HR-HR, decoded/HR-HR-HR-HR-HR, the split files",
         ("photographs.*", *PLACES, *KEPT), units.photographs, 2),
    Kind("statistics", "Table A.1",
         MAKE + "statistics", ("photographs",), "statistics/photographs.csv", (), units.statistics, 2),
    Kind("train", "section 3.1: the 180 custom networks",
         MAKE + "train", ("photographs",), "networks/MODEL_ID",
         TRAINING, units.train, 2),
    Kind("images", "section 3.2: every custom network super-resolves every image",
         MAKE + "super_resolve", ("photographs", "train"), "images/MODEL_ID, decoded/MODEL_ID", (), units.super_resolve),
    Kind("windows", "not in the paper: the images with a margin of their photographs, where they are small tiles",
         MAKE + "windows", ("photographs",), "windows", ("published.margin",), units.windows),
    Kind("published", "Table 1: published networks super-resolve the same images",
         PUBLISHED + "make", ("photographs", "windows"), "images/MODEL_ID, decoded/MODEL_ID, published/MODEL_ID.json",
         ("published.writer",), units.published, 3),
    Kind("published", "in their place the images in a folder, of whichever networks made them",
         "srfp_lib.stages.foreign_images:take_folder", ("photographs",), "published",
         ("photographs.rotations", "photographs.png", "photographs.decoded"), units.published_folder, 2),
    Kind("quality", "appendix A.2: PSNR, SSIM and LPIPS",
         MAKE + "quality", ("photographs", "images", "published"), "quality/LABEL.csv", ("quality.*",), units.quality),
    Kind("backbones", "section 4.1.1, Table 2: four classifiers attribute all 205 networks",
         CLASSIFY + "classify", ("photographs", "images", "published"), "predictions/backbone-BACKBONE/1", RECIPE, units.backbones, 2),
    Kind("attribution", "section 4.1.1, Table 3 and Figure 3: attribution among the 180 custom networks, and its controls",
         CLASSIFY + "classify", ("photographs", "images"),
         "predictions/attribution/RUN, predictions/attribution-CONTROL/1, classifiers/attribution/RUN.safetensors", RECIPE, units.attribution, 2),
    Kind("attribution", "not in the paper: attribution by the mean colour alone",
         CLASSIFY + "colour", ("photographs", "images"), "predictions/attribution-colour-alone/1", (), units.colour_alone),
    Kind("prnu", "section 4.1.1, Figure 4: noise residuals attribute the networks that differ by their seed alone",
         MAKE + "prnu", ("photographs", "images"), "predictions/prnu/RUN", NOISE, units.prnu, 2),
    Kind("prnu-known-offset", "not in the paper: the same, every image in one phase of the sub-pixel grid",
         MAKE + "prnu", ("photographs", "images"), "predictions/prnu-known-offset/RUN", NOISE, units.prnu_known_offset, 2),
    Kind("fingerprints", "not in the paper: what the fingerprints look like",
         PRINTS + "pictures", ("photographs", "images", "published"), "fingerprints", ("fingerprints.pictured", "fingerprints.crop"),
         forensic_units.pictures),
    Kind("fingerprints", "not in the paper: attribution by other fingerprints than a CNN's",
         PRINTS + "attribute", ("photographs", "images", "published"), "predictions/fingerprint-KIND/1, predictions/fingerprint-KIND-published/1",
         ("fingerprints.images", "fingerprints.crop"), forensic_units.fingerprints),
    Kind("spectra", "not in the paper: every image described by its log power spectrum",
         "srfp_lib.stages.described:describe", ("photographs", "images", "published"), "spectra", ("forensics.images", "fingerprints.crop"),
         forensic_units.spectra),
    Kind("verification", "not in the paper: whether one network made two images, by networks that nothing was learnt from",
         "srfp_lib.stages.verification:verify", ("spectra",), "verification", (), forensic_units.verification),
    Kind("open-set", "not in the paper: networks that no classifier saw are to be called unknown; baselines on the splits of data/open_set",
         "srfp_lib.stages.open_set:benchmark", ("photographs", "train", "images", "spectra"), "open_set", ("fingerprints.crop",),
         forensic_units.open_set),
    Kind("survival", "not in the paper: which fingerprints survive a delivery, and what hides or forges them",
         "srfp_lib.stages.survival:survive", ("photographs", "train", "images", "published", "attribution"), "survival",
         ("fingerprints.crop", "forensics.survival"), forensic_units.survival),
    Kind("identify", "not in the paper: a model that names the network behind one image, and what it gets wrong",
         "srfp_lib.stages.identifying:fit", ("photographs", "images", "published"), "identify/model", (), forensic_units.identify, 2),
    Kind("identify-trial", "not in the paper: images judged with re-deliveries, and images of networks that the model never saw",
         "srfp_lib.stages.identifying:trial", ("photographs", "images", "published", "identify"), "identify/trial.csv", (),
         forensic_units.identify_trial, 2),
    Kind("seen", "section 4.1.2: attribution among the published networks, from the kept classifier (warm) or afresh (cold), and controls",
         CLASSIFY + "classify", ("photographs", "published", "attribution"),
         "predictions/published/RUN, predictions/published-cold/RUN, predictions/published-CONTROL/1", RECIPE, units.seen, 2),
    Kind("unseen", "section 4.1.3, Figures 5 and 6: the kept classifier's features of networks it never saw",
         CLASSIFY + "classify", ("photographs", "published", "attribution"), "predictions/unseen/RUN", RECIPE, units.unseen, 2),
    Kind("parsers", "section 4.2, Table 4: hyperparameters parsed with one value withheld",
         CLASSIFY + "classify", ("photographs", "images"), "predictions/parse-WHAT-without-VALUE/RUN", RECIPE, units.parsers, 2),
    Kind("parsers-known-offset", "not in the paper: the same, where the sub-pixel grid is known",
         CLASSIFY + "classify", ("photographs", "images"), "predictions/parse-WHAT-without-VALUE-known-offset/1", RECIPE, units.parsers_known_offset),
    Kind("parsers-of-published", "section 4.2.1, Figure 7: hyperparameters of the published networks parsed",
         CLASSIFY + "classify", ("photographs", "images", "published"),
         "predictions/parse-WHAT-of-published/RUN", RECIPE, units.parsers_of_published, 2),
)  # fmt: skip

# In a workspace of the authors' released images these take the place of the rows of the same name; nothing is trained.
OF_RELEASE = ("photographs.rotations", "photographs.decoded", "release.splits", "release.copy", "release.content")
FROM_RELEASE = (
    Kind("photographs", "the authors' true images", RELEASE + "photographs", (), "photos, images", OF_RELEASE, units.photographs, 2),
    Kind("images", "their networks' images", RELEASE + "images", ("photographs",), "images", OF_RELEASE, partial(units.released, fleet.custom)),
    Kind("published", "the same", RELEASE + "images", ("photographs",), "images, published", OF_RELEASE, partial(units.released, fleet.published)),
)
NOT_IN_RELEASE = ("photographs", "statistics", "train", "images", "published")


def kinds(profile: Profile) -> tuple[Kind, ...]:
    """The rows of the study at a profile."""
    return FROM_RELEASE + tuple(kind for kind in STUDY if kind.name not in NOT_IN_RELEASE) if profile.release.folder else STUDY


def table(profile: Profile, *, content: bool = True, recorded: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Job]:
    """Every job of the study at a profile, chapters excepted, in an order in which they can run; `possible` ones and others.

    Without ``content`` no input file is looked at. Where input files are gone, the content that a finished job has ``recorded``
    is taken for them: what was made of them is still there.
    """
    jobs: dict[str, Job] = {}
    for kind in kinds(profile):
        for unit in kind.units(profile):
            job = _job(profile, kind, unit, jobs, content, recorded)
            jobs[job.name] = job
    return jobs


def possible(jobs: dict[str, Job]) -> dict[str, Job]:
    """The jobs that can be made."""
    return {name: job for name, job in jobs.items() if not job.lacking}


def _job(profile: Profile, kind: Kind, unit: Unit, jobs: dict[str, Job], content: bool, recorded: Mapping[str, Any]) -> Job:
    name = f"{kind.name}/{unit.label}" if unit.label else kind.name
    wanted = (*(need for need in kind.needs if need == "photographs"), *unit.needs) if unit.needs else kind.needs
    needs = tuple(other for need in wanted for other in jobs if need in (other, jobs[other].kind))
    settings = settings_of(profile, kind.depends_on)
    if unit.content and content:
        settings["content"] = _content(unit.content, recorded.get(name))
    lacking = dict.fromkeys((*unit.lacking, *(network for need in needs for network in jobs[need].lacking)))
    return Job(name, kind.work, unit.leaves, unit.arguments, needs, settings, kind.version, unit.cost, tuple(lacking))


def _content(content: Callable[[], Any], recorded: Any) -> Any:
    """What the input files hold now; of files that are gone, what a finished job recorded: what was made of them is still there."""
    try:
        now = content()
    except UserError:  # a job that needs the files will be refused with the sentence
        return recorded
    return recorded | now if isinstance(now, dict) and isinstance(recorded, dict) else now


def settings_of(profile: Profile, depends_on: Iterable[str]) -> dict[str, Any]:
    """The master seed and the named fields, but for those at their defaults, so that a new field changes no key.

    >>> from srfp_lib.profiles import DEMO
    >>> settings_of(DEMO, ("prnu.*", "-prnu.crop", "classifier.batch"))
    {'master_seed': 1, 'prnu.denoiser': 'wavelet', 'prnu.int8': False, 'prnu.known_offset': True, 'classifier.batch': 128}
    """
    found: dict[str, Any] = {"master_seed": profile.master_seed}
    for entry in depends_on:
        section, _, name = entry.removeprefix("-").partition(".")
        ours, default = getattr(profile, section), getattr(PAPER, section)
        if entry.startswith("-"):
            found.pop(f"{section}.{name}", None)
            continue
        for field in [f.name for f in fields(ours)] if name == "*" else [name]:
            if (value := getattr(ours, field)) != getattr(default, field):
                found[f"{section}.{field}"] = value
    return found

"""How large the study is run: `PAPER` is the paper, the smaller profiles say where they depart from it.

A field that the paper leaves open carries the label of its entry on the page "Choices" (D4, D5, ...). A profile is
pure data: equal profiles give equal results, whatever the machine, the number of processes or the order of the jobs.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from .common.checkout import HOME
from .common.errors import UserError
from .common.overrides import from_file, located, setting

PRECISIONS = ("float32", "bfloat16")
SMALL_BACKBONES = ("small_residual", "small_separable", "small_inverted", "small_convnext")
LAB_CONTROLS = ("free-crops", "matched", "colour-alone", "bits-7", "bits-6", "photographs-50", "photographs-25", "photographs-12")
PAPER_BACKBONES = ("convnext_base.fb_in1k", "legacy_xception.tf_in1k", "efficientnet_b2.ra_in1k", "resnet50.a1_in1k")


@dataclass(frozen=True)
class Photographs:
    """Which photographs, and how they are cut (paper, section 3.2 and Table A.1)."""

    source: str = setting(
        "paper", "paper, embedded, a folder, or release: the images are the authors'", "D12", place=True, of=("paper", "embedded", "release")
    )
    div2k: str = setting("runs/photos/div2k", "source paper: folder of DIV2K", place=True)
    flickr2k: str = setting("runs/photos/flickr2k", "source paper: folder of Flickr2K", place=True)
    flickr1k: str = setting("runs/photos/flickr1k", "source paper: folder of Flickr1K, which has splits of its own", place=True)
    training_tile: int = setting(480, "HR side of the tiles that training crops come from", "D6", least=16, step=4)
    image_size: int | None = setting(None, "side of the images to super-resolve; none, in TOML 0: whole photographs", least=16, step=4)
    max_training_tiles: int = setting(100_000, "most tiles of a training set", least=1)
    max_images_per_photograph: int = setting(1, "most images cut from a photograph", least=1)
    max_images: int = setting(1000, "most images in all", least=1)
    dead_leaves: int = setting(0, "drawn images added to each training set")
    decoded: bool = setting(True, "images are kept decoded beside their PNG files, so that a crop costs microseconds")
    rotations: int = setting(1, "splits of the photographs that the classifier runs rotate through", "D35", least=1, most=8)


@dataclass(frozen=True)
class Training:
    """How the custom networks are trained (paper, section 3.1)."""

    size: str = setting("full", "full or narrow members of the five families", "D7", of=("full", "narrow"))
    stacked: bool = setting(False, "the 18 networks of an architecture and scale are one job")
    steps: int = setting(50_000, "optimiser steps with L1", least=1)
    adversarial_steps: int = setting(50_000, "optimiser steps with a discriminator")
    start_from_l1: bool = setting(False, "adversarial networks start from their finished L1 twin", "D5")
    batch: int = setting(16, "crops a step", "D6", least=1)
    patch: int = setting(128, "HR side of a training crop", "D6", least=16, step=4)
    learning_rate: float = setting(1e-4, "Adam, L1", "D5", least=1e-9)
    adversarial_learning_rate: float = setting(1e-4, "Adam, adversarial", "D5", least=1e-9)
    discriminator_learning_rate: float = setting(1e-4, "Adam, discriminator", "D5", least=1e-9)
    discriminator_betas: tuple[float, ...] = setting((0.9, 0.99), "Adam's moments, discriminator", "D5", most=0.9999, count=2)
    warmup: int = setting(0, "steps of linear warm-up", "D5")
    final_rate: float = setting(1.0, "share of the learning rate left at the end of a cosine; 1: constant", "D5", most=1)
    clip: float = setting(0.0, "largest gradient norm of a network; 0: none", "D5")
    pixel_weight: float = setting(0.0, "weight of L1 beside the perceptual and adversarial terms", "D4")
    perceptual_weight: float = setting(1.0, "weight of the perceptual term", "D4")
    adversarial_weight: float = setting(1e-3, "weight of -log D")
    perceptual: str = setting(
        "imagenet",
        "imagenet, seeded (small, fixed random weights), or efficientnet_lite0 (extra backbones)",
        "D4",
        of=("imagenet", "seeded", "efficientnet_lite0"),
    )
    discriminator: str = setting("vgg", "vgg: BasicSR's for 128 pixels, or small", "D8", of=("vgg", "small"))
    precision: str = setting("float32", "float32 as in BasicSR, or bfloat16 (autocast)", of=PRECISIONS)
    channels_last: bool = setting(False, "weights and images in the memory layout n h w c")
    compiled: bool = setting(False, "torch.compile of the networks")
    log_every: int = setting(1000, "steps between lines of the log", least=1)
    checkpoint_every: int = setting(1000, "steps between checkpoints; 0: none")


@dataclass(frozen=True)
class Classifier:
    """How attribution and parsing classifiers are trained (paper, section 3.3)."""

    backbones: tuple[str, ...] = setting(PAPER_BACKBONES, "rows of Table 2; the first is used everywhere else", "D14", count=1)
    runs: int = setting(3, "trainings of the attribution classifier, seeds 1, 2, ...", "D21", least=1)
    recipe: str = setting("paper", "paper: Adamax, epochs, plateau; steps: AdamW, fixed steps, cosine", "D18", of=("paper", "steps"))
    crop: int = setting(224, "side of a training crop", "D15", least=16)
    crop_grid: int = setting(1, "crop offsets are multiples of this; 1: free crops", "D17", least=1)
    batch: int = setting(16, "crops a step", least=1)
    head_epochs: int = setting(3, "epochs of the last layer alone", "D20")
    epochs: int = setting(15, "epochs of everything", "D19")
    steps: int = setting(0, "recipe steps: attribution")
    backbone_steps: int = setting(0, "recipe steps: the further rows of Table 2")
    controls: tuple[str, ...] = setting((), "attribution once more with one thing changed: free-crops, matched, bits-7, photographs-50, ...")
    control_steps: int = setting(0, "recipe steps: each control")
    learning_rate: float = setting(5e-4, "start of the schedule", least=1e-9)
    checkpoint_every: int = setting(1000, "recipe steps: steps between checkpoints, recipe paper: after every epoch; 0: none")
    precision: str = setting("float32", "float32, or bfloat16 (autocast)", of=PRECISIONS)


@dataclass(frozen=True)
class Parsers:
    """How the 18 parsers of Table 4 are trained (paper, section 4.2)."""

    runs: int = setting(3, "trainings of every parser", least=1)
    shared_trunk: bool = setting(False, "the parsers of a withheld value share a body; the paper trains each apart")
    steps: int = setting(0, "recipe steps")


@dataclass(frozen=True)
class Published:
    """The published networks (paper, Table 1): where their images come from, and how they are told apart (section 4.1.2)."""

    source: str = setting(
        "weights",
        "weights, stand-ins, release, or a folder of images that somebody's networks made",
        "D38",
        place=True,
        of=("weights", "stand-ins", "release"),
    )
    weights_dir: str = setting("weights", "folder of weight files, used where they lie there; in backbones/ those of timm's backbones", place=True)
    writer: str = setting("round", "round, or authors: five networks' values are truncated to 8 bits as theirs were", "D36", of=("round", "authors"))
    steps: int = setting(0, "stand-ins: optimiser steps with L1")
    adversarial_steps: int = setting(0, "stand-ins: optimiser steps with a discriminator")
    classifier_steps: int = setting(0, "recipe steps: attribution among the published networks", "D23")


@dataclass(frozen=True)
class Prnu:
    """The noise-residual baseline (paper, section 4.1.1)."""

    denoiser: str = setting("bm3d", "bm3d or wavelet", "D28", of=("bm3d", "wavelet"))
    crop: int | None = setting(299, "side of the centre crop; none: whole images", "D28", least=16)
    int8: bool = setting(True, "residuals stored as whole grey levels, as in the released code", "D28")
    random_phase: bool = setting(False, "once more with tiles out of phase with the sub-pixel grid: a control")


@dataclass(frozen=True)
class Quality:
    """What PSNR and SSIM are taken of (paper, appendix A.2)."""

    crop: int | None = setting(224, "side of the centre crop; none: whole images", "D41", least=16)
    images: str = setting("test", "test images, or all", "D41", of=("test", "all"))
    lpips: bool = setting(True, "LPIPS beside PSNR and SSIM; needs AlexNet's ImageNet weights", "D41")


@dataclass(frozen=True)
class Release:
    """The authors' released images, where they take the place of ours. `python -m srfp_lib release` fills this in."""

    folder: str = setting("", "the unpacked release; empty: the study makes its own images", place=True, of=("",))
    splits: str = setting("theirs", "theirs, or ours: the photographs are dealt anew", "D35", of=("theirs", "ours"))
    copy: bool = setting(False, "the images are copied into the workspace; otherwise they stay where they are")
    networks: tuple[str, ...] = setting((), "the networks whose images are there")
    content: str = setting("", "digest of the photographs that are used, and of their splits")


@dataclass(frozen=True)
class Profile:
    """One size of the study. Sections are frozen too; derive another with `dataclasses.replace` or a TOML file."""

    name: str
    base: str = ""  # of a profile from a file: the one that it changes
    master_seed: int = 1
    photographs: Photographs = field(default_factory=Photographs)
    training: Training = field(default_factory=Training)
    classifier: Classifier = field(default_factory=Classifier)
    parsers: Parsers = field(default_factory=Parsers)
    prnu: Prnu = field(default_factory=Prnu)
    published: Published = field(default_factory=Published)
    quality: Quality = field(default_factory=Quality)
    release: Release = field(default_factory=Release)


PAPER = Profile(name="paper")

_NARROW = Training(
    size="narrow", stacked=True, steps=200, adversarial_steps=80, start_from_l1=True, batch=3, patch=48,
    learning_rate=2e-3, adversarial_learning_rate=1e-3, discriminator_learning_rate=5e-4,
    discriminator_betas=(0.5, 0.99), warmup=10, final_rate=0.05, clip=1.0,
    pixel_weight=0.3, perceptual_weight=2.0, adversarial_weight=0.02,
    perceptual="seeded", discriminator="small", log_every=20, checkpoint_every=0,
)  # fmt: skip

DEMO = Profile(
    name="demo",
    photographs=Photographs(
        source="embedded", training_tile=96, image_size=96, max_training_tiles=240, max_images_per_photograph=24,
        max_images=160, dead_leaves=12, rotations=3,
    ),
    training=_NARROW,
    classifier=Classifier(
        backbones=SMALL_BACKBONES, runs=3, recipe="steps", crop=32, crop_grid=4, batch=128, head_epochs=0, epochs=0,
        steps=600, backbone_steps=200, controls=("free-crops", "colour-alone"), control_steps=600, learning_rate=3e-3, precision="bfloat16",
        checkpoint_every=0,
    ),
    parsers=Parsers(runs=1, shared_trunk=True, steps=200),
    prnu=Prnu(denoiser="wavelet", crop=None, int8=False, random_phase=True),
    published=Published(source="stand-ins", weights_dir="weights", steps=250, adversarial_steps=80, classifier_steps=120),
    quality=Quality(crop=None, images="all", lpips=False),
)  # fmt: skip

LAB = replace(
    DEMO,
    name="lab",
    photographs=replace(
        DEMO.photographs, source="embedded", max_training_tiles=480, max_images_per_photograph=4, max_images=600,
        dead_leaves=0, rotations=1,
    ),
    training=replace(DEMO.training, steps=1000, adversarial_steps=400, batch=4, log_every=100, checkpoint_every=200),
    classifier=replace(DEMO.classifier, steps=2500, backbone_steps=1500, control_steps=2500, controls=LAB_CONTROLS, checkpoint_every=500),
    parsers=replace(DEMO.parsers, runs=3, steps=600),
    published=replace(DEMO.published, steps=1500, adversarial_steps=500, classifier_steps=800),
)  # fmt: skip

SMOKE = replace(
    DEMO,
    name="smoke",
    photographs=replace(DEMO.photographs, training_tile=48, image_size=48, max_training_tiles=8,
                        max_images_per_photograph=1, max_images=9, dead_leaves=1),
    training=replace(DEMO.training, steps=4, adversarial_steps=2, batch=1, warmup=1, log_every=2),
    classifier=replace(DEMO.classifier, crop=24, batch=64, steps=12, backbone_steps=4, control_steps=4, controls=LAB_CONTROLS[:5]),
    parsers=replace(DEMO.parsers, steps=4),
    published=replace(DEMO.published, steps=4, adversarial_steps=2, classifier_steps=4),
)  # fmt: skip

PROFILES = {p.name: p for p in (PAPER, LAB, DEMO, SMOKE)}


def get(name_or_file: str | Path) -> Profile:
    """A profile by name, or from a TOML file that names one and overrides fields.

    The file's key ``profile`` names the base, ``name`` the new one (default: the file's stem), ``photos`` is short for
    ``photographs.source``; every section is a table of the fields to change. Paths in a file are relative to the file, those of
    the named profiles to the checkout, and all of them are absolute in the result. Raises UserError for anything unknown.

    >>> get("demo").training.steps
    200
    """
    name = str(name_or_file)
    if not name.endswith(".toml") and name not in PROFILES:
        raise UserError(f"there is no profile '{name}': choose one of {', '.join(PROFILES)}, or a .toml file that names one of them")
    found = PROFILES[name] if name in PROFILES else from_file(Path(name).expanduser().absolute(), PROFILES)
    if sentence := conflict(found):
        raise UserError(f"{name}: {sentence}")
    return at_home(found)


def at_home(profile: Profile) -> Profile:
    """The profile with paths that are still relative, the defaults, made absolute in the checkout."""
    sections = {f.name: getattr(profile, f.name) for f in fields(profile) if is_dataclass(getattr(profile, f.name))}
    places = {name: {f.name: located(getattr(of, f.name), f.metadata["rule"], HOME) for f in fields(of)} for name, of in sections.items()}
    return replace(profile, **{name: replace(of, **places[name]) for name, of in sections.items()})


def conflict(profile: Profile) -> str:
    """What makes the fields of a profile impossible together, as a sentence; empty if nothing does."""
    photographs, training, classifier = profile.photographs, profile.training, profile.classifier
    needed = {"classifier.steps": classifier.steps, "classifier.backbone_steps": classifier.backbone_steps, "parsers.steps": profile.parsers.steps,
              "published.classifier_steps": profile.published.classifier_steps}  # fmt: skip
    needed |= {"classifier.control_steps": classifier.control_steps} if set(classifier.controls) - {"colour-alone"} else {}
    without = [name for name, steps in needed.items() if not steps] if classifier.recipe == "steps" else []
    small = set(classifier.backbones) & set(SMALL_BACKBONES)
    side = photographs.image_size or math.inf
    rules = {
        f"name is '{profile.name}', and it must be letters, digits, _, - and .": not re.fullmatch(r"\w[\w.-]*", profile.name),
        f"training.patch is {training.patch}, more than photographs.training_tile, {photographs.training_tile}":
            training.patch > photographs.training_tile,
        f"classifier.crop is {classifier.crop}, more than photographs.image_size, {photographs.image_size}": classifier.crop > side,
        f"prnu.crop is {profile.prnu.crop}, more than photographs.image_size, {photographs.image_size}": (profile.prnu.crop or 0) > side,
        f"photographs.rotations is {photographs.rotations}, and the embedded photographs are dealt for 1 or 3":
            photographs.source == "embedded" and photographs.rotations not in (1, 3),
        f"classifier.crop is {classifier.crop}, and the small backbones take multiples of 8": bool(small) and classifier.crop % 8 > 0,
        f"classifier.recipe is steps, and {' and '.join(without)} is 0": bool(without),
        "classifier.recipe is paper, and classifier.epochs is 0": classifier.recipe == "paper" and not classifier.epochs,
        f"training.discriminator is vgg, which takes 128 pixels, and training.patch is {training.patch}":
            training.discriminator == "vgg" and training.patch != 128 and training.adversarial_steps > 0,
        "training.start_from_l1 is true, which needs the L1 network in the same job, and training.stacked is false":
            training.start_from_l1 and not training.stacked,
        "published.source is stand-ins, and published.steps is 0": profile.published.source == "stand-ins" and not profile.published.steps,
        f"training.discriminator_betas has {len(training.discriminator_betas)} values, and Adam takes 2": len(training.discriminator_betas) != 2,
    }  # fmt: skip
    return next((f"{sentence}: change one of them" for sentence, broken in rules.items() if broken), "")


def choices(profile: Profile) -> list[dict[str, str]]:
    """Every field beside the paper profile's: section, field, meaning, label, paper, here."""
    rows = []
    for section in (f.name for f in fields(Profile) if is_dataclass(getattr(PAPER, f.name))):
        ours, paper = getattr(profile, section), getattr(PAPER, section)
        for f in fields(ours):
            values = {side: _written(getattr(of, f.name)) for side, of in (("paper", paper), ("here", ours))}
            rows.append({"section": section, "field": f.name, **f.metadata, **values})
    return rows


def _written(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return "none" if value is None else text

"""How large the study is run: `PAPER` is the paper, the smaller profiles say where they depart from it.

A field that the paper leaves open carries the label of its entry on the page "Choices" (D4, D5, ...). A profile is
pure data: equal profiles give equal results, whatever the machine, the number of processes or the order of the jobs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from .common.errors import UserError
from .common.overrides import from_file

SMALL_BACKBONES = ("small_residual", "small_separable", "small_inverted", "small_convnext")
LAB_CONTROLS = ("free-crops", "matched", "colour-alone", "bits-7", "bits-6", "photographs-50", "photographs-25", "photographs-12")
PAPER_BACKBONES = ("convnext_base.fb_in1k", "legacy_xception.tf_in1k", "efficientnet_b2.ra_in1k", "resnet50.a1_in1k")


def _field(default: Any, meaning: str, label: str = "") -> Any:
    """A field with its meaning and, where the paper leaves it open, the label of its entry on the page of choices."""
    return field(default=default, metadata={"meaning": meaning, "label": label})


@dataclass(frozen=True)
class Photographs:
    """Which photographs, and how they are cut (paper, section 3.2 and Table A.1)."""

    source: str = _field("paper", "paper, embedded, a folder, or release: the images are the authors'", "D12")
    div2k: str = _field("runs/photos/div2k", "source paper: folder of DIV2K")
    flickr2k: str = _field("runs/photos/flickr2k", "source paper: folder of Flickr2K")
    flickr1k: str = _field("runs/photos/flickr1k", "source paper: folder of Flickr1K, which has splits of its own")
    training_tile: int = _field(480, "HR side of the tiles that training crops come from", "D6")
    image_size: int | None = _field(None, "side of the images to super-resolve; none, in TOML 0: whole photographs")
    max_training_tiles: int = _field(100_000, "most tiles of a training set")
    max_images_per_photograph: int = _field(1, "most images cut from a photograph")
    max_images: int = _field(1000, "most images in all")
    dead_leaves: int = _field(0, "drawn images added to each training set")
    decoded: bool = _field(True, "images are kept decoded beside their PNG files, so that a crop costs microseconds")
    rotations: int = _field(1, "splits of the photographs that the classifier runs rotate through", "D35")


@dataclass(frozen=True)
class Training:
    """How the custom networks are trained (paper, section 3.1)."""

    size: str = _field("full", "full or narrow members of the five families", "D7")
    stacked: bool = _field(False, "the 18 networks of an architecture and scale are one job")
    steps: int = _field(50_000, "optimiser steps with L1")
    adversarial_steps: int = _field(50_000, "optimiser steps with a discriminator")
    start_from_l1: bool = _field(False, "adversarial networks start from their finished L1 twin", "D5")
    batch: int = _field(16, "crops a step", "D6")
    patch: int = _field(128, "HR side of a training crop", "D6")
    learning_rate: float = _field(1e-4, "Adam, L1", "D5")
    adversarial_learning_rate: float = _field(1e-4, "Adam, adversarial", "D5")
    discriminator_learning_rate: float = _field(1e-4, "Adam, discriminator", "D5")
    discriminator_betas: tuple[float, ...] = _field((0.9, 0.99), "Adam's moments, discriminator", "D5")
    warmup: int = _field(0, "steps of linear warm-up", "D5")
    final_rate: float = _field(1.0, "share of the learning rate left at the end of a cosine; 1: constant", "D5")
    clip: float = _field(0.0, "largest gradient norm of a network; 0: none", "D5")
    pixel_weight: float = _field(0.0, "weight of L1 beside the perceptual and adversarial terms", "D4")
    perceptual_weight: float = _field(1.0, "weight of the perceptual term", "D4")
    adversarial_weight: float = _field(1e-3, "weight of -log D")
    perceptual: str = _field("imagenet", "imagenet, seeded (small, fixed random weights), or efficientnet_lite0 (extra backbones)", "D4")
    discriminator: str = _field("vgg", "vgg: BasicSR's for 128 pixels, or small", "D8")
    precision: str = _field("float32", "float32 as in BasicSR, or bfloat16 (autocast)")
    channels_last: bool = _field(False, "weights and images in the memory layout n h w c")
    compiled: bool = _field(False, "torch.compile of the networks")
    log_every: int = _field(1000, "steps between lines of the log")
    checkpoint_every: int = _field(1000, "steps between checkpoints; 0: none")


@dataclass(frozen=True)
class Classifier:
    """How attribution and parsing classifiers are trained (paper, section 3.3)."""

    backbones: tuple[str, ...] = _field(PAPER_BACKBONES, "rows of Table 2; the first is used everywhere else", "D14")
    runs: int = _field(3, "trainings of the attribution classifier, seeds 1, 2, ...", "D21")
    recipe: str = _field("paper", "paper: Adamax, epochs, plateau; steps: AdamW, fixed steps, cosine", "D18")
    crop: int = _field(224, "side of a training crop", "D15")
    crop_grid: int = _field(1, "crop offsets are multiples of this; 1: free crops", "D17")
    batch: int = _field(16, "crops a step")
    head_epochs: int = _field(3, "epochs of the last layer alone", "D20")
    epochs: int = _field(15, "epochs of everything", "D19")
    steps: int = _field(0, "recipe steps: attribution")
    backbone_steps: int = _field(0, "recipe steps: the further rows of Table 2")
    controls: tuple[str, ...] = _field((), "attribution once more with one thing changed: free-crops, matched, bits-7, photographs-50, ...")
    control_steps: int = _field(0, "recipe steps: each control")
    learning_rate: float = _field(5e-4, "start of the schedule")
    precision: str = _field("float32", "float32, or bfloat16 (autocast)")


@dataclass(frozen=True)
class Parsers:
    """How the 18 parsers of Table 4 are trained (paper, section 4.2)."""

    runs: int = _field(3, "trainings of every parser")
    shared_trunk: bool = _field(False, "the parsers of a withheld value share a body; the paper trains each apart")
    steps: int = _field(0, "recipe steps")


@dataclass(frozen=True)
class Published:
    """The published networks (paper, Table 1): where their images come from, and how they are told apart (section 4.1.2)."""

    source: str = _field("weights", "weights, stand-ins, release, or a folder of images that somebody's networks made", "D38")
    weights_dir: str = _field("weights", "folder of weight files, used where they lie there; in backbones/ those of timm's backbones")
    writer: str = _field("round", "round, or authors: five networks' values are truncated to 8 bits as theirs were", "D36")
    steps: int = _field(0, "stand-ins: optimiser steps with L1")
    adversarial_steps: int = _field(0, "stand-ins: optimiser steps with a discriminator")
    classifier_steps: int = _field(0, "recipe steps: attribution among the published networks", "D23")


@dataclass(frozen=True)
class Prnu:
    """The noise-residual baseline (paper, section 4.1.1)."""

    denoiser: str = _field("bm3d", "bm3d or wavelet", "D28")
    crop: int | None = _field(299, "side of the centre crop; none: whole images", "D28")
    int8: bool = _field(True, "residuals stored as whole grey levels, as in the released code", "D28")
    random_phase: bool = _field(False, "once more with tiles out of phase with the sub-pixel grid: a control")


@dataclass(frozen=True)
class Quality:
    """What PSNR and SSIM are taken of (paper, appendix A.2)."""

    crop: int | None = _field(224, "side of the centre crop; none: whole images", "D41")
    images: str = _field("test", "test images, or all", "D41")
    lpips: bool = _field(True, "LPIPS beside PSNR and SSIM; needs AlexNet's ImageNet weights", "D41")


@dataclass(frozen=True)
class Release:
    """The authors' released images, where they take the place of ours. `python -m srfp_lib release` fills this in."""

    folder: str = _field("", "the unpacked release; empty: the study makes its own images")
    splits: str = _field("theirs", "theirs, or ours: the photographs are dealt anew", "D35")
    copy: bool = _field(False, "the images are copied into the workspace; otherwise they stay where they are")
    networks: tuple[str, ...] = _field((), "the networks whose images are there")
    content: str = _field("", "digest of the photographs that are used, and of their splits")


@dataclass(frozen=True)
class Profile:
    """One size of the study. Sections are frozen too; derive another with `dataclasses.replace` or a TOML file."""

    name: str
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
    classifier=replace(DEMO.classifier, steps=2500, backbone_steps=1500, control_steps=2500, controls=LAB_CONTROLS),
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
    ``photographs.source``; every section is a table of the fields to change. Raises UserError for anything unknown.

    >>> get("demo").training.steps
    200
    """
    name = str(name_or_file)
    if name in PROFILES:
        return PROFILES[name]
    if not name.endswith(".toml"):
        raise UserError(f"there is no profile '{name}': choose one of {', '.join(PROFILES)}, or a .toml file that names one of them")
    return from_file(Path(name), PROFILES)


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

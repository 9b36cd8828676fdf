"""How large the study is run: `PAPER` is the paper, the smaller profiles say where they depart from it.

A field that the paper leaves open carries the label of its entry on the page "Choices" (D4, D5, ...). A profile is
pure data: equal profiles give equal results, whatever the machine, the number of processes or the order of the jobs.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from .errors import UserError

SMALL_BACKBONES = ("small_residual", "small_separable", "small_inverted", "small_convnext")
PAPER_BACKBONES = ("convnext_base.fb_in1k", "legacy_xception.tf_in1k", "efficientnet_b2.ra_in1k", "resnet50.a1_in1k")


@dataclass(frozen=True)
class Photographs:
    """Which photographs, and how they are cut (paper, section 3.2 and Table A.1)."""

    source: str = "paper"  # "paper", "embedded", or a folder
    training_tile: int = 480  # side of an HR tile that training crops come from (D6)
    image_size: int | None = None  # side of the images to super-resolve; None: whole photographs
    max_training_tiles: int = 100_000  # per training set
    max_images_per_photograph: int = 1
    max_images: int = 1000
    dead_leaves: int = 0  # drawn images added to each training set
    rotations: int = 1  # splits of the classification photographs that the runs rotate through


@dataclass(frozen=True)
class Training:
    """How the custom networks are trained (paper, section 3.1; D4-D10)."""

    size: str = "full"  # "full" or "narrow" members of the five families (D7)
    stacked: bool = False  # one job trains the 18 networks of an architecture and scale; else one job a network
    steps: int = 50_000
    adversarial_steps: int = 50_000
    start_from_l1: bool = False  # adversarial networks start from their L1 twin (D5)
    batch: int = 16
    patch: int = 128  # HR side of a training crop (D6)
    learning_rate: float = 1e-4
    adversarial_learning_rate: float = 1e-4
    discriminator_learning_rate: float = 1e-4
    discriminator_betas: tuple[float, float] = (0.9, 0.99)
    warmup: int = 0
    final_rate: float = 1.0  # share of the learning rate left at the end of a cosine; 1: constant
    clip: float = 0.0  # largest gradient norm of a network; 0: none
    pixel_weight: float = 0.0  # of L1 beside the perceptual and adversarial terms (D4)
    perceptual_weight: float = 1.0
    adversarial_weight: float = 1e-3
    perceptual: str = "imagenet"  # or "seeded": small networks with fixed random weights
    discriminator: str = "vgg"  # BasicSR's for 128-pixel crops (D8), or "small"
    log_every: int = 1000
    checkpoint_every: int = 1000  # steps; 0: none


@dataclass(frozen=True)
class Classifier:
    """How attribution and parsing classifiers are trained (paper, section 3.3; D14-D20)."""

    backbones: tuple[str, ...] = PAPER_BACKBONES  # the rows of Table 2; the first is used everywhere else
    runs: int = 3  # trainings of the attribution classifier, seeds 1, 2, ... (D21)
    recipe: str = "paper"  # "paper": Adamax, epochs, plateau; "steps": AdamW, a fixed number of steps, cosine
    crop: int = 224  # side of a training crop (D15)
    crop_grid: int = 1  # crop offsets are multiples of this (D17); 1: free crops, as the paper
    batch: int = 16
    head_epochs: int = 3
    epochs: int = 15
    steps: int = 0  # recipe "steps": attribution
    backbone_steps: int = 0  # recipe "steps": the further rows of Table 2
    control_steps: int = 0  # recipe "steps": the free-crops control of chapter 07; 0: no control
    learning_rate: float = 5e-4
    precision: str = "float32"  # or "bfloat16" (autocast)


@dataclass(frozen=True)
class Parsers:
    """How the 18 parsers of Table 4 are trained (paper, section 4.2; D11, D24)."""

    runs: int = 3
    shared_trunk: bool = False  # one body for the parsers of a held-out value, a head each; the paper trains each apart
    steps: int = 0  # recipe "steps"


@dataclass(frozen=True)
class Prnu:
    """The noise-residual baseline (paper, section 4.1.1; D28)."""

    denoiser: str = "bm3d"  # or "wavelet"
    crop: int | None = 299
    int8: bool = True  # store residuals as the released code does


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


PAPER = Profile(name="paper")

_NARROW = Training(
    size="narrow", stacked=True, steps=200, adversarial_steps=80, start_from_l1=True, batch=3, patch=48,
    learning_rate=2e-3, adversarial_learning_rate=1e-3, discriminator_learning_rate=5e-4,
    discriminator_betas=(0.5, 0.99), warmup=10, final_rate=0.05, clip=1.0,
    pixel_weight=0.4, perceptual_weight=0.8, adversarial_weight=0.03,
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
        backbones=SMALL_BACKBONES, runs=3, recipe="steps", crop=64, crop_grid=4, batch=96, head_epochs=0, epochs=0,
        steps=600, backbone_steps=300, control_steps=600, learning_rate=3e-3, precision="bfloat16",
    ),
    parsers=Parsers(runs=1, shared_trunk=True, steps=200),
    prnu=Prnu(denoiser="wavelet", crop=None, int8=False),
)  # fmt: skip

LAB = replace(
    DEMO,
    name="lab",
    photographs=replace(
        DEMO.photographs, source="embedded", max_training_tiles=480, max_images_per_photograph=4, max_images=600,
        dead_leaves=0, rotations=1,
    ),
    training=replace(DEMO.training, steps=1000, adversarial_steps=400, batch=4, log_every=100, checkpoint_every=200),
    classifier=replace(DEMO.classifier, steps=2500, backbone_steps=1500, control_steps=2500),
    parsers=replace(DEMO.parsers, runs=3, steps=600),
)  # fmt: skip

SMOKE = replace(
    DEMO,
    name="smoke",
    photographs=replace(DEMO.photographs, training_tile=48, image_size=48, max_training_tiles=8,
                        max_images_per_photograph=1, max_images=9, dead_leaves=1),
    training=replace(DEMO.training, steps=4, adversarial_steps=2, batch=1, warmup=1, log_every=2),
    classifier=replace(DEMO.classifier, crop=32, batch=64, steps=12, backbone_steps=4, control_steps=4),
    parsers=replace(DEMO.parsers, steps=4),
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
        known = ", ".join(PROFILES)
        raise UserError(f"there is no profile '{name}': choose one of {known}, or a .toml file that names one of them")
    return _from_file(Path(name))


def _from_file(path: Path) -> Profile:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"the profile file '{path}' does not exist: give the path of a .toml file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"the profile file '{path}' cannot be read as TOML ({error}): mend or replace it") from None
    base = settings.pop("profile", None)
    if base not in PROFILES:
        raise UserError(f"'{path}' must name its base as profile = \"...\", one of {', '.join(PROFILES)}; it has {base!r}")
    if "photos" in settings:
        settings.setdefault("photographs", {})["source"] = settings.pop("photos")
    settings.setdefault("name", path.stem)
    return override(PROFILES[base], settings, where=str(path))


def override(section: Any, changes: dict[str, Any], *, where: str) -> Any:
    """A copy of a profile or section with the named fields changed; unknown fields and wrong types are refused."""
    types_of = typing.get_type_hints(type(section))
    known = [f.name for f in fields(section)]
    values = {}
    for key, value in changes.items():
        if key not in known:
            raise UserError(f"{where}: there is no field '{key}' here; the fields are {', '.join(known)}")
        current = getattr(section, key)
        if is_dataclass(current):
            if not isinstance(value, dict):
                raise UserError(f"{where}: '{key}' is a table of fields, [{key}], and not {value!r}")
            values[key] = override(current, value, where=f"{where} [{key}]")
        else:
            values[key] = _typed(value, types_of[key], f"{where}: '{key}'")
    return replace(section, **values)


def _typed(value: Any, wanted: Any, where: str) -> Any:
    """The value as the field's type, or a sentence that says what the field takes."""
    if typing.get_origin(wanted) is tuple:
        item = typing.get_args(wanted)[0]
        if not isinstance(value, list | tuple) or not all(isinstance(v, item) for v in value):
            raise UserError(f"{where} takes a list of {item.__name__}, and not {value!r}")
        return tuple(value)
    allowed = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
    if isinstance(value, int) and not isinstance(value, bool) and float in allowed:
        value = float(value)
    if not isinstance(value, allowed):
        names = " or ".join(getattr(t, "__name__", str(t)) for t in allowed)
        raise UserError(f"{where} takes a value of type {names}, and not {value!r}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        raise UserError(f"{where} must not be negative, and it is {value!r}")
    return value


def as_dict(profile: Profile) -> dict[str, Any]:
    """The profile as plain nested dictionaries, for receipts and for the page that lists every choice."""
    return dataclasses.asdict(profile)

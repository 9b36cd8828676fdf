"""Profiles: how large the study is run, as pure data.

Equal profiles give equal results on one kind of processor, whatever the number of processes or the order of the jobs.
"""

from __future__ import annotations

import math
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..common.checkout import HOME, absolute
from ..common.errors import UserError
from ..common.overrides import from_file, located
from .sections import (
    FINGERPRINTS,
    SMALL_BACKBONES,
    Classifier,
    Fingerprints,
    Forensics,
    Parsers,
    Photographs,
    Prnu,
    Profile,
    Published,
    Quality,
    Release,
    Training,
)
from .sizes import DEMO, LAB, PAPER, PROFILES, SMOKE

__all__ = [
    "DEMO", "FINGERPRINTS", "LAB", "PAPER", "PROFILES", "SMALL_BACKBONES", "SMOKE", "Classifier", "Fingerprints", "Forensics", "Parsers",
    "Photographs", "Prnu", "Profile", "Published", "Quality", "Release", "Training", "at_home", "choices", "conflict", "get",
]  # fmt: skip


def get(name_or_file: str | Path) -> Profile:
    """A profile by name, or from a TOML file that names one and overrides fields.

    The file's key ``profile`` names the base, ``name`` the new one (default: the file's stem), ``photos`` is short for
    ``photographs.source``; every section is a table of the fields to change. Paths in a file are relative to the file, those of
    the named profiles to the checkout, and all of them are absolute in the result. Raises UserError for anything unknown.

    >>> get("demo").training.steps
    200
    """
    name = str(name_or_file)
    if not name.lower().endswith(".toml") and name not in PROFILES:
        raise UserError(f"there is no profile '{name}': choose one of {', '.join(PROFILES)}, or a .toml file that names one of them")
    found = PROFILES[name] if name in PROFILES else from_file(absolute(name), PROFILES)
    if found.release != Release() or "release" in (found.photographs.source, found.published.source):
        command = f"python -m srfp_lib release FOLDER --workspace W --profile {name}"
        raise UserError(f"{name}: [release] and source = 'release' are not for files: leave them out, and {command} sets them")
    if sentence := conflict(found):
        raise UserError(f"{name}: {sentence}")
    return at_home(found)


def at_home(profile: Profile) -> Profile:
    """The profile with paths that are still relative, the defaults, made absolute in the checkout."""
    sections = {f.name: getattr(profile, f.name) for f in fields(profile) if is_dataclass(getattr(profile, f.name))}
    places = {name: {f.name: located(getattr(of, f.name), f.metadata["rule"], HOME) for f in fields(of)} for name, of in sections.items()}
    return replace(profile, **{name: replace(of, **places[name]) for name, of in sections.items()})


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


def conflict(profile: Profile) -> str:
    """What makes the fields of a profile impossible together, as a sentence; empty if nothing does."""
    photographs, training, classifier = profile.photographs, profile.training, profile.classifier
    without = _without_steps(profile)
    side, crop = photographs.image_size or math.inf, max(map(classifier.side, classifier.backbones))
    lists = {
        "classifier.backbones": classifier.backbones,
        "classifier.controls": classifier.controls,
        "fingerprints.kinds": profile.fingerprints.kinds,
        "forensics.parts": profile.forensics.parts,
    }
    rules = {f"{name} has '{value}' twice": values.count(value) > 1 for name, values in lists.items() for value in values}
    rules |= {
        "name is 'photos', and runs/photos is for photographs": profile.name.lower() == "photos",
        f"name is '{profile.name}', and it must be letters, digits, _, - and .": not re.fullmatch(r"\w[\w.-]*", profile.name),
        f"training.patch is {training.patch}, more than photographs.training_tile, {photographs.training_tile}":
            training.patch > photographs.training_tile,
        f"classifier.crop is {crop}, more than photographs.image_size, {photographs.image_size}": crop > side,
        f"published.margin is {profile.published.margin}, for tiles, and photographs.image_size is none":
            profile.published.margin > 0 and not photographs.image_size,
        f"quality.crop is {profile.quality.crop}, more than photographs.image_size, {photographs.image_size}": (profile.quality.crop or 0) > side,
        f"prnu.crop is {profile.prnu.crop}, more than photographs.image_size, {photographs.image_size}": (profile.prnu.crop or 0) > side,
        "photographs.png and photographs.decoded are false, so that no image is kept": not photographs.png and not photographs.decoded,
        f"photographs.rotations is {photographs.rotations}, and the embedded photographs are dealt for 1 or 3":
            photographs.source == "embedded" and photographs.rotations not in (1, 3),
        f"classifier.recipe is steps, and {' and '.join(without)} is 0": bool(without),
        "classifier.recipe is paper, and classifier.epochs is 0": classifier.recipe == "paper" and not classifier.epochs,
        f"training.discriminator is vgg, which takes 128 pixels, and training.patch is {training.patch}":
            training.discriminator == "vgg" and training.patch != 128 and training.adversarial_steps > 0,
        "training.start_from_l1 is true, which needs the L1 network in the same job, and training.stacked is false":
            training.start_from_l1 and not training.stacked,
        f"training.discriminator_betas has {len(training.discriminator_betas)} values, and Adam takes 2": len(training.discriminator_betas) != 2,
    }  # fmt: skip
    return next((f"{sentence}: change one of them" for sentence, broken in rules.items() if broken), "")


def _without_steps(profile: Profile) -> list[str]:
    """The fields that the classifiers' recipe in steps needs and that are 0."""
    classifier = profile.classifier
    needed = {"classifier.steps": classifier.steps, "classifier.backbone_steps": classifier.backbone_steps, "parsers.steps": profile.parsers.steps,
              "published.classifier_steps": profile.published.classifier_steps}  # fmt: skip
    needed |= {"classifier.control_steps": classifier.control_steps} if set(classifier.controls) - {"colour-alone"} else {}
    return [name for name, steps in needed.items() if not steps] if classifier.recipe == "steps" else []

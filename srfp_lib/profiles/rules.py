"""What makes the fields of a profile impossible together."""

from __future__ import annotations

import math
import re

from .sections import SMALL_BACKBONES, Profile


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

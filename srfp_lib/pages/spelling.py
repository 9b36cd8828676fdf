"""What the paper's names are called on a page where something else takes their place."""

from __future__ import annotations

import re

from .. import paper
from ..profiles import Profile


def spelled(profile: Profile, value: object) -> str:
    """A hyperparameter's value, or a text with such values, as a page of this profile spells it.

    Where the photographs are others, DIV2K and Flickr2K are names of roles; where the perceptual networks are others, VGG and ResNet
    are names of kinds. CSV files keep the paper's spelling.

    >>> from srfp_lib.profiles import PROFILES
    >>> spelled(PROFILES["demo"], "quarter_div2k"), spelled(PROFILES["demo"], "VGG + adv."), spelled(PROFILES["paper"], "VGG_GAN")
    ('quarter DIV2K role', 'VGG-like + adv.', 'VGG+adv')
    """
    text = paper.spelled(value)
    if profile.photographs.source not in ("paper", "release"):
        text = re.sub(r"\b(DIV2K|Flickr2K)\b", r"\1 role", text)
    if profile.training.perceptual != "imagenet" and profile.photographs.source != "release":
        text = re.sub(r"\b(VGG|ResNet)(?= ?\+)", r"\1-like", text)
    return text

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
    ('quarter DIV2K role', 'VGG-like + adv.', 'VGG + adv.')
    """
    text = paper.spelled(value)
    if profile.photographs.source not in ("paper", "release"):
        text = re.sub(r"\b(DIV2K|Flickr2K)\b", r"\1 role", text)
    if profile.training.perceptual != "imagenet" and profile.photographs.source != "release":
        text = re.sub(r"\b(VGG|ResNet)(?= ?\+)", r"\1-like", text)
    return words(text)


def words(text: str) -> str:
    """A text with each loss, and a network that the paper spells in four ways, in the one spelling of the pages; code keeps its own.

    >>> words("VGG+adv and ResNet-like+adv, minus L1"), words("ResNet_GAN"), words("EDSR-div2k-x4-VGG_GAN-s1")
    ('VGG + adv. and ResNet-like + adv., minus L1', 'ResNet + adv.', 'EDSR-div2k-x4-VGG_GAN-s1')
    """
    if text in ("dataset", "s3"):
        return HEADINGS[text]
    text = re.sub(r"\b(VGG|ResNet)(-like)?\+adv\b\.?", r"\1\2 + adv.", text)
    text = re.sub(r"\b(ProGanSR|ProSR-GAN)\b", "ProSRGAN", text)
    return re.sub(r"(?<![\w`/.-])(VGG|ResNet)_GAN(?![\w`-])", r"\1 + adv.", text)


HEADINGS = {
    "s3": "seed 3", "dataset": "training set",
    "model_id": "network", "loss_name": "loss", "licence_code": "licence of the code", "licence_weights": "licence of the weights",
    "weight_file": "weights", "png_bits_per_pixel": "PNG, bits per pixel", "grey_entropy_bits": "grey entropy, bits",
}  # fmt: skip
CAPITALS = {
    "psnr": "PSNR",
    "ssim": "SSIM",
    "lpips": "LPIPS",
    "png": "PNG",
    "mb": "MB",
    "basicsr": "BasicSR",
    "cpu": "CPU",
    "gpu": "GPU",
    "prnu": "PRNU",
}


def heading(column: str) -> str:
    """The heading of a column that is called as in code, in words; others as they are.

    >>> heading("n_tiles"), heading("paper_png_bits_per_pixel"), heading("ours_mb"), heading("95 % interval")
    ('tiles', 'the paper: PNG, bits per pixel', 'ours MB', '95 % interval')
    """
    if column.startswith("paper_"):
        return f"the paper: {heading(column.removeprefix('paper_'))}"
    if column in HEADINGS or not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", column):
        return HEADINGS.get(column) or words(column)
    return " ".join(CAPITALS.get(word, word) for word in column.removeprefix("n_").split("_"))

"""RCAN, 2x and 4x (Zhang, Li, Li, Wang, Zhong, Fu: "Image Super-Resolution Using Very Deep Residual Channel Attention
Networks", ECCV 2018, arXiv 1807.02758).

RGB in 0..255; mean layers are trained 1x1 convolutions and come from the file; zero padding. The official test run chops;
attention averages over the whole image, so that chopping changes every pixel a little. Unlike the authors' code, blocks work
in place and the tail in strips.
"""

from __future__ import annotations

from .checks import check_variant
from .parts import ChannelAttention, Enlarged, Image, ResidualBlock, ResidualNetwork, Skip, conv
from .tiling import upscale_255


def _group(features: int, blocks: int) -> Skip:
    attention = (ResidualBlock(features, ChannelAttention(features)) for _ in range(blocks))
    return Skip(*attention, conv(features, features))


class RCAN(ResidualNetwork):
    """n x 3 x h x w to n x 3 x sh x sw, both 0..255."""

    def __init__(self, scale: int, *, features: int = 64, groups: int = 10, blocks: int = 20) -> None:
        super().__init__(scale, features, (_group(features, blocks) for _ in range(groups)))


def upscale(module: RCAN, lr: Image, *, scale: int, chop: bool = False) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    chop: in overlapping quarters, repeatedly while a crop has 160,000 pixels or more, as in the official test run.
    """
    return upscale_255(module, lr, scale=scale, chop_at=160_000 if chop else None)


def build(variant: str, scale: int) -> RCAN:
    """A fresh network for 2x or 4x; there is one variant."""
    check_variant("RCAN", variant, scale, scales=(2, 4))
    return RCAN(scale)

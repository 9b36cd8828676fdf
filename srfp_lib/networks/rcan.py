"""RCAN, 2x and 4x (Zhang, Li, Li, Wang, Zhong, Fu: "Image Super-Resolution Using Very Deep Residual Channel Attention
Networks", ECCV 2018, arXiv 1807.02758).

Kept beside BasicSR's class, which `full` trains: at 480 x 320 pixels, 4x, it is 1.2 times as fast and needs a third of the
memory (`benchmarks/twice.csv`), because blocks work in place and the tail in strips.

RGB in 0..255; mean layers are trained 1x1 convolutions and come from the file; zero padding. The official test run chops;
attention averages over the whole image, so that chopping changes every pixel a little.
"""

from __future__ import annotations

from . import edsr
from .parts import ChannelAttention, ResidualBlock, ResidualNetwork, Skip, builder, conv


def _group(features: int, blocks: int) -> Skip:
    attention = (ResidualBlock(features, ChannelAttention(features)) for _ in range(blocks))
    return Skip(*attention, conv(features, features))


class RCAN(ResidualNetwork):
    """n x 3 x h x w to n x 3 x sh x sw, both 0..255."""

    def __init__(self, scale: int, *, features: int = 64, groups: int = 10, blocks: int = 20) -> None:
        super().__init__(scale, features, (_group(features, blocks) for _ in range(groups)))


upscale = edsr.upscale  # the official test run chops like EDSR's
build = builder("RCAN", lambda _, scale: RCAN(scale), scales=(2, 4))

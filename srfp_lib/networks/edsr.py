"""EDSR, 2x and 4x (Lim, Son, Kim, Nah, Lee: "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR
Workshops 2017, arXiv 1707.02921).

Kept beside BasicSR's class, which `full` trains: as fast, but at 480 x 320 pixels, 4x, it needs a third of the memory
(`benchmarks/twice.csv`), because the tail works in strips; the parts serve RCAN, NLSN, LIIF and DRN too.

RGB in 0..255; the mean colour is subtracted first and added last; zero padding; whole image unless chopped. The residual
weight of 0.1 of the large network is not in its file.
"""

from __future__ import annotations

from .parts import ResidualBlock, ResidualNetwork, builder
from .tiling import upscaler_255

SIZES = {"baseline": (64, 16, 1.0), "large": (256, 32, 0.1)}
"""Variant: features, blocks, weight of a block's residual. The study trains the baseline, "large" is the paper's own."""


class EDSR(ResidualNetwork):
    """n x 3 x h x w to n x 3 x sh x sw, both 0..255."""

    def __init__(self, scale: int, features: int, blocks: int, weight: float = 1.0) -> None:
        super().__init__(scale, features, (ResidualBlock(features, weight=weight) for _ in range(blocks)))


upscale = upscaler_255(chop_at=160_000)  # an option of the official script
build = builder("EDSR", lambda variant, scale: EDSR(scale, *SIZES[variant]), scales=(2, 4), variants=SIZES)

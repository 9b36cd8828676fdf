"""EDSR, 2x and 4x (Lim, Son, Kim, Nah, Lee: "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPR
Workshops 2017, arXiv 1707.02921).

Source: github.com/sanghyun-son/EDSR-PyTorch. Licence of the code: MIT; of the weights: not stated. Written from the paper
and from the facts of the published files, not from that code.

Conventions: RGB in 0..255 in and out; the mean colour is taken off first and added last; zero padding; whole image. The
residual weight of 0.1 of the large network is not in its file.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..common.errors import UserError
from .parts import MeanShift, ResidualBlock, Tail, conv
from .tiling import in_quarters

SIZES = {"baseline": (64, 16, 1.0), "large": (256, 32, 0.1)}
"""Variant: features, blocks, weight of a block's residual."""


class Trunk(nn.Module):
    """Everything at LR size: n x 3 x h x w to n x c x h x w. The mean layers belong to it but are not applied."""

    def __init__(self, features: int, blocks: int, weight: float = 1.0, *, value_range: float = 255.0) -> None:
        super().__init__()
        self.sub_mean, self.add_mean = MeanShift(-1, value_range), MeanShift(1, value_range)
        self.head = nn.Sequential(conv(3, features))
        residual = (ResidualBlock(features, weight=weight) for _ in range(blocks))
        self.body = nn.Sequential(*residual, conv(features, features))

    def forward(self, rgb: Tensor) -> Tensor:
        shallow = self.head(rgb)  # n 3 h w -> n c h w
        return shallow + self.body(shallow)


class EDSR(Trunk):
    """Trunk, sub-pixel convolutions, one more: n x 3 x h x w to n x 3 x sh x sw, both 0..255."""

    def __init__(self, scale: int, features: int, blocks: int, weight: float = 1.0) -> None:
        super().__init__(features, blocks, weight)
        self.tail = Tail(scale, features)

    def forward(self, rgb: Tensor) -> Tensor:
        return self.add_mean(self.tail(super().forward(self.sub_mean(rgb))))


def upscale(module: EDSR, lr: Tensor, *, scale: int, chop: bool = False) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    chop: in overlapping quarters, again while a crop has 160,000 pixels or more, as the official script on request.
    """
    rgb = 255 * lr
    return (in_quarters(module, rgb, scale=scale, limit=160_000) if chop else module(rgb)) / 255


def build(variant: str, scale: int) -> EDSR:
    """A fresh network for 2x or 4x: "baseline", the size that the study trained too, or "large", the paper's own."""
    if variant not in SIZES or scale not in (2, 4):
        raise UserError(f"there is no EDSR '{variant}' at {scale}x: take scale 2 or 4 and one of {', '.join(SIZES)}")
    return EDSR(scale, *SIZES[variant])

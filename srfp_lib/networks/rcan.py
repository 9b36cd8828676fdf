"""RCAN, 2x and 4x (Zhang, Li, Li, Wang, Zhong, Fu: "Image Super-Resolution Using Very Deep Residual Channel Attention
Networks", ECCV 2018, arXiv 1807.02758).

Source: github.com/yulunzhang/RCAN (on EDSR-PyTorch's code). Licence of code and weights: not stated. Written from the
paper and from the facts of the published files, not from that code.

Conventions: RGB in 0..255 in and out; mean layers are trained 1x1 convolutions and come from the file; zero padding. The
official test run chops; the attention's means are over the whole image, so that chopping changes every pixel a little.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..common.errors import UserError
from .parts import ChannelAttention, MeanShift, ResidualBlock, Tail, conv
from .tiling import in_quarters


class Group(nn.Module):
    """Attention blocks and a convolution, plus the input."""

    def __init__(self, features: int, blocks: int) -> None:
        super().__init__()
        attention = (ResidualBlock(features, ChannelAttention(features)) for _ in range(blocks))
        self.body = nn.Sequential(*attention, conv(features, features))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class RCAN(nn.Module):
    """Head, groups and a convolution plus the head's output, sub-pixel convolutions."""

    def __init__(self, scale: int, *, features: int = 64, groups: int = 10, blocks: int = 20) -> None:
        super().__init__()
        self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.head = nn.Sequential(conv(3, features))
        self.body = nn.Sequential(*(Group(features, blocks) for _ in range(groups)), conv(features, features))
        self.tail = Tail(scale, features)

    def forward(self, rgb: Tensor) -> Tensor:
        """n x 3 x h x w to n x 3 x sh x sw, both 0..255."""
        shallow = self.head(self.sub_mean(rgb))  # n 3 h w -> n c h w
        return self.add_mean(self.tail(shallow + self.body(shallow)))


def upscale(module: RCAN, lr: Tensor, *, scale: int, chop: bool = False) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    chop: as the official test run, in overlapping quarters, again while a crop has 160,000 pixels or more.
    """
    rgb = 255 * lr
    return (in_quarters(module, rgb, scale=scale, limit=160_000) if chop else module(rgb)) / 255


def build(variant: str, scale: int) -> RCAN:
    """A fresh network for 2x or 4x; there is one variant."""
    if variant or scale not in (2, 4):
        raise UserError(f"there is no RCAN '{variant}' at {scale}x: leave the variant empty and take scale 2 or 4")
    return RCAN(scale)

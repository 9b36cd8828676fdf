"""DRN, 4x (Guo, Chen, Wang, Chen, Cao, Deng, Xu, Tan: "Closed-loop Matters: Dual Regression Networks for Single Image
Super-Resolution", CVPR 2020, arXiv 2003.07018): the primal network; its dual, from HR to LR, only helps training.

RGB in 0..255; mean layers are trained 1x1 convolutions and come from the file; zero padding; whole image. The network
enlarges first (torch's bicubic, a = -0.75), then goes down to LR size and up again, as a U-Net. Unlike the authors' code,
blocks work in place and doublings in strips.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .parts import ChannelAttention, Enlarged4, Image, MeanShift, ResidualBlock, builder, conv, named, slope, upsampler
from .tiling import Enlarged, in_strips

SIZES = {"S": (16, 30), "L": (20, 40)}
"""Variant ("L" as in the paper's tables): channels at the target size, attention blocks in each of the two ascents."""
AT_ONCE = 40_000
"""Pixels that are doubled together: the widest maps of the network."""


def _descent(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions without bias: n c h w -> n c' h/2 w/2."""
    halved = nn.Conv2d(inputs, inputs, 3, stride=2, padding=1, bias=False)
    widened = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return named(dual_module=nn.Sequential(nn.Sequential(halved, slope()), widened))


def _ascent(channels: int, outputs: int, blocks: int) -> nn.Sequential:
    """Attention blocks, doubling, a 1x1 convolution: n c h w -> n c' 2h 2w."""
    attention = (ResidualBlock(channels, ChannelAttention(channels)) for _ in range(blocks))
    return nn.Sequential(*attention, upsampler(2, channels), conv(channels, outputs, 1))


class DRN(nn.Module):
    """A U-Net at 4x the LR size. channels: at the target size; blocks: attention blocks in each of the two ascents."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        c = channels
        self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.head = conv(3, c)
        self.down = nn.ModuleList([_descent(c, 2 * c), _descent(2 * c, 4 * c)])
        self.up_blocks = nn.ModuleList([_ascent(4 * c, 2 * c, blocks), _ascent(4 * c, c, blocks)])
        # Training also compares the images at LR size and 2x, which the first two make; they are in the file, not used here.
        self.tail = nn.ModuleList([conv(4 * c, 3), conv(4 * c, 3), conv(2 * c, 3)])

    def forward(self, rgb: Image) -> Enlarged4:
        """0..255 in and out."""
        full = self.head(self.sub_mean(F.interpolate(rgb, scale_factor=4, mode="bicubic")))  # n c 4h 4w
        half = self.down[0](full)  # n 2c 2h 2w
        middle = torch.cat([self._ascend(0, self.down[1](half)), half], 1)  # n 4c 2h 2w
        del half  # hundreds of MB for a photograph
        large = torch.cat([self._ascend(1, middle), full], 1)  # n 2c 4h 4w
        return self.add_mean(self.tail[2](large))

    def _ascend(self, number: int, x: Tensor) -> Tensor:
        """Attention sees the whole map; the doubling, whose maps are the widest, sees one row to either side."""
        *blocks, shuffle, last = self.up_blocks[number].children()
        for block in blocks:
            x = block(x)
        return in_strips(lambda strip: last(shuffle(strip)), x, margin=1, pixels=AT_ONCE)


def upscale(module: DRN, lr: Image, *, scale: int = 4) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x 4h x 4w in 0..1, unclamped."""
    return module(255 * lr) / 255


build = builder("DRN", lambda variant, _: DRN(*SIZES[variant]), variants=SIZES)

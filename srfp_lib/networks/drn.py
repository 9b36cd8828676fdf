"""DRN, 4x (Guo, Chen, Wang, Chen, Cao, Deng, Xu, Tan: "Closed-loop Matters: Dual Regression Networks for Single Image
Super-Resolution", CVPR 2020, arXiv 2003.07018): the primal network; its dual, from HR to LR, only helps training.

Source: github.com/guoyongcs/DRN. Licence of the code: MIT; of the weights: nothing separate stated (release assets).
Written from the paper and from the facts of the published files, not from that code.

Conventions: RGB in 0..255 in and out; mean layers are trained 1x1 convolutions and come from the file; zero padding; whole
image. The network enlarges first (torch's bicubic, a = -0.75), goes down to LR size and up again, as a U-Net.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UserError

SIZES = {"S": (16, 30), "L": (20, 40)}
"""Variant: channels at the target size, attention blocks in each of the two ascents."""


class Descent(nn.Module):
    """Two convolutions without bias to half the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        halved = nn.Conv2d(inputs, inputs, 3, stride=2, padding=1, bias=False)
        widened = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.dual_module = nn.Sequential(nn.Sequential(halved, nn.LeakyReLU(0.2, inplace=True)), widened)

    def forward(self, x: Tensor) -> Tensor:
        return self.dual_module(x)  # n c h w -> n c' h/2 w/2


def _ascent(channels: int, outputs: int, blocks: int) -> nn.Sequential:
    """Attention blocks, doubling, 1x1 convolution to ``outputs`` channels."""
    attention = (AttentionBlock(channels) for _ in range(blocks))
    return nn.Sequential(*attention, Doubling(channels), nn.Conv2d(channels, outputs, 1))

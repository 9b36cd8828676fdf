"""SRFBN, 2x and 4x (Li, Yang, Liu, Yang, Jeon, Wu: "Feedback Network for Image Super-Resolution", CVPR 2019, arXiv
1903.09814): one block applied four times, each time fed with its own last output.

Source: github.com/Paper99/SRFBN_CVPR19. Licence of the code: MIT; of the weights: nothing separate stated. Written from
the paper and from the facts of the published files, not from that code.

Conventions: RGB in 0..255 in and out; zero padding; the network adds to a bilinear enlargement. The official test run cuts
the image into overlapping quarters (see `upscale`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..common.errors import UserError
from .parts import MeanShift
from .tiling import in_quarters, in_strips

KERNEL_AND_STRIDE = {2: (6, 2), 4: (8, 4)}
"""Of the transposed and the strided convolutions, by scale; their padding is 2."""


def _activated(layer: nn.Module) -> nn.Sequential:
    """The layer, then PReLU with one slope."""
    return nn.Sequential(layer, nn.PReLU(init=0.2))


class FeedbackBlock(nn.Module):
    """Groups of one enlargement and one reduction, densely connected: every one sees all earlier ones of its size."""

    def __init__(self, features: int, groups: int, scale: int) -> None:
        super().__init__()
        kernel, stride = KERNEL_AND_STRIDE[scale]

        def up() -> nn.Sequential:
            return _activated(nn.ConvTranspose2d(features, features, kernel, stride, padding=2))

        def down() -> nn.Sequential:
            return _activated(nn.Conv2d(features, features, kernel, stride, padding=2))

        def fusion(maps: int) -> nn.Sequential:
            return _activated(nn.Conv2d(maps * features, features, 1))

        self.compress_in = fusion(2)
        self.upBlocks = nn.ModuleList(up() for _ in range(groups))
        self.downBlocks = nn.ModuleList(down() for _ in range(groups))
        self.uptranBlocks = nn.ModuleList(fusion(g + 1) for g in range(1, groups))
        self.downtranBlocks = nn.ModuleList(fusion(g + 1) for g in range(1, groups))
        self.compress_out = fusion(groups)

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Both n x c x h x w: the LR image's features and the last output; to the next output, n x c x h x w."""
        small, large = [self.compress_in(torch.cat([x, hidden], 1))], []  # n 2c h w -> n c h w
        for g, (up, down) in enumerate(zip(self.upBlocks, self.downBlocks, strict=True)):
            fused = small[0] if g == 0 else self.uptranBlocks[g - 1](torch.cat(small, 1))
            large.append(up(fused))  # n c h w -> n c sh sw
            fused = large[0] if g == 0 else self.downtranBlocks[g - 1](torch.cat(large, 1))
            small.append(down(fused))  # n c sh sw -> n c h w
        return self.compress_out(torch.cat(small[1:], 1))


class SRFBN(nn.Module):
    """Shallow features, the feedback block unrolled, one reconstruction; the last step's image is the result."""

    def __init__(self, scale: int, *, features: int = 64, groups: int = 6, steps: int = 4) -> None:
        super().__init__()
        kernel, stride = KERNEL_AND_STRIDE[scale]
        self.scale, self.steps = scale, steps
        # A group sees (kernel - 1) / stride LR rows to either side.
        self.margin = groups * ((kernel - 1) // stride)
        self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.conv_in = _activated(nn.Conv2d(3, 4 * features, 3, padding=1))
        self.feat_in = _activated(nn.Conv2d(4 * features, features, 1))
        self.block = FeedbackBlock(features, groups, scale)
        self.out = _activated(nn.ConvTranspose2d(features, features, kernel, stride, padding=2))
        self.conv_out = nn.Sequential(nn.Conv2d(features, 3, 3, padding=1))

    def forward(self, rgb: Tensor) -> Tensor:
        """n x 3 x h x w to n x 3 x sh x sw, both 0..255."""
        centred = self.sub_mean(rgb)
        x = self.feat_in(self.conv_in(centred))  # n 3 h w -> n c h w
        hidden = x  # no memory of the image before
        for _ in range(self.steps):
            hidden = in_strips(self.block, x, hidden, margin=self.margin, pixels=40_000)
        residual = in_strips(lambda h: self.conv_out(self.out(h)), hidden, margin=3, pixels=40_000)
        base = F.interpolate(centred, scale_factor=self.scale, mode="bilinear")
        return self.add_mean(base + residual)  # n 3 sh sw


def upscale(module: SRFBN, lr: Tensor, *, scale: int, chop: bool = False) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    chop: as the official test run, in overlapping quarters, again while a crop has 100,000 pixels or more.
    """
    rgb = 255 * lr
    return (in_quarters(module, rgb, scale=scale, limit=100_000) if chop else module(rgb)) / 255


def build(variant: str, scale: int) -> SRFBN:
    """A fresh network for 2x or 4x; there is one variant."""
    if variant or scale not in KERNEL_AND_STRIDE:
        raise UserError(f"there is no SRFBN '{variant}' at {scale}x: leave the variant empty and take scale 2 or 4")
    return SRFBN(scale)

"""SRFBN, 2x and 4x (Li, Yang, Liu, Yang, Jeon, Wu: "Feedback Network for Image Super-Resolution", CVPR 2019, arXiv
1903.09814): one block applied four times, each time fed with its own last output.

RGB in 0..255; zero padding; the network adds to a bilinear enlargement. The official test run chops (see `upscale`). Unlike the
authors' code, the block works in strips, and only the last step's image is computed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .parts import EnlargedBySelf, Image, Map, MeanShift, builder, conv
from .tiling import in_strips, upscaler_255

KERNEL = {2: 6, 4: 8}
"""Side of the transposed and the strided convolutions, by scale, which is their stride; their padding is 2."""


def _activated(layer: nn.Module) -> nn.Sequential:
    """The layer, then PReLU with one slope."""
    return nn.Sequential(layer, nn.PReLU(init=0.2))


class FeedbackBlock(nn.Module):
    """Groups of one enlargement and one reduction, densely connected: every one sees all earlier ones of its size."""

    def __init__(self, features: int, groups: int, scale: int) -> None:
        super().__init__()
        kernel = KERNEL[scale]

        def up() -> nn.Sequential:
            return _activated(nn.ConvTranspose2d(features, features, kernel, scale, padding=2))

        def down() -> nn.Sequential:
            return _activated(nn.Conv2d(features, features, kernel, scale, padding=2))

        def fusion(maps: int) -> nn.Sequential:
            return _activated(conv(maps * features, features, 1))

        self.compress_in = fusion(2)
        self.upBlocks = nn.ModuleList(up() for _ in range(groups))
        self.downBlocks = nn.ModuleList(down() for _ in range(groups))
        self.uptranBlocks = nn.ModuleList(fusion(g + 1) for g in range(1, groups))
        self.downtranBlocks = nn.ModuleList(fusion(g + 1) for g in range(1, groups))
        self.compress_out = fusion(groups)

    def forward(self, x: Map, hidden: Map) -> Map:
        """The LR image's features and the last output to the next output."""
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
        kernel = KERNEL[scale]
        self.scale, self.steps = scale, steps
        # A group sees (kernel - 1) / scale LR rows to either side.
        self.margin = groups * ((kernel - 1) // scale)
        self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.conv_in = _activated(conv(3, 4 * features))
        self.feat_in = _activated(conv(4 * features, features, 1))
        self.block = FeedbackBlock(features, groups, scale)
        self.out = _activated(nn.ConvTranspose2d(features, features, kernel, scale, padding=2))
        self.conv_out = nn.Sequential(conv(features, 3))

    def forward(self, rgb: Image) -> EnlargedBySelf:
        """0..255 in and out."""
        centred = self.sub_mean(rgb)
        x = self.feat_in(self.conv_in(centred))  # n 3 h w -> n c h w
        hidden = x  # no memory of the image before
        for _ in range(self.steps):
            hidden = in_strips(self.block, x, hidden, margin=self.margin, pixels=40_000)
        residual = in_strips(lambda h: self.conv_out(self.out(h)), hidden, margin=3, pixels=40_000)
        base = F.interpolate(centred, scale_factor=self.scale, mode="bilinear")
        return self.add_mean(base + residual)


upscale = upscaler_255(chop_at=100_000)  # as in the official test run
build = builder("SRFBN", lambda _, scale: SRFBN(scale), scales=KERNEL)

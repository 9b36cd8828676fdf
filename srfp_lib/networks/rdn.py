"""RDN: Zhang, Tian, Kong, Zhong, Fu, "Residual Dense Network for Image Super-Resolution", CVPR 2018, arXiv 1802.08797.

Written from the paper. BasicSR has no RDN. Conventions: RGB in 0..1, no mean subtraction, zero padding; keys as in the
PyTorch version by yjn870 (MIT), whose published weights have no stated licence.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DenseLayer(nn.Module):
    """Convolution and ReLU, the result concatenated behind the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, growth, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, F.relu(self.conv(x))], 1)  # n c h w -> n c+growth h w


class ResidualDenseBlock(nn.Module):
    """Dense layers, fused by a 1x1 convolution, plus the block's input."""

    def __init__(self, features: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(DenseLayer(features + growth * i, growth) for i in range(layers)))
        self.lff = nn.Conv2d(features + growth * layers, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.lff(self.layers(x))


class RDN(nn.Module):
    """Residual dense network; the published size is 16 blocks of 8 layers, 64 features, growth 64."""

    def __init__(self, scale: int, *, blocks: int = 16, layers: int = 8, features: int = 64, growth: int = 64) -> None:
        super().__init__()
        self.sfe1 = nn.Conv2d(3, features, 3, padding=1)
        self.sfe2 = nn.Conv2d(features, features, 3, padding=1)
        self.rdbs = nn.ModuleList(ResidualDenseBlock(features, growth, layers) for _ in range(blocks))
        self.gff = nn.Sequential(nn.Conv2d(blocks * features, features, 1), nn.Conv2d(features, features, 3, padding=1))
        steps = [(nn.Conv2d(features, 4 * features, 3, padding=1), nn.PixelShuffle(2)) for _ in range(scale // 2)]
        self.upscale = nn.Sequential(*(module for step in steps for module in step))
        self.output = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        shallow = self.sfe1(lr)
        x, outputs = self.sfe2(shallow), []
        for block in self.rdbs:
            x = block(x)
            outputs.append(x)
        x = self.gff(torch.cat(outputs, 1)) + shallow  # n blocks*c h w -> n c h w
        return self.output(self.upscale(x))  # n c h w -> n 3 sh sw

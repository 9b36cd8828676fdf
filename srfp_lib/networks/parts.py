"""Parts that several super-resolution networks share, each once. All maps are N x C x H x W and keep H and W unless said."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .tiling import in_strips

MEAN = (0.4488, 0.4371, 0.4040)
"""Mean colour of DIV2K in 0..1, as the EDSR family and its followers use it."""
Conv = Callable[[int, int], nn.Module]


def conv(inputs: int, outputs: int, size: int = 3) -> nn.Conv2d:
    """A convolution with bias and zero padding."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


def slope() -> nn.LeakyReLU:
    """The leaky ReLU of ESRGAN and its followers; it overwrites its input."""
    return nn.LeakyReLU(0.2, inplace=True)


class MeanShift(nn.Conv2d):
    """A frozen 1x1 convolution that adds ``sign`` times the mean colour.

    Published files hold its six numbers a side; some of them were trained by oversight, so that they are loaded.
    """

    def __init__(self, sign: int, value_range: float = 255.0) -> None:
        super().__init__(3, 3, 1)
        with torch.no_grad():
            self.weight.copy_(torch.eye(3)[..., None, None])
            self.bias.copy_(sign * value_range * torch.tensor(MEAN))
        self.requires_grad_(False)


class ResidualBlock(nn.Module):
    """x + weight * (convolution, ReLU, convolution, further layers): EDSR's block, with attention behind it RCAN's."""

    def __init__(self, features: int, *further: nn.Module, weight: float = 1.0) -> None:
        super().__init__()
        first, second = conv(features, features), conv(features, features)
        self.body = nn.Sequential(first, nn.ReLU(inplace=True), second, *further)
        self.weight = weight

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        return (y if self.weight == 1 else y.mul_(self.weight)).add_(x)  # in place: the maps are large


class ChannelAttention(nn.Module):
    """Channels weighted by a gate computed from their means over the whole map (Zhang et al. 2018, RCAN)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        squeezed = channels // reduction
        self.conv_du = nn.Sequential(conv(channels, squeezed, 1), nn.ReLU(), conv(squeezed, channels, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        gate = self.conv_du(x.mean((2, 3), keepdim=True))  # n c 1 1
        return x * gate if torch.is_grad_enabled() else x.mul_(gate)  # a new map costs more than the product


def upsampler(scale: int, features: int) -> nn.Sequential:
    """One sub-pixel convolution (Shi et al. 2016) a doubling: n c h w -> n c sh sw, scale 2 or 4."""
    doublings = [(conv(features, 4 * features), nn.PixelShuffle(2)) for _ in range(scale // 2)]
    return nn.Sequential(*(layer for doubling in doublings for layer in doubling))


class Tail(nn.Sequential):
    """Sub-pixel convolutions and the last one to RGB: n c h w -> n 3 sh sw, in at least ``parts`` strips.

    The widest map has 16 c values an LR pixel, so that it would be the largest of all.
    """

    def __init__(self, scale: int, features: int, parts: int = 1) -> None:
        super().__init__(upsampler(scale, features), conv(features, 3))
        self.parts = parts

    def forward(self, x: Tensor) -> Tensor:
        pixels = min(40_000, x.shape[2] * x.shape[3] // self.parts)
        return in_strips(super().forward, x, margin=2, pixels=pixels)  # a row sees 1 + 1/2 + 1/4 LR rows


class DenseBlock(nn.Module):
    """Five convolutions, each on everything before it, times 0.2, plus the input (Wang et al. 2018, ESRGAN)."""

    def __init__(self, features: int, growth: int, conv: Conv = conv) -> None:
        super().__init__()
        for i in range(1, 5):
            self.add_module(f"conv{i}", conv(features + (i - 1) * growth, growth))
        self.conv5 = conv(features + 4 * growth, features)
        self.slope = slope()

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            maps.append(self.slope(layer(torch.cat(maps, 1))))  # growth channels more for the next
        return self.conv5(torch.cat(maps, 1)).mul_(0.2).add_(x)


class RRDB(nn.Module):
    """Three dense blocks, times 0.2, plus the input. conv: how its convolutions are made, for other files' names."""

    def __init__(self, features: int, growth: int = 32, conv: Conv = conv) -> None:
        super().__init__()
        self.RDB1, self.RDB2, self.RDB3 = (DenseBlock(features, growth, conv) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.RDB3(self.RDB2(self.RDB1(x))).mul_(0.2).add_(x)

"""What several architectures share: layers, and the refusal of unknown variants and of images that are too small.

Maps are n x c x h x w; layers keep h and w unless stated otherwise.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from .tiling import Image, Map, in_strips

MEAN = (0.4488, 0.4371, 0.4040)
"""Mean colour of DIV2K, RGB in 0..1, as used by EDSR and its followers."""
EnlargedBySelf = Float[Tensor, "n 3 {self.scale}*h {self.scale}*w"]
"""Of a method of a module with an attribute scale."""
Enlarged4 = Float[Tensor, "n 3 4*h 4*w"]
Conv = Callable[[int, int], nn.Module]
Net = TypeVar("Net")


def check_variant(family: str, variant: str, scale: int, *, scales: Collection[int] = (4,), variants: Collection[str] = ("",)) -> None:
    """Raises UserError unless the family has the variant and the scale."""
    if variant not in variants or scale not in scales:
        known = f"one of {', '.join(v or 'none' for v in variants)}" if any(variants) else "no variant"
        raise UserError(f"there is no {family} '{variant}' at {scale}x: take scale {' or '.join(map(str, scales))} and {known}")


def builder(
    family: str, make: Callable[[str, int], Net], *, scales: Collection[int] = (4,), variants: Collection[str] = ("",)
) -> Callable[[str, int], Net]:
    """``build(variant, scale)`` of a family: ``make``, which makes a fresh network, behind `check_variant`."""

    def build(variant: str, scale: int) -> Net:
        check_variant(family, variant, scale, scales=scales, variants=variants)
        return make(variant, scale)

    return build


def check_sides(lr: Map, least: int, reason: str) -> None:
    """Raises UserError if a side of an image is below ``least``. reason: subject and verb of the sentence."""
    height, width = lr.shape[2:]
    if min(height, width) < least:
        raise UserError(f"{reason} and cannot take {height} x {width} pixels: give sides of at least {least}")


def conv(inputs: int, outputs: int, size: int = 3) -> nn.Conv2d:
    """A convolution with bias and zero padding."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


def named(**layers: nn.Module) -> nn.Sequential:
    """Layers one after another under given names, as a published file has them."""
    return nn.Sequential(OrderedDict(layers))


def slope() -> nn.LeakyReLU:
    """The leaky ReLU of ESRGAN and its followers; it overwrites its input."""
    return nn.LeakyReLU(0.2, inplace=True)


class ExactConv(nn.Conv2d):
    """A convolution in the precision of its weights, under autocast too.

    For what touches colours, the last convolution and the mean: bfloat16 has steps of 1/256 near white, a whole grey level.
    """

    def forward(self, input: Map) -> Float[Tensor, "n _ _ _"]:
        device = input.device.type
        with torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext():
            return super().forward(input.to(self.weight.dtype))


class MeanShift(ExactConv):
    """A frozen 1x1 convolution that adds ``sign`` times the mean colour.

    The weights are loaded, because some published files hold values that were trained by oversight.
    """

    def __init__(self, sign: int, value_range: float = 255.0) -> None:
        super().__init__(3, 3, 1)
        self.weight = nn.Parameter(torch.eye(3)[..., None, None], requires_grad=False)
        self.bias = nn.Parameter(sign * value_range * torch.tensor(MEAN), requires_grad=False)


class Skip(nn.Module):
    """x + body(x)."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Map) -> Map:
        return x + self.body(x)


class ResidualBlock(nn.Module):
    """x + weight * (convolution, ReLU, convolution, further layers): EDSR's block; with attention behind it, RCAN's."""

    def __init__(self, features: int, *further: nn.Module, weight: float = 1.0) -> None:
        super().__init__()
        first, second = conv(features, features), conv(features, features)
        self.body = nn.Sequential(first, nn.ReLU(inplace=True), second, *further)
        self.weight = weight

    def forward(self, x: Map) -> Map:
        y = self.body(x)
        return (y if self.weight == 1 else y.mul_(self.weight)).add_(x)  # in place: the maps are large


def gate(channels: int, reduction: int = 16) -> nn.Sequential:
    """Statistics of the channels (n c 1 1) to their weights in 0..1: squeeze and excitation (Hu et al. 2018)."""
    squeezed = channels // reduction
    return nn.Sequential(conv(channels, squeezed, 1), nn.ReLU(), conv(squeezed, channels, 1), nn.Sigmoid())


class ChannelAttention(nn.Module):
    """Weights the channels by a gate on their means over the whole map (Zhang et al. 2018, RCAN)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_du = gate(channels)

    def forward(self, x: Map) -> Map:
        weights = self.conv_du(x.mean((2, 3), keepdim=True))  # n c 1 1
        return x * weights if torch.is_grad_enabled() else x.mul_(weights)  # a new map costs more than the product


def upsampler(scale: int, features: int) -> nn.Sequential:
    """A sub-pixel convolution (Shi et al. 2016) for each doubling: n c h w -> n c sh sw, scale 2 or 4."""
    doublings = [(conv(features, 4 * features), nn.PixelShuffle(2)) for _ in range(scale // 2)]
    return nn.Sequential(*(layer for doubling in doublings for layer in doubling))


class Tail(nn.Sequential):
    """Sub-pixel convolutions and a last one to RGB: n c h w -> n 3 sh sw, in at least ``parts`` strips.

    In strips, because its widest map, 16 c values per LR pixel, would be the largest of the network. In training, which keeps all
    maps for the gradients, strips would save nothing and compute their margins twice.
    """

    def __init__(self, scale: int, features: int, parts: int = 1) -> None:
        super().__init__(upsampler(scale, features), ExactConv(features, 3, 3, padding=1))
        self.parts = parts

    def forward(self, input: Map) -> Float[Tensor, "n 3 sh sw"]:
        if torch.is_grad_enabled():
            return super().forward(input)
        pixels = min(40_000, input.shape[2] * input.shape[3] // self.parts)
        return in_strips(super().forward, input, margin=2, pixels=pixels)  # a row sees 1 + 1/2 + 1/4 LR rows


class Trunk(nn.Module):
    """EDSR's head and body, with a skip around the body; the mean layers belong to the file and are not applied here.

    blocks: consumed after the head is made, so that a generator draws initial weights in the order of the layers.
    """

    def __init__(self, features: int, blocks: Iterable[nn.Module], value_range: float = 255.0) -> None:
        super().__init__()
        self.sub_mean, self.add_mean = MeanShift(-1, value_range), MeanShift(1, value_range)
        self.head = nn.Sequential(conv(3, features))
        self.body = nn.Sequential(*blocks, conv(features, features))

    def forward(self, rgb: Image) -> Map:
        shallow = self.head(rgb)
        return shallow + self.body(shallow)


class ResidualNetwork(Trunk):
    """The frame of EDSR, RCAN and NLSN: mean off, trunk, sub-pixel convolutions, mean on; 0..value_range in and out."""

    def __init__(self, scale: int, features: int, blocks: Iterable[nn.Module], *, value_range: float = 255.0, parts: int = 1) -> None:
        super().__init__(features, blocks, value_range)
        self.scale = scale
        self.tail = Tail(scale, features, parts)

    def forward(self, rgb: Image) -> EnlargedBySelf:
        return self.add_mean(self.tail(super().forward(self.sub_mean(rgb))))


class DenseBlock(nn.Module):
    """Five convolutions, each on everything before it, times 0.2, plus the input (Wang et al. 2018, ESRGAN)."""

    def __init__(self, features: int, growth: int, conv: Conv = conv) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3, self.conv4 = (conv(features + i * growth, growth) for i in range(4))
        self.conv5 = conv(features + 4 * growth, features)
        self.slope = slope()

    def forward(self, x: Map) -> Map:
        maps = [x]
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            maps.append(self.slope(layer(torch.cat(maps, 1))))  # growth channels more for the next
        return self.conv5(torch.cat(maps, 1)).mul_(0.2).add_(x)


class RRDB(nn.Module):
    """Three dense blocks, times 0.2, plus the input. conv: makes a convolution, for files with other names."""

    def __init__(self, features: int, growth: int = 32, conv: Conv = conv) -> None:
        super().__init__()
        self.RDB1, self.RDB2, self.RDB3 = (DenseBlock(features, growth, conv) for _ in range(3))

    def forward(self, x: Map) -> Map:
        return self.RDB3(self.RDB2(self.RDB1(x))).mul_(0.2).add_(x)

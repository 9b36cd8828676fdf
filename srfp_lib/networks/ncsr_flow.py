"""The conditional flow of NCSR (see `ncsr`), in the direction that super-resolves: from noise to image.

A flow is a chain of invertible layers. Training runs it from image to noise; super-resolving runs every layer's inverse, the
last first, which is all that is here. A conditional layer also sees features of the LR image. Layers are numbered and named
as in the published file.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .parts import Map, conv
from .tiling import in_strips

NO_NOISE = 3
"""Channels of the noise level's map, which is all zeros when super-resolving."""


class ActNorm(nn.Module):
    """A gain and an offset for every channel (Kingma and Dhariwal 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.logs = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Map) -> Map:
        return (x + self.bias) * self.logs.exp()

    def inverse(self, x: Map) -> Map:
        return x * (-self.logs).exp() - self.bias


class Mixing(nn.Module):
    """An invertible 1x1 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(channels))

    def inverse(self, x: Map) -> Map:
        inverse = torch.linalg.inv(self.weight.double()).to(x.dtype)  # rounding would grow from step to step
        return F.conv2d(x, inverse[:, :, None, None])


class NormalisedConv(nn.Conv2d):
    """A convolution without bias, then `ActNorm`."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__(inputs, outputs, size, padding=size // 2, bias=False)
        self.actnorm = ActNorm(outputs)

    def forward(self, input: Map) -> Float[Tensor, "n _ h w"]:
        return self.actnorm(super().forward(input))


class ScaledConv(nn.Conv2d):
    """A 3x3 convolution, every output channel times exp(3 logs); it starts at zero, so that the flow starts as identity."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.logs = nn.Parameter(torch.zeros(outputs, 1, 1))
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.get_parameter("bias"))

    def forward(self, input: Map) -> Float[Tensor, "n _ h w"]:
        return super().forward(input) * (3 * self.logs).exp()


class Affine(nn.Sequential):
    """Two convolutions with ReLU and a scaled one that predict a shift and a scale for every channel to be changed."""

    def __init__(self, inputs: int, changed: int, hidden: int) -> None:
        first, second = NormalisedConv(inputs, hidden, 3), NormalisedConv(hidden, hidden, 1)
        super().__init__(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True), ScaledConv(hidden, 2 * changed))

    def inverse(self, z: Map, *seen: Tensor) -> Map:
        """Undo (z + shift) * scale, with shift and scale predicted from ``seen``."""
        # In strips, because conditions joined to other maps would be the largest of all: a row sees two others.
        raw = in_strips(lambda *maps: self(_joined(maps)), *seen, margin=2, pixels=40_000)  # n 2c h w, alternating
        shift, scale = raw[:, 0::2], torch.sigmoid(raw[:, 1::2] + 2) + 0.0001
        return z / scale - shift


def _joined(maps: tuple[Tensor, ...]) -> Tensor:
    """The channels of all maps, those of half the size enlarged by repetition."""
    height = max(m.shape[2] for m in maps)
    return torch.cat([m if m.shape[2] == height else F.interpolate(m, scale_factor=2) for m in maps], 1)


class Coupling(nn.Module):
    """Three affine layers: by the condition alone; by half the channels and the noise level; by half and the condition.

    noise_aware: whether the second one is applied; the published file holds it at every level, and level 1 leaves it out.
    """

    def __init__(self, channels: int, *, noise_aware: bool, condition: int, hidden: int) -> None:
        super().__init__()
        self.noise_aware, half = noise_aware, channels // 2
        self.fAffine = Affine(half + condition, channels - half, hidden)
        self.fFeatures = Affine(condition, channels, hidden)
        self.fAffine_std = Affine(half + NO_NOISE, channels - half, hidden)

    def inverse(self, z: Map, *condition: Tensor) -> Map:
        kept, changed = z.chunk(2, 1)
        changed = self.fAffine.inverse(changed, kept, *condition)
        if self.noise_aware:  # zero noise is not no effect: the kept half enters too
            n, _, h, w = z.shape
            changed = self.fAffine_std.inverse(changed, kept, z.new_zeros(n, NO_NOISE, h, w))
        return self.fFeatures.inverse(torch.cat([kept, changed], 1), *condition)


class Step(nn.Module):
    """Actnorm, 1x1 mixing and, except in the two transitional steps of a level, coupling."""

    def __init__(self, channels: int, coupling: Coupling | None = None) -> None:
        super().__init__()
        self.actnorm, self.invconv, self.affine = ActNorm(channels), Mixing(channels), coupling

    def inverse(self, z: Map, *condition: Tensor) -> Map:
        if self.affine is not None:
            z = self.affine.inverse(z, *condition)
        return self.actnorm.inverse(self.invconv.inverse(z))


class Squeeze(nn.Module):
    """Blocks of 2 x 2 pixels become channels."""

    def inverse(self, z: Map, *condition: Tensor) -> Float[Tensor, "n _ 2*h 2*w"]:
        return F.pixel_shuffle(z, 2)


class Split(nn.Module):
    """Half of the channels leave the flow as noise; coming back, they are drawn with a predicted mean and deviation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = ScaledConv(channels // 2, channels)

    def inverse(self, z: Map, noise: Map) -> Float[Tensor, "n 2*c h w"]:
        predicted = self.conv(z)  # mean and log deviation alternate
        drawn = predicted[:, 0::2] + predicted[:, 1::2].exp() * noise
        return torch.cat([z, drawn], 1)


class Flow(nn.Module):
    """Three levels at 2, 1 and 1/2 times the LR size with 12, 24 and 96 channels; half of level 1 is split off.

    couplings: how many coupling steps a level has; condition: channels of its condition.
    """

    def __init__(self, *, couplings: int = 16, condition: int = 320, hidden: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self.level_of: list[int] = []  # by layer
        for level, channels in enumerate((12, 24, 96)):
            coupled = (Coupling(channels, noise_aware=level > 0, condition=condition, hidden=hidden) for _ in range(couplings))
            layers += [Squeeze(), Step(channels), Step(channels), *(Step(channels, coupling) for coupling in coupled)]
            if level == 0:
                layers.append(Split(channels))
            self.level_of += [level] * (len(layers) - len(self.level_of))
        self.layers = nn.ModuleList(layers)
        self.f = nn.Sequential(conv(condition, 96))  # in the file, never used

    def inverse(
        self, z: Float[Tensor, "n 96 _ _"], eps: Float[Tensor, "n 6 _ _"], conditions: tuple[Tensor, Tensor, Tensor],
        shared: Float[Tensor, "n _ h w"],
    ) -> Float[Tensor, "n 3 4*h 4*w"]:  # fmt: skip
        """Noise to image in 0..1.

        z: at half the LR size; both latents are normal; conditions: features at 2, 1, 1/2 times the LR size; shared: features
        that are resized by repetition and appended to each.
        """
        for level, layer in zip(reversed(self.level_of), reversed(self.layers), strict=True):
            if isinstance(layer, Split):
                z = layer.inverse(z, eps)
            elif isinstance(layer, Step | Squeeze):
                # Repeated to 2x the size, `shared` would take gigabytes: the layers do that in strips.
                z = layer.inverse(z, conditions[level], shared if level < 2 else shared[..., ::2, ::2])
        return z

"""Stand-ins for the 25 published networks: narrow members of their families, each with the family's characteristic idea.

They serve profiles without the published weights, so that classifiers meet networks that differ from the custom fleet in
architecture, training and photographs. They show that a page works, never what a published network does; every table and
caption calls them stand-ins. All have 16 channels and add their output to the bicubic enlargement; 0..1 in and out. Papers:
the files named after the families, and the rows of `data/paper/table_1.csv`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from . import narrow
from .narrow import CHANNELS, Features, SubPixelNetwork, bicubic, block, small_start
from .parts import EnlargedBySelf, Image, Map, Skip, conv


class SecondOrderAttention(narrow.ChannelAttention):
    """SAN's attention: the gate sees the square root of the channels' covariance, by Newton-Schulz iterations."""

    def __init__(self, iterations: int = 3) -> None:
        super().__init__()
        self.iterations = iterations

    def statistics(self, x: Map) -> Float[Tensor, "n c 1 1"]:
        flat = x.flatten(2) - x.flatten(2).mean(2, keepdim=True)
        covariance = flat @ flat.transpose(1, 2) / flat.shape[2]
        return self._root(covariance).mean(2)[..., None, None]

    def _root(self, matrix: Float[Tensor, "n c c"]) -> Float[Tensor, "n c c"]:
        eye = torch.eye(CHANNELS, dtype=matrix.dtype, device=matrix.device)
        size = (matrix * eye).sum((1, 2))[:, None, None] + 1e-6
        y, z = matrix / size, eye.expand_as(matrix)
        for _ in range(self.iterations):
            step = 0.5 * (3 * eye - z @ y)
            y, z = y @ step, step @ z
        return y * size.sqrt()


def _san() -> nn.Module:
    attended = block(SecondOrderAttention)
    return nn.Sequential(conv(3, CHANNELS), Skip(attended, conv(CHANNELS, CHANNELS)))


class Feedback(nn.Module):
    """SRFBN's idea: one block applied twice, the second time on its own first output."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.join = conv(3, CHANNELS), conv(2 * CHANNELS, CHANNELS, 1)
        self.block = nn.Sequential(conv(CHANNELS, CHANNELS), nn.PReLU(), conv(CHANNELS, CHANNELS), nn.PReLU())

    def forward(self, x: Image) -> Features:
        shallow = self.first(x)
        state = shallow
        for _ in range(2):
            state = self.block(self.join(torch.cat([shallow, state], 1)))
        return shallow + state


class ResidualDense(nn.Module):
    """ESRGAN's block: three densely connected convolutions with leaky ReLU, times 0.2, plus the input."""

    def __init__(self, growth: int = 8) -> None:
        super().__init__()
        self.layers = nn.ModuleList([conv(CHANNELS, growth), conv(CHANNELS + growth, growth), conv(CHANNELS + 2 * growth, CHANNELS)])

    def forward(self, x: Map) -> Map:
        dense = x
        for layer in self.layers[:2]:
            dense = torch.cat([dense, F.leaky_relu(layer(dense), 0.2)], 1)
        return x + 0.2 * self.layers[2](dense)


def _rrdb() -> nn.Module:
    return nn.Sequential(conv(3, CHANNELS), Skip(ResidualDense(), ResidualDense(), conv(CHANNELS, CHANNELS)))


def _halved() -> nn.Module:
    """Works on half the size, as Real-ESRGAN does at 2X."""
    first, body = conv(12, CHANNELS), Skip(ResidualDense(), ResidualDense())
    return nn.Sequential(nn.PixelUnshuffle(2), first, body, conv(CHANNELS, 4 * CHANNELS), nn.PixelShuffle(2))


class GradientBranch(nn.Module):
    """SPSR's second branch: features of the image's gradients join those of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.gradients, self.join = _rrdb(), conv(6, CHANNELS), conv(2 * CHANNELS, CHANNELS, 1)

    def forward(self, x: Image) -> Features:
        padded = F.pad(x, (0, 1, 0, 1), mode="replicate")
        steps = torch.cat([padded[..., :-1, 1:] - x, padded[..., 1:, :-1] - x], 1)
        return self.join(torch.cat([self.body(x), F.leaky_relu(self.gradients(steps), 0.2)], 1))


class NearestUpsampling(nn.Module):
    """Features are repeated to the target size before the last layers, as in EnhanceNet; dual: as in DRN, some come from there."""

    def __init__(self, scale: int, *, dual: bool) -> None:
        super().__init__()
        self.scale = scale
        self.body = nn.Sequential(conv(3, CHANNELS), nn.ReLU(), block())
        self.down = nn.Conv2d(3, CHANNELS, scale + 1, stride=scale, padding=scale // 2) if dual else None
        self.last = nn.Sequential(conv(CHANNELS, CHANNELS // 2), nn.ReLU(), small_start(conv(CHANNELS // 2, 3)))

    def forward(self, lr: Image) -> EnlargedBySelf:
        large = bicubic(lr, self.scale)
        features = self.body(lr - 0.5)
        if self.down is not None:
            features = features + F.relu(self.down(large - 0.5))
        return large + self.last(F.interpolate(features, scale_factor=self.scale, mode="nearest"))


class Pyramid(nn.Module):
    """ProSR's idea: dense layers and a sub-pixel convolution for each doubling."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale, self.first = scale, conv(3, CHANNELS)
        stages = ((narrow.DenseBlock(), conv(CHANNELS, 4 * CHANNELS), nn.PixelShuffle(2)) for _ in range(scale // 2))
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages)
        self.last = small_start(conv(CHANNELS, 3))

    def forward(self, lr: Image) -> EnlargedBySelf:
        x = self.first(lr - 0.5)
        for stage in self.stages:
            x = stage(x)
        return bicubic(lr, self.scale) + self.last(x)


class LocalImplicit(nn.Module):
    """LIIF's idea: an MLP predicts each target pixel from the nearest features and its offset from them."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.body = nn.Sequential(conv(3, CHANNELS), block())
        self.mlp = nn.Sequential(conv(CHANNELS + 2, 24, 1), nn.ReLU(), small_start(conv(24, 3, 1)))

    def forward(self, lr: Image) -> EnlargedBySelf:
        n, _, h, w = lr.shape
        features = F.interpolate(self.body(lr - 0.5), scale_factor=self.scale, mode="nearest")
        offset = (torch.arange(self.scale, device=lr.device) + 0.5) / self.scale - 0.5
        rows = offset.repeat(h)[:, None].expand(-1, w * self.scale)
        columns = offset.repeat(w)[None].expand(h * self.scale, -1)
        where = torch.stack([rows, columns]).expand(n, -1, -1, -1)
        return bicubic(lr, self.scale) + self.mlp(torch.cat([features, where], 1))


class Sampled(nn.Module):
    """For NCSR, a generator with noise as a second input; unlike NCSR it is no flow. The noise is a hash of the LR pixels, so
    that an image decides its own sample."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.noise = _rrdb(), conv(3, CHANNELS)

    def forward(self, x: Image) -> Features:
        hashed = torch.sin((x.detach() * 255).round() * 12.9898) * 43758.5453
        return self.body(x) + self.noise(hashed - hashed.floor() - 0.5)


BODIES: dict[str, Callable[[int], nn.Module]] = narrow.BODIES | {
    "SAN": partial(SubPixelNetwork, _san),
    "SRFBN": partial(SubPixelNetwork, Feedback),
    "ESRGAN": partial(SubPixelNetwork, _rrdb),
    "Real_ESRGAN": lambda scale: SubPixelNetwork(_rrdb if scale == 4 else _halved, scale),
    "SPSR": partial(SubPixelNetwork, GradientBranch),
    "EnhanceNet": partial(NearestUpsampling, dual=False),
    "DRN": partial(NearestUpsampling, dual=True),
    "proSR": Pyramid,
    "LIIF": LocalImplicit,
    "NCSR": partial(SubPixelNetwork, Sampled),
}

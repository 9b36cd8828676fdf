"""ProSR and ProSRGAN, 4x (Wang, Perazzi, McWilliams, Sorkine-Hornung, Sorkine-Hornung, Schroers: "A Fully Progressive
Approach to Single-Image Super-Resolution", CVPR Workshops 2018, arXiv 1804.02900): one architecture, two trainings.

RGB (v - mean) / 0.0039215 with v in 0..1; every 3x3 convolution pads by reflection; the network outputs a residual to Pillow's
8-bit bicubic enlargement of the LR image. Unlike the authors' code, pyramids and reconstruction work in strips.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image as Pillow
from torch import Tensor, nn

from .parts import MEAN, Image, Map, builder, check_sides, conv, named
from .tiling import Enlarged, in_strips

SD = 0.0039215
PYRAMIDS = {"": 3, "max_scale_4": 2}
"""Variants: the files hold pyramids up to the largest trained scale, by the published options 8 (three doublings)."""


def reflect_conv(inputs: int, outputs: int) -> nn.Sequential:
    """3x3 convolution after padding by reflection."""
    return named(conv=nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3)))


def _compression(inputs: int, outputs: int) -> nn.Sequential:
    return named(conv1=nn.Conv2d(inputs, outputs, 1, bias=False))


def _upsampler(features: int) -> nn.Sequential:
    """Doubling by a sub-pixel convolution, then ReLU: n c h w -> n c 2h 2w."""
    return named(m=nn.Sequential(reflect_conv(features, 4 * features), nn.PixelShuffle(2), nn.ReLU(inplace=True)))


class DenseLayer(nn.Module):
    """1x1 convolution, ReLU, 3x3 convolution to the growth's channels, appended to the input."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.conv_1 = conv(inputs, 4 * growth, 1)
        self.conv_2 = reflect_conv(4 * growth, growth)

    def forward(self, x: Map) -> Float[Tensor, "n grown h w"]:
        return torch.cat([x, self.conv_2(F.relu(self.conv_1(x), inplace=True))], 1)


class DenseUnit(nn.Module):
    """Eight dense layers, compressed to the input's channels, times 0.2, plus the input."""

    def __init__(self, features: int, growth: int, layers: int = 8) -> None:
        super().__init__()
        self.dense_block = named(**{f"denselayer{i + 1}": DenseLayer(features + i * growth, growth) for i in range(layers)})
        self.comp = _compression(features + layers * growth, features)

    def forward(self, x: Map) -> Map:
        return self.comp(self.dense_block(x)).mul_(0.2).add_(x)


def _pyramid(number: int, units: int, features: int, growth: int) -> nn.Sequential:
    """[compression,] dense units, a last convolution; the pyramid's input is added outside."""
    compression = {f"compression_{number - 1}": _compression(features, features)} if number > 1 else {}
    dense = {f"residual_denseblock_{unit}": DenseUnit(features, growth) for unit in range(1, units + 1)}
    return named(**compression, **dense, final_conv=named(final_conv=reflect_conv(features, features)))


class ProSR(nn.Module):
    """One pyramid per doubling; each scale has its own first and last layer.

    levels: how many doublings are done (2 is 4x); the pyramids beyond them only hold the file's further tensors.
    """

    def __init__(self, *, levels: int = 2, units: tuple[int, ...] = (9, 3, 1), features: int = 160, growth: int = 40) -> None:
        super().__init__()
        self.levels, self.units = levels, units
        for p, n in enumerate(units, start=1):
            self.add_module(f"init_conv_{p}", reflect_conv(3, features))
            self.add_module(f"pyramid_residual_{p}", _pyramid(p, n, features, growth))
            self.add_module(f"pyramid_residual_{p}_residual_upsampler", _upsampler(features))
            self.add_module(f"reconst_{p}", named(final_conv=reflect_conv(features, 3)))

    def forward(self, lr: Image) -> Float[Tensor, "n 3 2**{self.levels}*h 2**{self.levels}*w"]:
        """The residual; input and output are normalised."""
        x = self.get_submodule(f"init_conv_{self.levels}")(lr)  # n 3 h w -> n c h w
        for p in range(1, self.levels):
            x = self._double(self._pyramid(x, p), p)
        x = self._pyramid(x, self.levels, pixels=200_000)
        # At the target size the features would be the largest maps of all: a row sees 2 rows to either side.
        return in_strips(self._reconstruct, x, margin=2, pixels=60_000)

    def _pyramid(self, x: Tensor, p: int, pixels: int = 300_000) -> Tensor:
        # Densely joined maps have three times the channels; a row sees one other for each of the 3x3 convolutions.
        residual = in_strips(self.get_submodule(f"pyramid_residual_{p}"), x, margin=8 * self.units[p - 1] + 1, pixels=pixels)
        return residual.add_(x)  # in place: gigabytes for a photograph

    def _double(self, x: Tensor, p: int) -> Tensor:
        return self.get_submodule(f"pyramid_residual_{p}_residual_upsampler")(x)

    def _reconstruct(self, x: Tensor) -> Tensor:
        return self.get_submodule(f"reconst_{self.levels}")(self._double(x, self.levels))


def pillow_bicubic(lr: Image, scale: int) -> Enlarged:
    """Pillow's bicubic enlargement, rounded to 8 bits; in and out 0..1 in multiples of 1/255.

    Pillow itself does it: torch's 8-bit bicubic differs from it by a grey level in places.

    >>> pillow_bicubic(torch.full((1, 3, 2, 2), 7 / 255), 4).mul(255).unique().tolist()
    [7.0]
    """
    size = (lr.shape[3] * scale, lr.shape[2] * scale)
    images = (lr.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    enlarged = np.stack([np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC)) for image in images])
    return torch.from_numpy(enlarged).permute(0, 3, 1, 2).to(lr) / 255


def upscale(module: ProSR, lr: Image, *, scale: int = 4) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped: the residual plus Pillow's bicubic. Sides of at least 2."""
    check_sides(lr, 2, "ProSR pads by reflection")
    mean = lr.new_tensor(MEAN)[:, None, None]
    residual = module((lr - mean) / SD)
    return (residual + (pillow_bicubic(lr, scale) - mean) / SD) * SD + mean


def variant_of(keys: Iterable[str]) -> str:
    """The variant to which a file with these keys belongs."""
    return "" if any(key.startswith("pyramid_residual_3") for key in keys) else "max_scale_4"


build = builder("ProSR", lambda variant, _: ProSR(units=(9, 3, 1)[: PYRAMIDS[variant]]), variants=PYRAMIDS)

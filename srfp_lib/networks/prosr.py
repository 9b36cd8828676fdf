"""ProSR and ProSRGAN, 4x (Wang, Perazzi, McWilliams, Sorkine-Hornung, Sorkine-Hornung, Schroers: "A Fully Progressive
Approach to Single-Image Super-Resolution", CVPR Workshops 2018, arXiv 1804.02900): one architecture, two trainings.

Source: github.com/fperazzi/proSR. Licence of the code: GPL-3.0; of the weights: nothing separate stated. Written from
the paper and from the facts of the published files, not from that code.

Conventions: RGB (v - mean) / 0.0039215 with v in 0..1; every 3x3 convolution pads by reflection; the network gives a
residual to Pillow's 8-bit bicubic enlargement of the LR image. Sides of at least 2 pixels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..common.errors import UserError
from .tiling import in_strips

MEAN, SD = (0.4488, 0.4371, 0.404), 0.0039215
PYRAMIDS = {"": 3, "max_scale_4": 2}
"""Variants: the files hold pyramids up to the largest trained scale, by the published options 8 (three doublings)."""


class ReflectConv(nn.Module):
    """3x3 convolution after padding by reflection."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class DenseLayer(nn.Module):
    """1x1 convolution, ReLU, 3x3 convolution to the growth's channels, appended to the input."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(inputs, 4 * growth, 1)
        self.conv_2 = ReflectConv(4 * growth, growth)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv_2(F.relu(self.conv_1(x), inplace=True))], 1)  # n c h w -> n c+growth h w


class Compression(nn.Module):
    """1x1 convolution without bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(x)


class DenseUnit(nn.Module):
    """Eight dense layers, compressed to the input's channels, times 0.2, plus the input."""

    def __init__(self, features: int, growth: int, layers: int = 8) -> None:
        super().__init__()
        dense = ((f"denselayer{i + 1}", DenseLayer(features + i * growth, growth)) for i in range(layers))
        self.dense_block = nn.Sequential(OrderedDict(dense))
        self.comp = Compression(features + layers * growth, features)

    def forward(self, x: Tensor) -> Tensor:
        return self.comp(self.dense_block(x)).mul_(0.2).add_(x)


class FinalConv(nn.Module):
    """A `ReflectConv` under the name of the published files."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.final_conv = ReflectConv(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.final_conv(x)


class Upsampler(nn.Module):
    """Doubling by a sub-pixel convolution, then ReLU."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.m = nn.Sequential(ReflectConv(features, 4 * features), nn.PixelShuffle(2), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        return self.m(x)  # n c h w -> n c 2h 2w


def _pyramid(number: int, units: int, features: int, growth: int) -> nn.Sequential:
    """[compression,] dense units, a last convolution; the pyramid's input is added outside."""
    layers: dict[str, nn.Module] = OrderedDict()
    if number > 1:
        layers[f"compression_{number - 1}"] = Compression(features, features)
    for unit in range(1, units + 1):
        layers[f"residual_denseblock_{unit}"] = DenseUnit(features, growth)
    layers["final_conv"] = FinalConv(features, features)
    return nn.Sequential(layers)


class ProSR(nn.Module):
    """One pyramid a doubling; each scale has its own first and last layer.

    levels: how many doublings are done (2 is 4x); the pyramids beyond them only hold the file's further tensors.
    """

    def __init__(self, *, levels: int = 2, units: tuple[int, ...] = (9, 3, 1), features: int = 160, growth: int = 40) -> None:
        super().__init__()
        self.levels, self.units = levels, units
        for p, n in enumerate(units, start=1):
            self.add_module(f"init_conv_{p}", ReflectConv(3, features))
            self.add_module(f"pyramid_residual_{p}", _pyramid(p, n, features, growth))
            self.add_module(f"pyramid_residual_{p}_residual_upsampler", Upsampler(features))
            self.add_module(f"reconst_{p}", FinalConv(features, 3))

    def forward(self, lr: Tensor) -> Tensor:
        """The residual: n x 3 x h x w normalised to n x 3 x sh x sw normalised, s = 2^levels."""
        layer = self.get_submodule
        x = layer(f"init_conv_{self.levels}")(lr)  # n 3 h w -> n c h w
        for p in range(1, self.levels):
            x = self._pyramid(x, p)
            x = layer(f"pyramid_residual_{p}_residual_upsampler")(x)  # n c h w -> n c 2h 2w
        x = self._pyramid(x, self.levels, pixels=200_000)
        # At the target size the features would be the largest maps of all: a row sees 2 rows to either side.
        return in_strips(self._reconstruct, x, margin=2, pixels=60_000)  # n c sh/2 sw/2 -> n 3 sh sw

    def _pyramid(self, x: Tensor, p: int, pixels: int = 300_000) -> Tensor:
        # Densely joined maps have three times the channels; a row sees one other for each of the 3x3 convolutions.
        residual = in_strips(self.get_submodule(f"pyramid_residual_{p}"), x, margin=8 * self.units[p - 1] + 1, pixels=pixels)
        return residual.add_(x)  # in place: gigabytes for a photograph

    def _reconstruct(self, x: Tensor) -> Tensor:
        enlarged = self.get_submodule(f"pyramid_residual_{self.levels}_residual_upsampler")(x)
        return self.get_submodule(f"reconst_{self.levels}")(enlarged)


def pillow_bicubic(lr: Tensor, scale: int) -> Tensor:
    """Pillow's bicubic enlargement, rounded to 8 bits: n x 3 x h x w in 0..1 (multiples of 1/255) to n x 3 x sh x sw.

    Pillow itself does it: torch's 8-bit bicubic differs from it by a grey level in places.

    >>> pillow_bicubic(torch.full((1, 3, 2, 2), 7 / 255), 4).mul(255).unique().tolist()
    [7.0]
    """
    import numpy as np
    from PIL import Image

    size = (lr.shape[3] * scale, lr.shape[2] * scale)
    images = (lr.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    enlarged = np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) for image in images])
    return torch.from_numpy(enlarged).permute(0, 3, 1, 2).to(lr) / 255


def upscale(module: ProSR, lr: Tensor, *, scale: int = 4) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped: the residual plus Pillow's bicubic."""
    if min(lr.shape[2:]) < 2:
        height, width = lr.shape[2:]
        raise UserError(f"ProSR pads by reflection and cannot take {height} x {width} pixels: give sides of at least 2")
    mean = lr.new_tensor(MEAN)[:, None, None]
    residual = module((lr - mean) / SD)
    return (residual + (pillow_bicubic(lr, scale) - mean) / SD) * SD + mean


def variant_of(keys: Iterable[str]) -> str:
    """Which variant a file with these keys is of."""
    return "" if any(key.startswith("pyramid_residual_3") for key in keys) else "max_scale_4"


def build(variant: str, scale: int) -> ProSR:
    """A fresh 4x network: variant "" holds the layers of 2x, 4x and 8x, as published, "max_scale_4" those of 2x and 4x."""
    if variant not in PYRAMIDS or scale != 4:
        raise UserError(f"there is no ProSR '{variant}' at {scale}x: take scale 4 and '' or 'max_scale_4'")
    return ProSR(levels=2, units=(9, 3, 1)[: PYRAMIDS[variant]])

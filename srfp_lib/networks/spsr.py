"""SPSR, 4x (Ma, Rao, Cheng, Chen, Lu, Zhou: "Structure-Preserving Super Resolution with Gradient Guidance", CVPR 2020,
arXiv 2003.13081): an ESRGAN generator, a second branch that enlarges the image's gradient map, and their fusion.

RGB in 0..1; zero padding; no residual image. The file holds one layer under two names, `model.8` and `HR_conv0_new.0`, and the
two fixed kernels of the gradient. Unlike the authors' code, the fusion works in strips, and the predicted gradient map, which
only training needs, is left out when super-resolving.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .parts import RRDB, Enlarged4, Image, Map, builder, conv, slope
from .tiling import in_strips, upscale_plain

OPTIONAL_KEYS = ("get_g_nopadding.weight_h", "get_g_nopadding.weight_v")
"""Fixed kernels: a file without them is complete."""
TAPS = (4, 9, 14, 19)
"""Blocks of the image trunk whose features the gradient branch takes over."""


def _named_conv(inputs: int, outputs: int, size: int = 3) -> nn.Sequential:
    """A convolution under the file's name: `.0` of its own sequence."""
    return nn.Sequential(conv(inputs, outputs, size))


class GradientMap(nn.Module):
    """Length of the gradient of every channel: differences of the two neighbours, zero outside the image."""

    def __init__(self) -> None:
        super().__init__()
        across = torch.zeros(1, 1, 3, 3)
        across[0, 0, 1] = torch.tensor([-1.0, 0.0, 1.0])
        self.weight_h = nn.Parameter(across, requires_grad=False)
        self.weight_v = nn.Parameter(across.transpose(2, 3).clone(), requires_grad=False)

    def forward(self, rgb: Map) -> Map:
        channels = rgb.flatten(0, 1)[:, None]  # n 3 h w -> 3n 1 h w
        across, down = (F.conv2d(channels, kernel, padding=1) for kernel in (self.weight_h, self.weight_v))
        return (down**2 + across**2 + 1e-6).sqrt().reshape(rgb.shape)


class Trunk(nn.Module):
    """ESRGAN's residual-in-residual dense blocks, a convolution, plus the input."""

    def __init__(self, features: int, growth: int, blocks: int) -> None:
        super().__init__()
        rrdbs = (RRDB(features, growth, conv=_named_conv) for _ in range(blocks))
        self.sub = nn.Sequential(*rrdbs, conv(features, features))

    def forward(self, x: Map) -> tuple[Map, list[Map]]:
        """The result and the features after the blocks that `TAPS` names."""
        kept, shallow = [], x
        for number, layer in enumerate(self.sub):
            x = layer(x)
            if number in TAPS:
                kept.append(x)
        return shallow + x, kept


def _enlarging(features: int, last: nn.Module) -> list[nn.Module]:
    """Two doublings by repetition, each with a convolution, and one more convolution: n c h w -> n c 4h 4w."""
    doublings = [(nn.Upsample(scale_factor=2), conv(features, features), slope()) for _ in range(2)]
    return [*doublings[0], *doublings[1], last]


class SPSR(nn.Module):
    """Image trunk and gradient branch at LR size, both enlarged, fused at the target size."""

    def __init__(self, *, features: int = 64, growth: int = 32, blocks: int = 23) -> None:
        super().__init__()
        c = features
        self.HR_conv0_new, self.HR_conv1_new = _named_conv(c, c), _named_conv(c, c)
        trunk = Trunk(c, growth, blocks)
        self.model = nn.Sequential(conv(3, c), trunk, *_enlarging(c, self.HR_conv0_new[0]))
        self.get_g_nopadding = GradientMap()
        self.b_fea_conv = _named_conv(3, c)
        for k in range(1, len(TAPS) + 1):
            self.add_module(f"b_block_{k}", RRDB(2 * c, growth, conv=_named_conv))
            self.add_module(f"b_concat_{k}", _named_conv(2 * c, c))
        self.b_LR_conv = _named_conv(c, c)
        self.b_module = nn.Sequential(*_enlarging(c, conv(c, c)), slope(), conv(c, c))
        self.conv_w = _named_conv(c, 3, 1)  # predicts the HR image's gradient map, which only training needs
        self.f_block = RRDB(2 * c, growth, conv=_named_conv)
        self.f_concat, self.f_HR_conv0, self.f_HR_conv1 = _named_conv(2 * c, c), _named_conv(c, c), _named_conv(c, 3)

    def forward(self, rgb: Image) -> Enlarged4:
        """0..1 in and out."""
        # Fusion at the target size would need several GB: a row of it sees 23 rows, or 6 LR rows, to either side.
        return in_strips(self._fuse, *self._features(rgb), margin=7, pixels=40_000)

    def _features(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk and branch before enlargement, n x c x h x w each."""
        trunk, kept = self.model[1](self.model[0](rgb))  # n 3 h w -> n c h w
        shallow = branch = self.b_fea_conv(self.get_g_nopadding(rgb))
        for k, features in enumerate(kept, start=1):
            both = torch.cat([branch, features], 1)  # n 2c h w
            branch = self.get_submodule(f"b_concat_{k}")(self.get_submodule(f"b_block_{k}")(both))
        return trunk, shallow + self.b_LR_conv(branch)

    def _fuse(self, trunk: Map, branch: Map) -> Enlarged4:
        image = self.HR_conv1_new(F.leaky_relu(self.model[2:](trunk), 0.2))  # n c h w -> n c 4h 4w
        both = torch.cat([self.b_module(branch), image], 1)
        fused = self.f_concat(self.f_block(both))  # n 2c 4h 4w -> n c 4h 4w
        return self.f_HR_conv1(F.leaky_relu(self.f_HR_conv0(fused), 0.2))  # n c 4h 4w -> n 3 4h 4w


upscale = upscale_plain
build = builder("SPSR", lambda *_: SPSR())

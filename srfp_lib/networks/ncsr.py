"""NCSR, 4x (Kim, Son: "Noise Conditional Flow Model for Learning the Super-Resolution Space", CVPR Workshops 2021, arXiv
2106.04428): a normalising flow conditioned on the features of an ESRGAN generator. It draws one of many possible images.

Source: github.com/younggeun-kim/NCSR. Licence of the code: MIT, with parts of SRFlow under CC BY-NC-SA 4.0; of the
weights: nothing separate stated. Written from the paper and from the facts of the published file, not from that code.

Conventions: RGB in 0..1 in and out; zero padding; an LR image is extended to even sides by reflection, right and below.
Sides of at least 2 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..common.errors import UserError
from .ncsr_flow import Flow
from .parts import RRDB, conv

TEMPERATURE = 0.9
"""Standard deviation of the latents in the official test script."""


class Encoder(nn.Module):
    """ESRGAN's generator as a feature extractor. Unlike there, the long skip starts at the trunk's output.

    kept: blocks whose outputs the flow sees beside the last one. HRconv and conv_last are in the file, never used.
    """

    def __init__(self, features: int, growth: int, blocks: int, kept: tuple[int, ...]) -> None:
        super().__init__()
        self.kept = kept
        self.conv_first = conv(3, features)
        self.RRDB_trunk = nn.ModuleList(RRDB(features, growth) for _ in range(blocks))
        self.trunk_conv = conv(features, features)
        self.upconv1, self.upconv2 = conv(features, features), conv(features, features)
        self.HRconv, self.conv_last = conv(features, features), conv(features, 3)

    def forward(self, rgb: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """n x 3 x h x w in 0..1 to features at 2, 1 and 1/2 times that size, and the kept ones (n x 4c x h x w)."""
        x, kept = self.conv_first(rgb), []  # n 3 h w -> n c h w
        for number, block in enumerate(self.RRDB_trunk):
            x = block(x)
            if number in self.kept:
                kept.append(x)
        last = x + self.trunk_conv(x)
        double = F.leaky_relu(self.upconv1(F.interpolate(last, scale_factor=2)), 0.2)  # n c 2h 2w
        half = F.interpolate(last, scale_factor=0.5, mode="bilinear")  # n c h/2 w/2
        return (double, last, half), torch.cat(kept, 1)


class NCSR(nn.Module):
    """Encoder and flow."""

    def __init__(
        self, *, features: int = 64, growth: int = 32, blocks: int = 23, kept: tuple[int, ...] = (1, 8, 15, 22),
        couplings: int = 16, hidden: int = 64,
    ) -> None:  # fmt: skip
        super().__init__()
        self.RRDB = Encoder(features, growth, blocks, kept)
        condition = features * (1 + len(kept))
        self.flowUpsamplerNet = Flow(couplings=couplings, condition=condition, hidden=hidden)

    def forward(self, rgb: Tensor, z: Tensor, eps: Tensor) -> Tensor:
        """n x 3 x h x w (h, w even) and latents (`latent_shapes`) to n x 3 x 4h x 4w, both in 0..1."""
        conditions, kept = self.RRDB(rgb)
        return self.flowUpsamplerNet.inverse(z, eps, conditions, kept)


def latent_shapes(lr: Tensor) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
    """Shapes of the two latents for an n x 3 x h x w image, its sides rounded up to even numbers.

    >>> latent_shapes(torch.zeros(1, 3, 7, 10))
    ((1, 96, 4, 5), (1, 6, 16, 20))
    """
    n, _, h, w = lr.shape
    h, w = h + h % 2, w + w % 2
    return (n, 96, h // 2, w // 2), (n, 6, 2 * h, 2 * w)


def draw_latents(lr: Tensor, *, temperature: float, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Both latents from one CPU generator, the deep one first; temperature 0 gives zeros and needs no generator."""
    if not (isinstance(temperature, Real) and 0 <= temperature < float("inf")):
        raise UserError(f"NCSR cannot draw at temperature {temperature}: give a number from 0 on")
    if temperature == 0:
        return tuple(lr.new_zeros(shape) for shape in latent_shapes(lr))
    if generator is None:
        raise UserError(f"NCSR draws its image at temperature {temperature}: give a generator, latents, or temperature 0")
    return tuple((temperature * torch.randn(shape, generator=generator)).to(lr) for shape in latent_shapes(lr))


def upscale(
    module: NCSR,
    lr: Tensor,
    *,
    scale: int = 4,
    temperature: float = TEMPERATURE,
    latents: Sequence[Tensor] | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x 4h x 4w in 0..1, unclamped.

    latents: both drawn beforehand, their temperature applied; otherwise they are drawn from ``generator``.
    """
    h, w = lr.shape[2:]
    if min(h, w) < 2:
        raise UserError(f"NCSR halves the image and cannot take {h} x {w} pixels: give sides of at least 2")
    drawn = draw_latents(lr, temperature=temperature, generator=generator) if latents is None else latents
    if not isinstance(drawn, Sequence) or tuple(tuple(getattr(latent, "shape", ())) for latent in drawn) != latent_shapes(lr):
        raise UserError(f"the latents of NCSR do not fit: two arrays of shapes {latent_shapes(lr)} are needed for this image")
    z, eps = drawn
    even = F.pad(lr, (0, w % 2, 0, h % 2), mode="reflect")
    return module(even, z, eps)[..., : scale * h, : scale * w]


def build(variant: str, scale: int) -> NCSR:
    """A fresh 4x network; there is one variant."""
    if variant or scale != 4:
        raise UserError(f"there is no NCSR '{variant}' at {scale}x: leave the variant empty and take scale 4")
    return NCSR()

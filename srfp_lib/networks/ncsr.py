"""NCSR, 4x (Kim, Son: "Noise Conditional Flow Model for Learning the Super-Resolution Space", CVPR Workshops 2021, arXiv
2106.04428): a normalising flow conditioned on the features of an ESRGAN generator. It draws one of many possible images.

RGB in 0..1; zero padding; an LR image is extended to even sides by reflection, right and below. Unlike the authors' code,
only the direction from noise to image is here, and couplings work in strips.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from .esrgan import RRDBNet
from .ncsr_flow import Flow
from .parts import Enlarged4, Image, builder, check_sides
from .tiling import Enlarged, upscale_padded

TEMPERATURE = 0.9
"""Standard deviation of the latents in the official test script."""
Shape = tuple[int, int, int, int]


class Encoder(RRDBNet):
    """ESRGAN's generator as a feature extractor. Unlike there, the long skip starts at the trunk's output.

    kept: blocks whose outputs the flow sees beside the last one. HRconv and conv_last are in the file, never used.
    """

    def __init__(self, features: int, growth: int, blocks: int, kept: tuple[int, ...]) -> None:
        super().__init__(features=features, growth=growth, blocks=blocks)
        self.kept = kept

    def features(self, rgb: Image) -> tuple[tuple[Tensor, Tensor, Tensor], Float[Tensor, "n kept h w"]]:
        """RGB in 0..1 to features at 2, 1 and 1/2 times its size, and the kept ones."""
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

    def forward(self, rgb: Image, z: Float[Tensor, "n 96 _ _"], eps: Float[Tensor, "n 6 _ _"]) -> Enlarged4:
        """0..1 in and out; h and w are even; z and eps: see `latent_shapes`."""
        conditions, kept = self.RRDB.features(rgb)
        return self.flowUpsamplerNet.inverse(z, eps, conditions, kept)


def latent_shapes(lr: Image) -> tuple[Shape, Shape]:
    """Shapes of the two latents for an image, its sides rounded up to even numbers.

    >>> latent_shapes(torch.zeros(1, 3, 7, 10))
    ((1, 96, 4, 5), (1, 6, 16, 20))
    """
    n, _, h, w = lr.shape
    h, w = h + h % 2, w + w % 2
    return (n, 96, h // 2, w // 2), (n, 6, 2 * h, 2 * w)


def draw_latents(lr: Image, *, temperature: Any, generator: torch.Generator | None) -> list[Tensor]:
    """Both latents from one CPU generator, the deep one first; temperature 0 yields zeros and needs no generator. Raises UserError."""
    if not (isinstance(temperature, Real) and 0 <= float(temperature) < float("inf")):
        raise UserError(f"NCSR cannot draw at temperature {temperature}: give a number from 0 on")
    if temperature == 0:
        return [lr.new_zeros(shape) for shape in latent_shapes(lr)]
    if generator is None:
        raise UserError(f"NCSR draws its image at temperature {temperature}: give a generator, latents, or temperature 0")
    return [torch.randn(shape, generator=generator).mul(float(temperature)).to(lr) for shape in latent_shapes(lr)]


def upscale(
    module: NCSR, lr: Image, *, scale: int = 4, temperature: Any = TEMPERATURE, latents: Any = None,
    generator: torch.Generator | None = None,
) -> Enlarged:  # fmt: skip
    """n x 3 x h x w in 0..1 to n x 3 x 4h x 4w in 0..1, unclamped; sides of at least 2.

    latents: both drawn beforehand, their temperature applied; otherwise they are drawn from ``generator``. Raises UserError
    for what is no temperature, for latents of other shapes (see `latent_shapes`), and without any source of them.
    """
    check_sides(lr, 2, "NCSR halves the image")
    drawn = draw_latents(lr, temperature=temperature, generator=generator) if latents is None else latents
    if not isinstance(drawn, Sequence) or tuple(tuple(getattr(latent, "shape", ())) for latent in drawn) != latent_shapes(lr):
        raise UserError(f"the latents of NCSR do not fit: two arrays of shapes {latent_shapes(lr)} are needed for this image")
    return upscale_padded(lambda even: module(even, *drawn), lr, scale=scale, multiple=2)


build = builder("NCSR", lambda *_: NCSR())

"""Is this the network it is taken for? One known tile shows its scale, the range and order of its channels, and its quality.

The tile is 96 x 96 pixels of the photograph `skimage.data.astronaut` (NASA, public domain), reduced with Pillow's antialiased bicubic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image

from ..common.errors import UserError
from ..fleet import SCALES
from .catalogue import Row

Upscale = Callable[[np.ndarray], np.ndarray]  # uint8 h x w x 3 to float sh x sw x 3, 0..1
SIDE = 96
LOST = 6.0  # dB below bicubic: adversarial networks lose up to 4
NEAR = 0.3  # dB: a difference that tells nothing about the order of the channels
PIXEL_LOSS = 0.5  # dB above bicubic: networks trained for PSNR gain 1 or more


@dataclass(frozen=True)
class Proof:
    """PSNR in dB on the known tile: of the network, of bicubic enlargement, and with red and blue exchanged going in and out."""

    psnr: float
    bicubic: float
    exchanged: float

    @property
    def passed(self) -> bool:
        """Does the network enlarge images, with its channels in this order?"""
        return self.psnr > self.bicubic - LOST and self.psnr > self.exchanged - NEAR

    @property
    def pixel_loss(self) -> bool:
        """Does it gain so much on bicubic that it was trained for PSNR, without a discriminator?"""
        return self.psnr > self.bicubic + PIXEL_LOSS


@cache
def tile() -> np.ndarray:
    """The true tile, uint8 96 x 96 x 3."""
    from skimage.data import astronaut

    return astronaut()[:SIDE, 180 : 180 + SIDE].copy()


@cache
def reduced(scale: int) -> np.ndarray:
    """The tile reduced by a factor, uint8."""
    side = SIDE // scale
    return np.asarray(Image.fromarray(tile()).resize((side, side), Image.Resampling.BICUBIC))


def psnr(image: np.ndarray) -> float:
    """PSNR in dB of an image in 0..1 against the tile, after rounding to 8 bits.

    >>> round(psnr(tile() / 255 * 0.9), 1)
    24.7
    """
    levels = np.rint(np.clip(image, 0, 1) * 255)
    return float(10 * np.log10(255**2 / np.mean((levels - tile()) ** 2)))


def prove(upscale: Upscale, scale: int) -> Proof:
    """What a network makes of the known tile."""
    bicubic = Image.fromarray(reduced(scale)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    lr = reduced(scale)
    exchanged = upscale(np.ascontiguousarray(lr[..., ::-1]))[..., ::-1]
    return Proof(psnr(upscale(lr)), psnr(np.asarray(bicubic) / 255), psnr(exchanged))


def detected(row: Row, build: Callable[[Row], Upscale]) -> tuple[Row, Proof]:
    """A row with the scale, range and order of channels under which its network enlarges the known tile best, and the proof.

    Raises UserError if it does so under none, or makes images that are neither 2X nor 4X.
    """
    found = [(trial, prove(upscale, trial.scale)) for trial in _trials(row) for upscale in [_or_none(build, trial)] if upscale]
    if not found:
        raise UserError(f"it makes no {' or '.join(f'{scale}X' for scale in scales(row))} images of small ones")
    best, proof = max(found, key=lambda pair: pair[1].psnr + NEAR * (pair[0].channels == "RGB"))
    if not proof.passed:
        raise UserError(
            f"on a known tile it reaches {proof.psnr:.1f} dB at best, where bicubic enlargement has {proof.bicubic:.1f}: it is no network "
            "for super-resolution, or its weights are damaged, or it takes another input"
        )
    return replace(best, psnr=round(proof.psnr, 2)), proof


def scales(row: Row) -> tuple[int, ...]:
    """The scales that a network may have."""
    return (row.scale,) if row.scale else SCALES


def _trials(row: Row) -> Iterator[Row]:
    for scale in scales(row):
        for value_range in ("0..1", "0..255"):
            for channels in ("RGB", "BGR"):
                yield replace(row, scale=scale, value_range=value_range, channels=channels)


def _or_none(build: Callable[[Row], Upscale], trial: Row) -> Upscale | None:
    """The network's function, if what it makes of the known tile is an image of the size that the trial says."""
    try:
        upscale = build(trial)
        upscale(reduced(trial.scale))
        return upscale
    except UserError:
        return None

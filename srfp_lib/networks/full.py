"""The five custom architectures at full size, by the defaults of D7.

EDSR, RCAN and SwinIR are BasicSR's classes, as the paper trained them; RDN and NLSN, which BasicSR lacks, are those of this
folder. n x 3 x h x w to n x 3 x sh x sw, both 0..1.
"""

from __future__ import annotations

from torch import nn

from . import _basicsr, swinir
from .nlsn import NLSN, SeededDraw
from .parts import EnlargedBySelf, Image
from .rdn import RDN
from .tiling import upscale_padded


class Padded(nn.Module):
    """A network with windows of 8 x 8 pixels, on images of any size (see `upscale_padded`)."""

    def __init__(self, network: nn.Module, scale: int) -> None:
        super().__init__()
        self.network, self.scale = network, scale

    def forward(self, lr: Image) -> EnlargedBySelf:
        return upscale_padded(self.network, lr, scale=self.scale, multiple=swinir.WINDOW)


def _edsr(scale: int) -> nn.Module:
    """The baseline: 16 blocks of 64 features."""
    return _basicsr.load("archs.edsr_arch").EDSR(3, 3, num_feat=64, num_block=16, upscale=scale, res_scale=1, img_range=255.0)


def _rcan(scale: int) -> nn.Module:
    """10 groups of 20 blocks, 64 features."""
    return _basicsr.load("archs.rcan_arch").RCAN(3, 3, num_feat=64, num_group=10, num_block=20, squeeze_factor=16, upscale=scale, img_range=255.0)


def _swinir(scale: int) -> nn.Module:
    """Classical SwinIR: 180 features, 6 groups of 6 layers, window 8, without drop path."""
    return Padded(swinir.make(swinir.settings(scale, side=64), swinir.ARCH.SwinIR), scale)


def _nlsn(scale: int) -> nn.Module:
    """32 blocks of 256 features; hash directions are fixed, so that an image does not depend on what ran before."""
    return NLSN(scale, draw=SeededDraw(20220101))


BODIES = {"EDSR": _edsr, "RDN": RDN, "RCAN": _rcan, "SwinIR": _swinir, "NLSN": _nlsn}


def build(architecture: str, scale: int) -> nn.Module:
    """A full-size network with fresh weights from torch's current random state."""
    return BODIES[architecture](scale)

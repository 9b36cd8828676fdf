"""The five custom architectures at full size, by the defaults of D7.

EDSR, RCAN and SwinIR are BasicSR's classes, as the paper trained them; RDN and NLSN, which BasicSR lacks, are those of this
folder. n x 3 x h x w to n x 3 x sh x sw, both 0..1.
"""

from __future__ import annotations

from torch import nn

from . import _basicsr, swinir
from .nlsn import NLSN, seeded_draw
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


def _basicsr_network(architecture: str, scale: int) -> nn.Module:
    module = _basicsr.load(f"archs.{architecture.lower()}_arch")
    return swinir.make({"upscale": scale} | _basicsr.FULL_SIZE[architecture], getattr(module, architecture))


BODIES = {
    "EDSR": lambda scale: _basicsr_network("EDSR", scale),
    "RDN": RDN,
    "RCAN": lambda scale: _basicsr_network("RCAN", scale),
    "SwinIR": lambda scale: Padded(_basicsr_network("SwinIR", scale), scale),
    "NLSN": lambda scale: NLSN(scale, draw=seeded_draw(20220101)),  # fixed: an image does not depend on what ran before
}

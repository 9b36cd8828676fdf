"""The five custom architectures at full size, by the defaults of D7.

EDSR, RCAN and SwinIR are BasicSR's classes, as the paper trained them; RDN and NLSN, which BasicSR lacks, are those of this
folder. n x 3 x h x w to n x 3 x sh x sw, both 0..1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from . import _basicsr, swinir
from .nlsn import NLSN, seeded_draw
from .parts import EnlargedBySelf, ExactConv, Image
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
    network: Any = swinir.make({"upscale": scale} | _basicsr.FULL_SIZE[architecture], getattr(module, architecture))
    network.conv_last.__class__ = ExactConv  # the same layer with the same weights
    return network


class Masks(dict[Any, Tensor]):
    """The masks of shifted windows for maps of one size, on their device: in place of BasicSR's `calculate_mask`.

    For maps of other sides than ``img_size`` BasicSR makes a mask on the CPU for every block at every step.
    """

    def of(self, block: Any, make: Any, size: tuple[int, int]) -> Tensor:
        """``make(size)``, or the mask that it made for another block of the same shift."""
        key = block.shift_size, tuple(size), block.norm1.weight.device
        if key not in self:
            if any(known[1:] != key[1:] for known in self):
                self.clear()  # a mask of a photograph takes tens of MB
            with torch.inference_mode(False), torch.no_grad():
                self[key] = make(size).to(key[2])
        return self[key]


def _swinir(scale: int) -> nn.Module:
    network, masks = _basicsr_network("SwinIR", scale), Masks()
    blocks: list[Any] = [module for module in network.modules() if hasattr(module, "calculate_mask")]
    for block in blocks:
        block.calculate_mask = partial(masks.of, block, block.calculate_mask)
    return Padded(network, scale)


BODIES = {
    "EDSR": lambda scale: _basicsr_network("EDSR", scale),
    "RDN": RDN,
    "RCAN": lambda scale: _basicsr_network("RCAN", scale),
    "SwinIR": _swinir,
    "NLSN": lambda scale: NLSN(scale, draw=seeded_draw(20220101)),  # fixed: an image does not depend on what ran before
}

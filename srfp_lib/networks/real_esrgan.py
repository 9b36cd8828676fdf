"""Real-ESRGAN, 2x and 4x (Wang, Xie, Dong, Shan: "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data", ICCV Workshops 2021, arXiv 2107.10833): ESRGAN's generator, trained on degraded photographs.

Source: github.com/xinntao/Real-ESRGAN. Licence of code and weights: BSD-3-Clause. Written from the paper and from the facts
of the published files, not from that code.

Conventions: as ESRGAN, under BasicSR's names. At 2x odd images are extended by reflection, right and below, which needs
sides of at least 2 pixels. The official script runs in half precision on a GPU unless told otherwise; here it is single.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch.nn.functional as F
from torch import Tensor

from ..common.errors import UserError
from . import esrgan
from .esrgan import RRDBNet


def upscale(module: RRDBNet, lr: Tensor, *, scale: int) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped."""
    h, w = lr.shape[2:]
    if scale == 4:
        return module(lr)
    if min(h, w) < 2:
        raise UserError(f"Real-ESRGAN 2x halves the image and cannot take {h} x {w} pixels: give sides of at least 2")
    even = F.pad(lr, (0, w % 2, 0, h % 2), mode="reflect")
    return module(even)[..., : 2 * h, : 2 * w]


def official(state: Mapping[str, Tensor], variant: str = "", keys: Collection[str] = ()) -> dict[str, Tensor]:
    """The module's tensors under the names of a file with these keys; without any, under BasicSR's."""
    return esrgan.official(state, variant, keys, default=esrgan.BASICSR)


def build(variant: str, scale: int) -> RRDBNet:
    """A fresh network for 2x or 4x; there is one variant."""
    if variant or scale not in (2, 4):
        raise UserError(f"there is no Real-ESRGAN '{variant}' at {scale}x: leave the variant empty and take scale 2 or 4")
    return RRDBNet(scale)

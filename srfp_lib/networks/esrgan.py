"""ESRGAN, 4x (Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy: "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks",
ECCV Workshops 2018, arXiv 1809.00219).

Kept beside BasicSR's class: as fast, but Real-ESRGAN at 480 x 320 pixels, 2x, needs 1.5 times less memory
(`benchmarks/twice.csv`), because blocks work in place and the enlargement in strips; the blocks serve SPSR and NCSR too.

RGB in 0..1; zero padding; no mean subtraction, no residual image; whole image. The weights circulate under three sets of
names, see `official`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from .parts import RRDB, Enlarged4, EnlargedBySelf, Image, Map, builder, conv
from .tiling import in_strips, upscale_plain

BASICSR = {
    "RRDB_trunk": "body", "trunk_conv": "conv_body", "upconv1": "conv_up1", "upconv2": "conv_up2", "HRconv": "conv_hr",
}  # fmt: skip
OLD = {
    "conv_first": "model.0", "RRDB_trunk": "model.1.sub", "trunk_conv": "model.1.sub.23", "upconv1": "model.3",
    "upconv2": "model.6", "HRconv": "model.8", "conv_last": "model.10",
}  # fmt: skip
VARIANTS = {"": {}, "basicsr-names": BASICSR}
"""Variants are files that differ in the names of layers only."""


class RRDBNet(nn.Module):
    """Residual-in-residual dense blocks, enlargement by repetition. The published size is 23 blocks, 64 features.

    At scale 2, which is Real-ESRGAN's, blocks of 2 x 2 pixels become channels first, so that two doublings result in 2x.
    """

    def __init__(self, scale: int = 4, *, features: int = 64, growth: int = 32, blocks: int = 23) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = conv(3 * (4 // scale) ** 2, features)
        self.RRDB_trunk = nn.Sequential(*(RRDB(features, growth) for _ in range(blocks)))
        self.trunk_conv = conv(features, features)
        self.upconv1, self.upconv2 = conv(features, features), conv(features, features)
        self.HRconv, self.conv_last = conv(features, features), conv(features, 3)

    def forward(self, rgb: Image) -> EnlargedBySelf:
        """0..1 in and out; h and w are multiples of 4 / s."""
        shallow = self.conv_first(F.pixel_unshuffle(rgb, 4 // self.scale))
        x = shallow + self.trunk_conv(self.RRDB_trunk(shallow))  # n c h w, at 2x half of both
        return in_strips(self._enlarge, x, margin=2, pixels=20_000)  # a row sees 1/2 + 1/4 + 1/4 + 1/4 rows

    def _enlarge(self, x: Map) -> Enlarged4:
        for layer in (self.upconv1, self.upconv2):
            x = F.leaky_relu(layer(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2, inplace=True)
        return self.conv_last(F.leaky_relu(self.HRconv(x), 0.2, inplace=True))


def _renamed(name: str, layers: Mapping[str, str], infix: str = "") -> str:
    """A tensor's name with other layer names; BasicSR writes rdb, and old files have an index in dense blocks."""
    layer, _, rest = name.partition(".")
    if layer == "RRDB_trunk":
        block, _, kind = rest.rpartition(".")
        rest = f"{block}{infix}.{kind}".replace("RDB", "rdb" if layers is BASICSR else "RDB")
    return f"{layers.get(layer, layer)}.{rest}"


def official(
    state: Mapping[str, Tensor], variant: str = "", keys: Collection[str] = (), *, default: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """The module's tensors under the names of a file with these keys; without any, under those of the variant's file.

    Known are the current names, BasicSR's, and those of the first files (`model.1.sub.0.RDB1.conv1.0.weight`).
    """
    signs = {"model.": OLD, "body.": BASICSR, "RRDB_trunk.": VARIANTS[""]}
    known = (layers for sign, layers in signs.items() if any(key.startswith(sign) for key in keys))
    layers = next(known, VARIANTS[variant] if default is None else default)
    infix = ".0" if layers is OLD and any(key.endswith("conv1.0.weight") for key in keys) else ""
    return {_renamed(name, layers, infix): tensor for name, tensor in state.items()}


upscale = upscale_plain
build = builder("ESRGAN", lambda *_: RRDBNet(), variants=VARIANTS)

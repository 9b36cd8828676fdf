"""RDN, 2x and 4x (Zhang, Tian, Kong, Zhong, Fu: "Residual Dense Network for Image Super-Resolution", CVPR 2018, arXiv
1802.08797).

RGB in 0..1 (variant sanghyun: 0..255), no mean subtraction, zero padding. Names are those of the PyTorch version by yjn870.
Unlike there, the blocks' outputs are fused one by one and the enlargement works in strips.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .parts import EnlargedBySelf, ExactConv, Image, Map, builder, conv, upsampler
from .tiling import Enlarged, in_strips

RANGES = {"yjn870": 1.0, "sanghyun": 255.0}
"""Variant: the value of white. "sanghyun" is the form of the authors' own Torch7 files and of EDSR-PyTorch."""


class DenseLayer(nn.Module):
    """Convolution and ReLU, the result concatenated behind the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.conv = conv(channels, growth)

    def forward(self, x: Map) -> Float[Tensor, "n grown h w"]:
        return torch.cat([x, F.relu(self.conv(x), inplace=True)], 1)


class ResidualDenseBlock(nn.Module):
    """Dense layers, fused by a 1x1 convolution, plus the block's input."""

    def __init__(self, features: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(DenseLayer(features + growth * i, growth) for i in range(layers)))
        self.lff = conv(features + growth * layers, features, 1)

    def forward(self, x: Map) -> Map:
        return x + self.lff(self.layers(x))


class RDNFeatures(nn.Module):
    """Everything at LR size: n x 3 x h x w to n x c x h x w."""

    def __init__(self, *, blocks: int = 16, layers: int = 8, features: int = 64, growth: int = 64) -> None:
        super().__init__()
        self.sfe1, self.sfe2 = conv(3, features), conv(features, features)
        self.rdbs = nn.ModuleList(ResidualDenseBlock(features, growth, layers) for _ in range(blocks))
        self.gff = nn.Sequential(conv(blocks * features, features, 1), conv(features, features))

    def forward(self, lr: Image) -> Float[Tensor, "n _ h w"]:
        shallow = self.sfe1(lr)
        kernels = self.gff.get_parameter("0.weight").chunk(len(self.rdbs), 1)
        x, fused = self.sfe2(shallow), self.gff.get_parameter("0.bias")[:, None, None]
        for block, kernel in zip(self.rdbs, kernels, strict=True):
            x = block(x)
            fused = fused + F.conv2d(x, kernel)  # 1x1, block after block: all outputs together would take gigabytes
        return self.gff[1](fused) + shallow


class RDN(RDNFeatures):
    """Residual dense network; the published size is 16 blocks of 8 layers, 64 features, growth 64."""

    def __init__(self, scale: int, *, features: int = 64, value_range: float = 1.0, **size: int) -> None:
        super().__init__(features=features, **size)
        self.scale, self.value_range = scale, value_range
        self.upscale = upsampler(scale, features)
        self.output = ExactConv(features, 3, 3, padding=1)

    def forward(self, lr: Image) -> EnlargedBySelf:
        return in_strips(lambda x: self.output(self.upscale(x)), super().forward(lr), margin=2, pixels=40_000)


def sanghyun_name(name: str) -> str:
    """The same tensor in EDSR-PyTorch's version of the graph, which LIIF's encoder follows too.

    >>> sanghyun_name("rdbs.0.layers.7.conv.weight")
    'RDBs.0.convs.7.conv.0.weight'
    """
    changes = {"sfe": "SFENet", "rdbs": "RDBs", "layers": "convs", ".conv.": ".conv.0.", "lff": "LFF", "gff": "GFF", "upscale": "UPNet"}
    for ours, theirs in changes.items():
        name = name.replace(ours, theirs)
    return name


def official(state: Mapping[str, Tensor], variant: str, keys: Collection[str] = ()) -> dict[str, Tensor]:
    """The module's tensors under the names of the variant's file."""
    if variant == "yjn870":
        return dict(state)
    last = sum(name.startswith("upscale") for name in state)  # two layers per doubling, two tensors each
    return {sanghyun_name(name).replace("output", f"UPNet.{last}"): tensor for name, tensor in state.items()}


def upscale(module: RDN, lr: Image, *, scale: int) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped."""
    return module(module.value_range * lr) / module.value_range


build = builder("RDN", lambda variant, scale: RDN(scale, value_range=RANGES[variant]), scales=(2, 4), variants=RANGES)

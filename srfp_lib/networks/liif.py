"""LIIF, any scale (Chen, Liu, Wang: "Learning Continuous Image Representation with Local Implicit Image Function", CVPR
2021, arXiv 2012.09161): an encoder makes features at LR size, a small network predicts the colour at any position from them.

RGB in -1..1, that is (v - 0.5) / 0.5; zero padding; no residual image; one file for every scale. Coordinates: pixel i of n
has its centre at -1 + (2 i + 1) / n. Unlike the authors' code, the share of the features in the MLP's first layer is one
convolution at LR size, and nearest pixels are indices instead of grid_sample.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import reduce
from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from .edsr import SIZES
from .parts import Image, ResidualBlock, Trunk
from .rdn import RDNFeatures, sanghyun_name

EPSILON = 1e-6
"""Nudge that decides between two equally near LR pixels (section 3, as in the published code)."""


class MLP(nn.Module):
    """Linear layers with ReLU between them; number 0 sees features and geometry."""

    def __init__(self, inputs: int, hidden: int = 256) -> None:
        super().__init__()
        sizes = [inputs, *[hidden] * 4]
        layers = [layer for size in sizes[:-1] for layer in (nn.Linear(size, hidden), nn.ReLU())]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden, 3))

    def first(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights of the first layer by what they see, and its bias: features (hidden c 3 3), position, cell (hidden 2)."""
        weight, bias = self.layers.get_parameter("0.weight"), self.layers.get_parameter("0.bias")
        return weight[:, :-4].unflatten(1, (-1, 3, 3)), weight[:, -4:-2], weight[:, -2:], bias


def _centres(n: int, like: Tensor) -> Tensor:
    return -1 + 1 / n + 2 / n * torch.arange(n, device=like.device).to(like.dtype)


def _nearest(source: int, target: int, side: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Along one axis: the LR pixel nearest to every target pixel when it is moved half an LR pixel to one side (-1, 1).

    Returns its index and how far the target pixel lies from its centre, in halves of an LR pixel.
    """
    at = _centres(target, like)
    moved = (at + (side / source + EPSILON)).clamp(-1 + EPSILON, 1 - EPSILON)
    index = (((moved + 1) * source - 1) / 2).round().long().clamp(0, source - 1)
    return index, (at - _centres(source, like)[index]) * source


class LIIF(nn.Module):
    """Encoder and implicit function, with feature unfolding, cell decoding and local ensemble (section 3)."""

    def __init__(self, encoder: nn.Module, *, features: int = 64, hidden: int = 256) -> None:
        super().__init__()
        self.encoder = encoder
        self.imnet = MLP(9 * features + 4, hidden)

    def forward(self, lr: Image, size: tuple[int, int], *, queries: int = 30_000) -> Float[Tensor, "n 3 {size[0]} {size[1]}"]:
        """-1..1 in and out. queries: about how many pixels are computed at once."""
        kernel, _, _, bias = self.imnet.first()
        # The first layer is linear and sees the 3 x 3 neighbourhood of an LR pixel, so that the features' share of it is a
        # convolution, computed once per LR pixel instead of four times per target pixel.
        shares = F.conv2d(self.encoder(lr), kernel, bias, padding=1).permute(0, 2, 3, 1)  # n h w hidden
        return torch.stack([self._decode(share, size, max(1, queries // size[1])) for share in shares])

    def _decode(self, hidden: Float[Tensor, "h w hidden"], size: tuple[int, int], step: int) -> Float[Tensor, "3 {size[0]} {size[1]}"]:
        """``step`` target rows at a time."""
        h, w = hidden.shape[:2]
        cell = hidden.new_tensor([2 / size[0] * h, 2 / size[1] * w])
        hidden = hidden + self.imnet.first()[2] @ cell
        rows = [_nearest(h, size[0], side, hidden) for side in (-1, 1)]
        columns = [_nearest(w, size[1], side, hidden) for side in (-1, 1)]
        slices = [
            self._ensemble(hidden, [(index[top : top + step], away[top : top + step]) for index, away in rows], columns)
            for top in range(0, size[0], step)
        ]
        return torch.cat(slices).permute(2, 0, 1)

    def _ensemble(self, hidden: Tensor, rows: list[tuple[Tensor, Tensor]], columns: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The four predictions of some target rows (r x width x 3), each weighted by the area opposite to it."""
        by_row, by_column = self.imnet.first()[1].T
        colours, areas = [], []
        for row, down in rows:
            for column, right in columns:
                known = hidden[row[:, None], column]  # r width hidden
                known = known.addcmul_(down[:, None, None], by_row).addcmul_(right[:, None], by_column)
                colours.append(self.imnet.layers[1:](known))  # r width 3
                areas.append((down[:, None] * right).abs() + 1e-9)
        total = reduce(torch.add, areas)
        weighted = [colour * (area / total)[..., None] for colour, area in zip(colours, reversed(areas), strict=True)]
        return reduce(torch.add, weighted)


def _edsr_baseline() -> Trunk:
    """The means in its file are not applied."""
    features, blocks, _ = SIZES["baseline"]
    return Trunk(features, (ResidualBlock(features) for _ in range(blocks)), value_range=1.0)


ENCODERS: dict[str, Callable[[], nn.Module]] = {"rdn": RDNFeatures, "edsr-baseline": _edsr_baseline}
"""By variant."""


def upscale(module: LIIF, lr: Image, *, scale: Any) -> Float[Tensor, "n 3 _ _"]:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped, for any scale above 0: sizes are rounded."""
    if not (isinstance(scale, Real) and 0 < float(scale) < float("inf")):
        raise UserError(f"LIIF cannot enlarge by {scale}: give a scale above 0")
    height, width = (max(1, round(float(scale) * side)) for side in lr.shape[2:])
    return module((lr - 0.5) / 0.5, (height, width)) * 0.5 + 0.5


def official(state: Mapping[str, Tensor], variant: str, keys: Collection[str] = ()) -> dict[str, Tensor]:
    """The module's tensors under the names of the variant's file."""
    if variant != "rdn":
        return dict(state)
    return {sanghyun_name(name) if name.startswith("encoder") else name: tensor for name, tensor in state.items()}


def build(variant: str, scale: float | int) -> LIIF:
    """A fresh network, the same for every scale."""
    if variant not in ENCODERS:
        raise UserError(f"there is no LIIF '{variant}': take one of {', '.join(ENCODERS)}")
    return LIIF(ENCODERS[variant]())

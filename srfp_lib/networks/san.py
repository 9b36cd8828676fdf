"""SAN, 4x (Dai, Cai, Zhang, Xia, Zhang: "Second-order Attention Network for Single Image Super-Resolution", CVPR 2019).

RGB in 0..255; mean layers are trained 1x1 convolutions and come from the file; zero padding. The official test run chops;
attention and statistics are over the whole image, so that chopping changes every pixel a little. The file holds tensors that
do nothing: the groups' gamma, the top-level conv_last, and the attention of the non-local part. Unlike the authors' code, the
covariance needs no matrix of pixels x pixels, and the non-local part never holds all its weights at once.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .parts import Enlarged4, Image, Map, MeanShift, Tail, builder, check_sides, conv, gate
from .tiling import upscaler_255

LARGEST_SIDE = 1000
"""Second-order statistics are taken over at most this many central rows and columns."""


def covariance(x: Map) -> Float[Tensor, "n c c"]:
    """Covariance of the channels over the pixels, divided by their number.

    The paper writes X J X^T with a matrix J of pixels x pixels (eq. 4); subtracting the means first is the same. Sides above
    1000 are cut to the central 1000.
    """
    for axis in (2, 3):
        if (side := x.shape[axis]) > LARGEST_SIDE:
            x = x.narrow(axis, (side - LARGEST_SIDE) // 2, LARGEST_SIDE)
    flat = x.flatten(2)
    flat = flat - flat.mean(2, keepdim=True)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def square_root(matrix: Float[Tensor, "n c c"], *, steps: int = 5) -> Float[Tensor, "n c c"]:
    """Square root of symmetric positive matrices by the coupled Newton-Schulz iteration (Li et al. 2018).

    Five steps approximate: what the network was trained with, not an exact root.

    >>> four = 4 * torch.eye(2)[None]
    >>> torch.allclose(square_root(four), 2 * torch.eye(2), atol=1e-3)
    True
    """
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    trace = matrix.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    a = matrix / trace
    z = (3 * identity - a) / 2
    y = a @ z
    for _ in range(steps - 2):
        p = (3 * identity - z @ y) / 2
        y, z = y @ p, p @ z
    return y @ (3 * identity - z @ y) / 2 * trace.sqrt()


class SecondOrderAttention(nn.Module):
    """Weights the channels by a gate on the row means of their covariance's square root."""

    def __init__(self, features: int, reduction: int) -> None:
        super().__init__()
        self.conv_du = gate(features, reduction)

    def forward(self, x: Map) -> Map:
        statistics = square_root(covariance(x)).mean(1)[:, :, None, None]  # n c h w -> n c 1 1
        return x * self.conv_du(statistics)


class NonLocal(nn.Module):
    """Every pixel plus a mean of the others weighted by similarity (Wang et al. 2018); the others are max-pooled 2 x 2."""

    def __init__(self, features: int, inner: int) -> None:
        super().__init__()
        self.g = nn.Sequential(conv(features, inner, 1), nn.MaxPool2d(2))
        self.W = conv(inner, features, 1)
        self.theta = conv(features, inner, 1)
        self.phi = nn.Sequential(conv(features, inner, 1), nn.MaxPool2d(2))
        for parameter in self.W.parameters():
            nn.init.zeros_(parameter)  # starts as the identity

    def forward(self, x: Map) -> Map:
        maps = (layer(x).flatten(2).transpose(1, 2) for layer in (self.theta, self.phi, self.g))
        # With contiguous rows torch never builds the matrix of hw x hw / 4 weights, gigabytes for a photograph.
        query, key, value = (rows.contiguous()[:, None] for rows in maps)  # n 1 hw c
        mixed = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.W(mixed[:, 0].transpose(1, 2).unflatten(2, x.shape[2:]))


class RegionNonLocal(nn.Module):
    """The same non-local module on each quarter of the map (section 3.3)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.soca = SecondOrderAttention(features, 8)  # in the file, never used
        self.non_local = NonLocal(features, features // 8)

    def forward(self, x: Map) -> Map:
        h, w = x.shape[2] // 2, x.shape[3] // 2
        halves = (x[:, :, :h], x[:, :, h:])
        return torch.cat([torch.cat([self.non_local(half[..., :w]), self.non_local(half[..., w:])], 3) for half in halves], 2)


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution, plus the input."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv_first = nn.Sequential(conv(features, features), nn.ReLU(inplace=True), conv(features, features))

    def forward(self, x: Map) -> Map:
        return x + self.conv_first(x)


class Group(nn.Module):
    """Residual blocks, second-order attention, convolution, plus the input. gamma is in the file, never used."""

    def __init__(self, features: int, blocks: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))
        self.rcab = nn.Sequential(*(ResidualBlock(features) for _ in range(blocks)))
        self.soca = SecondOrderAttention(features, 16)
        self.conv_last = conv(features, features)

    def forward(self, x: Map) -> Map:
        return x + self.conv_last(self.soca(self.rcab(x)))


class SAN(nn.Module):
    """Head, non-local part, groups that share the source's skip, the same non-local part, sub-pixel convolutions."""

    def __init__(self, *, features: int = 64, groups: int = 20, blocks: int = 10) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))
        self.sub_mean = MeanShift(-1)
        self.RG = nn.ModuleList(Group(features, blocks) for _ in range(groups))
        self.conv_last = conv(features, features)  # in the file, never used
        self.add_mean = MeanShift(1)
        self.non_local = RegionNonLocal(features)
        self.head = nn.Sequential(conv(3, features))
        self.tail = Tail(4, features)

    def forward(self, rgb: Image) -> Enlarged4:
        """0..255 in and out; sides of at least 4."""
        check_sides(rgb, 4, "SAN pools each quarter of the image")
        shallow = self.head(self.sub_mean(rgb))  # n 3 h w -> n c h w
        source = self.non_local(shallow)
        x = source
        for group in self.RG:
            x = group(x) + self.gamma * source
        x = self.non_local(x) + shallow
        return self.add_mean(self.tail(x))


upscale = upscaler_255(chop_at=160_000)  # as in the official test run
build = builder("SAN", lambda *_: SAN())

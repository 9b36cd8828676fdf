"""NLSN: Mei, Fan, Zhou, "Image Super-Resolution with Non-Local Sparse Attention", CVPR 2021.

Written from the paper and its published conventions; source repository HarukiYqM/Non-Local-Sparse-Attention (MIT text of
EDSR-PyTorch, no licence stated for the weights). BasicSR has no NLSN. Conventions: RGB in 0..1, the DIV2K mean is
subtracted first and added last, zero padding. Every hash round draws random directions; ties are sorted stably.
Images of at least 144 pixels. The official test run chops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..common.errors import UserError
from .parts import MeanShift, ResidualBlock, Tail, conv
from .tiling import half_and_margin, in_quarters

Draw = Callable[[tuple[int, ...]], Tensor]
CHUNKS_AT_ONCE = 8  # their scores fit a processor's cache


class SparseAttention(nn.Module):
    """Pixels are hashed into buckets; those of similar hash attend to each other, in chunks and several hash rounds."""

    def __init__(self, features: int, *, chunk: int = 144, rounds: int = 4, reduction: int = 4) -> None:
        super().__init__()
        self.chunk, self.rounds = chunk, rounds
        self.conv_match = nn.Sequential(conv(features, features // reduction))
        self.conv_assembly = nn.Sequential(conv(features, features, 1))

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """``rotation``: 1 x c' x rounds x buckets / 2, see `rotation_shape`."""
        query = self.conv_match(x).flatten(2).transpose(1, 2)  # n hw c'
        value = self.conv_assembly(x).flatten(2).transpose(1, 2)  # n hw c
        key = query / query.norm(dim=-1, keepdim=True).clamp(min=5e-5)
        mixed, total = self._round(query, key, value, rotation[0, :, 0])
        for k in range(1, self.rounds):
            result, weight = self._round(query, key, value, rotation[0, :, k])
            mixed = torch.lerp(mixed, result, torch.sigmoid(weight - total)[..., None])  # the rounds' softmax, one by one
            total = torch.logaddexp(total, weight)
        return x + 0.1 * mixed.transpose(1, 2).unflatten(2, x.shape[2:])

    def rotation_shape(self, x: Tensor) -> tuple[int, int, int, int]:
        """The shape of the random directions for a map; there are always an even number of buckets, at most 128."""
        length = x.shape[-2] * x.shape[-1]
        chunks = max(length // self.chunk, 1)
        return 1, self.conv_match[0].out_channels, self.rounds, min(chunks + chunks % 2, 128) // 2

    def _round(self, query: Tensor, key: Tensor, value: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """One hash round: mixed values n hw c, and the log of their total attention n hw."""
        length, chunk = query.shape[1], min(self.chunk, query.shape[1])
        projected = query @ directions
        code = torch.cat([projected, -projected], -1).argmax(-1)
        order = torch.argsort(code, dim=-1, stable=True)
        missing = -length % chunk
        chunks = torch.cat([order, order[:, length - missing :]], 1).unflatten(1, (-1, chunk))  # n m chunk, the end twice
        result, total = torch.empty_like(value), torch.empty_like(value[..., 0])
        for first in range(0, chunks.shape[1], CHUNKS_AT_ONCE):
            mixed, logs = _attend(query, key, value, chunks, first)
            target = order[:, first * chunk : first * chunk + mixed.shape[1]]
            kept = target.shape[1]  # without the repeated end
            result = result.scatter_(1, target[..., None].expand(-1, -1, value.shape[2]), mixed[:, :kept])
            total = total.scatter_(1, target, logs[:, :kept])
        return result, total


def _attend(query: Tensor, key: Tensor, value: Tensor, chunks: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Some chunks attend to themselves and their neighbours: mixed values n s*chunk c, log of the attention n s*chunk."""
    m = chunks.shape[1]
    here = torch.arange(first, min(first + CHUNKS_AT_ONCE, m), device=chunks.device)
    near = torch.stack([here, here - 1, here + 1], 1) % m  # s 3
    asked, seen = chunks[:, here], chunks[:, near].flatten(2)  # n s chunk, n s 3*chunk
    score = _rows(query, asked) @ _rows(key, seen).transpose(-2, -1)
    logs = torch.logsumexp(score, -1)
    mixed = torch.exp(score - logs[..., None]) @ _rows(value, seen)
    return mixed.flatten(1, 2), logs.flatten(1, 2)


def _rows(x: Tensor, at: Tensor) -> Tensor:
    """Rows of n l f at n s k -> n s k f."""
    return x.gather(1, at.flatten(1)[..., None].expand(-1, -1, x.shape[2])).unflatten(1, at.shape[1:])


class NLSN(nn.Module):
    """EDSR's large trunk with five sparse attention layers; the published size is 32 blocks of 256 features."""

    def __init__(self, scale: int, *, blocks: int = 32, features: int = 256, every: int = 8, draw: Draw | None = None) -> None:
        super().__init__()
        self.draw = draw or torch.randn
        self.sub_mean, self.add_mean = MeanShift(-1, 1.0), MeanShift(1, 1.0)
        self.head = nn.Sequential(conv(3, features))
        body: list[nn.Module] = [SparseAttention(features)]
        for number in range(1, blocks + 1):
            body.append(ResidualBlock(features, weight=0.1))
            if number % every == 0:
                body.append(SparseAttention(features))
        self.body = nn.ModuleList([*body, conv(features, features)])
        self.tail = Tail(scale, features, parts=8)

    def forward(self, lr: Tensor, draw: Draw | None = None) -> Tensor:
        """n x 3 x h x w to n x 3 x sh x sw, both 0..1. draw: makes the random directions of a shape."""
        draw = draw or self.draw
        head = self.head(self.sub_mean(lr))
        x = head
        for layer in self.body:
            x = layer(x, draw(layer.rotation_shape(x)).to(x)) if isinstance(layer, SparseAttention) else layer(x)
        return self.add_mean(self.tail(x + head))


class SeededDraw:
    """Random directions that depend on their shape alone, so that a network is a function of its input."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._known: dict[tuple[int, ...], Tensor] = {}

    def __call__(self, shape: tuple[int, ...]) -> Tensor:
        if shape not in self._known:
            generator = torch.Generator().manual_seed(self.seed + sum(n * 1009**i for i, n in enumerate(shape)) % 2**32)
            self._known[shape] = torch.randn(shape, generator=generator)
        return self._known[shape]


def _crop(height: int, width: int) -> tuple[int, int]:
    """The official chop's crop: half and 10 pixels, raised to the next multiple of 4 and 8, even from a multiple."""
    rows, columns = half_and_margin(height, width)
    return rows + 4 - rows % 4, columns + 8 - columns % 8


def _draw(rotations: Sequence[Tensor] | Tensor | None, generator: torch.Generator | None) -> Draw:
    """The given directions one after the other, or such as the generator draws."""
    if rotations is None:
        if generator is None:
            raise UserError("NLSN hashes in random directions: give a generator or rotations")
        return lambda shape: torch.randn(shape, generator=generator)
    remaining = iter(rotations if isinstance(rotations, Sequence | Tensor) else ())

    def draw(shape: tuple[int, ...]) -> Tensor:
        rotation = next(remaining, None)
        if not isinstance(rotation, Tensor) or tuple(rotation.shape) != shape:
            given = f"a rotation of shape {tuple(rotation.shape)}" if isinstance(rotation, Tensor) else "too few rotations"
            raise UserError(f"NLSN was given {given}: it needs five arrays of shape {shape} for each image or crop")
        return rotation

    return draw


def upscale(
    module: NLSN,
    lr: Tensor,
    *,
    scale: int,
    chop: bool = False,
    rotations: Sequence[Tensor] | Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    rotations: the random directions of the five attention layers in their order, each 1 x 64 x 4 x buckets / 2, and so for
    every crop; otherwise they are drawn from ``generator``. chop: as the official test run, in overlapping quarters, again
    while a crop has 120,000 pixels or more.
    """
    draw = _draw(rotations, generator)

    def enlarge(part: Tensor) -> Tensor:
        h, w = part.shape[2:]
        if h * w < (least := module.body[0].chunk):
            raise UserError(f"NLSN attends in chunks of {least} pixels and cannot take {h} x {w}: give at least 12 x 12")
        return module(part, draw)

    return in_quarters(enlarge, lr, scale=scale, limit=120_000, crop=_crop) if chop else enlarge(lr)


def build(variant: str, scale: int) -> NLSN:
    """A fresh network for 2x or 4x; there is one variant."""
    if variant or scale not in (2, 4):
        raise UserError(f"there is no NLSN '{variant}' at {scale}x: leave the variant empty and take scale 2 or 4")
    return NLSN(scale)

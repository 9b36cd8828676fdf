"""NLSN, 2x and 4x (Mei, Fan, Zhou: "Image Super-Resolution with Non-Local Sparse Attention", CVPR 2021).

RGB in 0..1, the DIV2K mean is subtracted first and added last, zero padding; images of at least 144 pixels. Every hash round
draws random directions. The official test run chops. Unlike the authors' code, ties are sorted stably, and chunks and hash
rounds are computed a few at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from .parts import EnlargedBySelf, Image, Map, ResidualBlock, ResidualNetwork, builder, conv
from .tiling import Enlarged, half_and_margin, in_quarters

Draw = Callable[[tuple[int, ...], Tensor], Tensor]
"""Makes random directions of a shape, of the type and on the device of a tensor."""
CHUNK = 144  # pixels
CHUNKS_AT_ONCE = 8  # their scores fit a processor's cache


class SparseAttention(nn.Module):
    """Pixels are hashed into buckets; those of similar hash attend to each other, in chunks and several hash rounds."""

    def __init__(self, features: int, *, chunk: int = CHUNK, rounds: int = 4, reduction: int = 4) -> None:
        super().__init__()
        self.chunk, self.rounds, self.reduced = chunk, rounds, features // reduction
        self.conv_match = nn.Sequential(conv(features, self.reduced))
        self.conv_assembly = nn.Sequential(conv(features, features, 1))

    def forward(self, x: Map, rotation: Float[Tensor, "1 {self.reduced} {self.rounds} directions"]) -> Map:
        """rotation: random directions, see `rotation_shape`."""
        query = self.conv_match(x).flatten(2).transpose(1, 2)  # n hw c'
        value = self.conv_assembly(x).flatten(2).transpose(1, 2)  # n hw c
        key = query / query.norm(dim=-1, keepdim=True).clamp(min=5e-5)
        mixed, total = self._round(query, key, value, rotation[0, :, 0])
        for k in range(1, self.rounds):
            result, weight = self._round(query, key, value, rotation[0, :, k])
            mixed = torch.lerp(mixed, result, torch.sigmoid(weight - total)[..., None])  # the rounds' softmax, one by one
            total = torch.logaddexp(total, weight)
        return x + 0.1 * mixed.transpose(1, 2).unflatten(2, x.shape[2:])

    def rotation_shape(self, x: Map) -> tuple[int, int, int, int]:
        """The shape of the random directions for a map, the last half the buckets: an even number, at most 128."""
        length = x.shape[-2] * x.shape[-1]
        chunks = max(length // self.chunk, 1)
        return 1, self.reduced, self.rounds, min(chunks + chunks % 2, 128) // 2

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
    own, seen = chunks[:, here], chunks[:, near].flatten(2)  # n s chunk, n s 3*chunk
    score = _rows(query, own) @ _rows(key, seen).transpose(-2, -1)
    logs = torch.logsumexp(score, -1)
    mixed = torch.exp(score - logs[..., None]) @ _rows(value, seen)
    return mixed.flatten(1, 2), logs.flatten(1, 2)


def _rows(x: Tensor, at: Tensor) -> Tensor:
    """Rows of n l f at n s k -> n s k f."""
    return x.gather(1, at.flatten(1)[..., None].expand(-1, -1, x.shape[2])).unflatten(1, at.shape[1:])


def _body(features: int, blocks: int, every: int) -> Iterator[nn.Module]:
    yield SparseAttention(features)
    for number in range(1, blocks + 1):
        yield ResidualBlock(features, weight=0.1)
        if number % every == 0:
            yield SparseAttention(features)


def fresh_draw(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Other directions at every call, from torch's global generator."""
    return torch.randn(shape).to(like)


class NLSN(ResidualNetwork):
    """EDSR's large trunk with five sparse attention layers; the published size is 32 blocks of 256 features.

    draw: makes the random directions when `forward` is called without a source of them.
    """

    def __init__(self, scale: int, *, blocks: int = 32, features: int = 256, every: int = 8, draw: Draw = fresh_draw) -> None:
        super().__init__(scale, features, _body(features, blocks, every), value_range=1.0, parts=8)
        self.draw = draw

    def forward(self, rgb: Image, draw: Draw | None = None) -> EnlargedBySelf:
        """0..1 in and out."""
        head = x = self.head(self.sub_mean(rgb))
        for layer in self.body:
            x = layer(x, (draw or self.draw)(layer.rotation_shape(x), x)) if isinstance(layer, SparseAttention) else layer(x)
        return self.add_mean(self.tail(x + head))


def seeded_draw(seed: int) -> Draw:
    """Random directions that depend on their shape alone, so that a network is a function of its input.

    They are kept where they were used: a recorded step (`training.recorded`) could not bring them from the CPU.
    """

    @cache
    def drawn(shape: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
        generator = torch.Generator().manual_seed(seed + sum(n * 1009**i for i, n in enumerate(shape)) % 2**32)
        with torch.inference_mode(False):  # kept for training too
            return torch.randn(shape, generator=generator).to(device, dtype)

    return lambda shape, like: drawn(shape, like.device, like.dtype)


def _crop(height: int, width: int) -> tuple[int, int]:
    """The official chop's crop: half and 10 pixels, raised to the next multiple of 4 and 8, even from a multiple."""
    rows, columns = half_and_margin(height, width)
    return rows + 4 - rows % 4, columns + 8 - columns % 8


def _draw(rotations: Any, generator: torch.Generator | None) -> Draw:
    """Hands out the given directions one after the other, or draws from the generator."""
    if rotations is None:
        if generator is None:
            raise UserError("NLSN hashes in random directions: give a generator or rotations")
        return lambda shape, like: torch.randn(shape, generator=generator).to(like)
    remaining = iter(rotations if isinstance(rotations, list | tuple | Tensor) else ())

    def draw(shape: tuple[int, ...], like: Tensor) -> Tensor:
        rotation = next(remaining, None)
        if not isinstance(rotation, Tensor) or tuple(rotation.shape) != shape:
            given = f"a rotation of shape {tuple(rotation.shape)}" if isinstance(rotation, Tensor) else "too few rotations"
            raise UserError(f"NLSN was given {given}: it needs five arrays of shape {shape} for each image or crop")
        return rotation.to(like)

    return draw


def upscale(module: NLSN, lr: Image, *, scale: int, chop: bool = False, rotations: Any = None, generator: torch.Generator | None = None) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    rotations: tensors with the random directions of the five attention layers in their order, each 1 x 64 x 4 x buckets / 2,
    and five more for every crop; otherwise they are drawn from ``generator``. chop: in overlapping quarters, repeatedly while
    a crop has 120,000 pixels or more, as in the official test run. Raises UserError for images of fewer than 144 pixels, for
    rotations of other shapes, and without any source of them.
    """
    draw = _draw(rotations, generator)

    def enlarge(part: Tensor) -> Tensor:
        h, w = part.shape[2:]
        if h * w < CHUNK:
            raise UserError(f"NLSN attends in chunks of {CHUNK} pixels and cannot take {h} x {w}: give at least 12 x 12")
        return module(part, draw)

    return in_quarters(enlarge, lr, scale=scale, limit=120_000, crop=_crop) if chop else enlarge(lr)


build = builder("NLSN", lambda _, scale: NLSN(scale), scales=(2, 4))

"""NLSN: Mei, Fan, Zhou, "Image Super-Resolution with Non-Local Sparse Attention", CVPR 2021.

Written from the paper and its published conventions; source repository HarukiYqM/Non-Local-Sparse-Attention (MIT text of
EDSR-PyTorch, no licence stated for the weights). BasicSR has no NLSN. Conventions: RGB in 0..1, the DIV2K mean is
subtracted first and added last, zero padding. Every hash round draws random directions; ties are sorted stably.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

MEAN = (0.4488, 0.4371, 0.4040)
Draw = Callable[[tuple[int, ...]], Tensor]


class Shift(nn.Conv2d):
    """A frozen 1x1 convolution that adds ``sign`` times the DIV2K mean."""

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, 1)
        with torch.no_grad():
            self.weight.copy_(torch.eye(3)[..., None, None])
            self.bias.copy_(sign * torch.tensor(MEAN))
        self.requires_grad_(False)


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution, times 0.1, plus the input."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(features, features, 3, padding=1), nn.ReLU(), nn.Conv2d(features, features, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.1 * self.body(x)


class SparseAttention(nn.Module):
    """Pixels are hashed into buckets; those of similar hash attend to each other, in chunks and several hash rounds."""

    def __init__(self, features: int, *, chunk: int = 144, rounds: int = 4, reduction: int = 4) -> None:
        super().__init__()
        self.chunk, self.rounds = chunk, rounds
        self.conv_match = nn.Sequential(nn.Conv2d(features, features // reduction, 3, padding=1))
        self.conv_assembly = nn.Sequential(nn.Conv2d(features, features, 1))

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """``rotation``: 1 x c' x rounds x buckets / 2, see `rotation_shape`."""
        n, c, h, w = x.shape
        query = self.conv_match(x).flatten(2).transpose(1, 2)  # n hw c'
        value = self.conv_assembly(x).flatten(2).transpose(1, 2)  # n hw c
        results, weights = [], []
        for k in range(self.rounds):
            result, weight = self._round(query, value, rotation[0, :, k])
            results.append(result)
            weights.append(weight)
        share = torch.softmax(torch.stack(weights), 0)  # rounds n hw
        mixed = (torch.stack(results) * share[..., None]).sum(0)
        return x + 0.1 * mixed.transpose(1, 2).reshape(n, c, h, w)

    def rotation_shape(self, x: Tensor) -> tuple[int, int, int, int]:
        """The shape of the random directions for a map; there are always an even number of buckets, at most 128."""
        length = x.shape[-2] * x.shape[-1]
        chunks = max(length // self.chunk, 1)
        return 1, self.conv_match[0].out_channels, self.rounds, min(chunks + chunks % 2, 128) // 2

    def _round(self, query: Tensor, value: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """One hash round: mixed values n hw c, and the log of their total attention n hw."""
        projected = query @ directions
        code = torch.cat([projected, -projected], -1).argmax(-1)
        order = torch.argsort(code, dim=-1, stable=True)
        back = torch.argsort(order, dim=-1, stable=True)
        query, value = _rows(query, order), _rows(value, order)
        key = query / query.norm(dim=-1, keepdim=True).clamp(min=5e-5)
        chunk, length = min(self.chunk, query.shape[1]), query.shape[1]
        query, key, value = (_chunks(t, chunk) for t in (query, key, value))  # n m chunk features
        key, value = (torch.cat([t, t.roll(1, 1), t.roll(-1, 1)], 2) for t in (key, value))
        score = query @ key.transpose(-2, -1)  # n m chunk 3*chunk
        total = torch.logsumexp(score, -1)
        mixed = torch.exp(score - total[..., None]) @ value
        mixed, total = mixed.flatten(1, 2)[:, :length], total.flatten(1, 2)[:, :length]
        return _rows(mixed, back), total.gather(1, back)


def _rows(x: Tensor, order: Tensor) -> Tensor:
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[-1]))


def _chunks(x: Tensor, chunk: int) -> Tensor:
    """n l f -> n m chunk f; the end is padded with a copy of the last rows."""
    missing = -x.shape[1] % chunk
    if missing:
        x = torch.cat([x, x[:, -missing:]], 1)
    return x.reshape(x.shape[0], -1, chunk, x.shape[-1])


class NLSN(nn.Module):
    """EDSR's large trunk with five sparse attention layers; the published size is 32 blocks of 256 features."""

    def __init__(self, scale: int, *, blocks: int = 32, features: int = 256, every: int = 8, draw: Draw | None = None) -> None:
        super().__init__()
        self.draw = draw or torch.randn
        self.sub_mean, self.add_mean = Shift(-1), Shift(1)
        self.head = nn.Sequential(nn.Conv2d(3, features, 3, padding=1))
        body: list[nn.Module] = [SparseAttention(features)]
        for number in range(1, blocks + 1):
            body.append(ResidualBlock(features))
            if number % every == 0:
                body.append(SparseAttention(features))
        self.body = nn.ModuleList([*body, nn.Conv2d(features, features, 3, padding=1)])
        steps = [(nn.Conv2d(features, 4 * features, 3, padding=1), nn.PixelShuffle(2)) for _ in range(scale // 2)]
        up = nn.Sequential(*(module for step in steps for module in step))
        self.tail = nn.ModuleList([up, nn.Conv2d(features, 3, 3, padding=1)])

    def forward(self, lr: Tensor) -> Tensor:
        head = self.head(self.sub_mean(lr))
        x = head
        for layer in self.body:
            x = layer(x, self.draw(layer.rotation_shape(x)).to(x)) if isinstance(layer, SparseAttention) else layer(x)
        return self.add_mean(self.tail[1](self.tail[0](x + head)))  # n c h w -> n 3 sh sw


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

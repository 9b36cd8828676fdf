"""Narrow members of the five custom families: the same building blocks at 16 channels, 14 to 37 thousand parameters.

They end as the published designs do, in a sub-pixel step (Shi et al. 2016) and a convolution at HR size, and depart from them in one
way, which makes training possible in minutes on a CPU: the network adds its output to the bicubic enlargement of its input.
The modules named after the families cite their papers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .parts import EnlargedBySelf, Image, Map, Skip, conv

CHANNELS = 16
Features = Float[Tensor, "n 16 h w"]


def bicubic(lr: Float[Tensor, "n c h w"], scale: int) -> Float[Tensor, "n c {scale}*h {scale}*w"]:
    """Enlarge by an integer scale with the bicubic kernel a = -0.5 (Keys 1981)."""
    # torch takes a = -0.75 unless antialias is on; for enlargement antialias changes nothing else.
    return F.interpolate(lr, scale_factor=scale, mode="bicubic", antialias=True)


def small_start(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer, its weights scaled down and no bias: a network starts close to bicubic, so that short trainings stay above it."""
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.get_parameter("bias").zero_()
    return layer


class SubPixelNetwork(nn.Module):
    """The frame of every narrow network: body, sub-pixel step to 8 channels, convolution to RGB, plus the bicubic enlargement; 0..1 in and out."""

    def __init__(self, body: Callable[[], nn.Module], scale: int) -> None:
        super().__init__()
        self.scale, self.body = scale, body()
        self.up = conv(CHANNELS, CHANNELS // 2 * scale**2)
        self.last = small_start(conv(CHANNELS // 2, 3))

    def forward(self, lr: Image) -> EnlargedBySelf:
        features = F.pixel_shuffle(self.up(self.body(lr - 0.5)), self.scale)  # n 16 h w -> n 8 sh sw
        return bicubic(lr, self.scale) + self.last(features)


# In the functions below, the order in which layers are made is that of their random draws: trained networks depend on it.


def block(*attention: Callable[[], nn.Module]) -> Skip:
    """EDSR's block; with attention behind it, RCAN's."""
    return Skip(conv(CHANNELS, CHANNELS), nn.ReLU(), conv(CHANNELS, CHANNELS), *(make() for make in attention))


def _edsr() -> nn.Module:
    blocks = [block(), block()]
    return nn.Sequential(conv(3, CHANNELS), Skip(*blocks, conv(CHANNELS, CHANNELS)))


class DenseBlock(nn.Module):
    """RDN's block: three dense convolutions of growth 8, fused by a 1x1 convolution, plus the input."""

    def __init__(self, growth: int = 8, layers: int = 3) -> None:
        super().__init__()
        self.layers = nn.ModuleList(conv(CHANNELS + growth * i, growth) for i in range(layers))
        self.fusion = conv(CHANNELS + growth * layers, CHANNELS, 1)

    def forward(self, x: Map) -> Map:
        dense = x
        for layer in self.layers:
            dense = torch.cat([dense, F.relu(layer(dense))], 1)  # n c h w -> n c+8 h w
        return x + self.fusion(dense)


class NarrowRDN(nn.Module):
    """Two dense blocks, both outputs fused, plus the shallow features."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = conv(3, CHANNELS), conv(CHANNELS, CHANNELS)
        self.blocks = nn.ModuleList([DenseBlock(), DenseBlock()])
        self.fusion = nn.Sequential(conv(2 * CHANNELS, CHANNELS, 1), conv(CHANNELS, CHANNELS))

    def forward(self, x: Image) -> Features:
        shallow = self.first(x)
        x = self.blocks[0](self.second(shallow))
        return shallow + self.fusion(torch.cat([x, self.blocks[1](x)], 1))


class ChannelAttention(nn.Module):
    """Weights the channels by a gate on their means over the image."""

    def __init__(self, reduced: int = 4) -> None:
        super().__init__()
        self.squeeze, self.excite = conv(CHANNELS, reduced, 1), conv(reduced, CHANNELS, 1)

    def forward(self, x: Map) -> Map:
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(self.statistics(x)))))

    def statistics(self, x: Map) -> Float[Tensor, "n c 1 1"]:
        """What the gate sees of each channel."""
        return x.mean((2, 3), keepdim=True)


def _rcan() -> nn.Module:
    def group() -> Skip:
        return Skip(block(ChannelAttention), conv(CHANNELS, CHANNELS))

    return nn.Sequential(conv(3, CHANNELS), Skip(group(), group(), conv(CHANNELS, CHANNELS)))


class SwinLayer(nn.Module):
    """Self-attention in 4 x 4 windows with relative position bias, then an MLP; the second layer shifts by 2 pixels."""

    def __init__(self, shift: int, window: int = 4, heads: int = 2) -> None:
        super().__init__()
        self.shift, self.window, self.heads = shift, window, heads
        self.norm1, self.norm2 = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.qkv, self.project = nn.Linear(CHANNELS, 3 * CHANNELS), nn.Linear(CHANNELS, CHANNELS)
        self.mlp = nn.Sequential(nn.Linear(CHANNELS, 2 * CHANNELS), nn.GELU(), nn.Linear(2 * CHANNELS, CHANNELS))
        self.position_bias = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        at = torch.stack([rows.flatten(), columns.flatten()])
        relative = at[:, :, None] - at[:, None, :] + window - 1  # 2 16 16
        self.register_buffer("position", relative[0] * (2 * window - 1) + relative[1], persistent=False)

    def forward(self, x: Float[Tensor, "n h w c"]) -> Float[Tensor, "n h w c"]:
        x = x + self._attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))

    def _attention(self, x: Tensor) -> Tensor:
        n, h, w, c = x.shape
        k, rolled = self.window, torch.roll(x, (-self.shift, -self.shift), (1, 2))
        windows = rolled.reshape(n, h // k, k, w // k, k, c).transpose(2, 3).reshape(-1, k * k, c)
        q, key, value = self.qkv(windows).reshape(-1, k * k, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.position_bias[self.position.flatten()].reshape(k * k, k * k, self.heads).permute(2, 0, 1)
        weights = torch.softmax(q @ key.transpose(-2, -1) * (c // self.heads) ** -0.5 + bias, -1)
        mixed = (weights @ value).transpose(1, 2).reshape(-1, k * k, c)
        mixed = self.project(mixed).reshape(n, h // k, w // k, k, k, c).transpose(2, 3).reshape(n, h, w, c)
        return torch.roll(mixed, (self.shift, self.shift), (1, 2))


class NarrowSwinIR(nn.Module):
    """One residual group of two Swin layers. Sizes that are no multiple of the window are padded by replication."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv(3, CHANNELS)
        self.layers = nn.Sequential(SwinLayer(0), SwinLayer(2))
        self.group, self.norm, self.after = conv(CHANNELS, CHANNELS), nn.LayerNorm(CHANNELS), conv(CHANNELS, CHANNELS)

    def forward(self, x: Image) -> Features:
        h, w = x.shape[-2:]
        if h % 4 or w % 4:
            x = F.pad(x, (0, -w % 4, 0, -h % 4), mode="replicate")
        shallow = self.first(x)
        deep = self.layers(shallow.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # n c h w -> n h w c and back
        deep = shallow + self.group(deep)
        deep = self.norm(deep.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return (shallow + self.after(deep))[..., :h, :w]


class SparseAttention(nn.Module):
    """Pixels are hashed into 8 buckets and sorted by bucket; each chunk of 24 attends to itself and its neighbours."""

    def __init__(self, reduced: int = 8, chunk: int = 24) -> None:
        super().__init__()
        self.chunk = chunk
        self.match, self.value = conv(CHANNELS, reduced), conv(CHANNELS, CHANNELS, 1)
        # The published code draws new directions for every image; fixed ones make a network a function of its input.
        directions = torch.randn(reduced, 4, generator=torch.Generator().manual_seed(20220101))
        self.register_buffer("directions", directions, persistent=False)

    def forward(self, x: Map) -> Map:
        n, c, h, w = x.shape
        query = self.match(x).flatten(2).transpose(1, 2)  # n hw 8
        value = self.value(x).flatten(2).transpose(1, 2)  # n hw c
        key = F.normalize(query, dim=-1, eps=5e-5)
        projected = key @ self.directions
        code = torch.cat([projected, -projected], -1).argmax(-1)  # n hw
        order = torch.argsort(code, dim=-1, stable=True)
        mixed = self._attend(*(_rows(t, order) for t in (query, key, value)))
        back = _rows(mixed, torch.argsort(order, dim=-1, stable=True))
        return x + 0.1 * back.transpose(1, 2).reshape(n, c, h, w)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        length = query.shape[1]
        chunk = min(self.chunk, length)
        query, key, value = (_chunks(t, chunk) for t in (query, key, value))  # n m chunk features
        key, value = (torch.cat([t, t.roll(1, 1), t.roll(-1, 1)], 2) for t in (key, value))
        weights = torch.softmax(query @ key.transpose(-2, -1), -1)
        return (weights @ value).flatten(1, 2)[:, :length]


def _rows(x: Tensor, order: Tensor) -> Tensor:
    """The rows of n x l x f in the given order (n x l)."""
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[-1]))


def _chunks(x: Tensor, chunk: int) -> Tensor:
    """n l f -> n m chunk f, the end padded with copies of the last row."""
    missing = -x.shape[1] % chunk
    if missing:
        x = torch.cat([x, x[:, -1:].expand(-1, missing, -1)], 1)
    return x.reshape(x.shape[0], -1, chunk, x.shape[-1])


def _nlsn() -> nn.Module:
    residual = block()
    body = Skip(SparseAttention(), residual, SparseAttention(), conv(CHANNELS, CHANNELS))
    return nn.Sequential(conv(3, CHANNELS), body)


BODIES: dict[str, Callable[[int], nn.Module]] = {
    name: partial(SubPixelNetwork, body)
    for name, body in {"EDSR": _edsr, "RDN": NarrowRDN, "RCAN": _rcan, "SwinIR": NarrowSwinIR, "NLSN": _nlsn}.items()
}

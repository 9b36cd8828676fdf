"""SwinIR, 2x and 4x (Liang, Cao, Sun, Zhang, Van Gool, Timofte: "SwinIR: Image Restoration Using Swin Transformer", ICCV
Workshops 2021, arXiv 2108.10257): self-attention in 8 x 8 windows, every second time in windows shifted by 4.

RGB in 0..1; the mean colour is subtracted and added inside; zero padding in convolutions. Images are extended to multiples of
8, see `upscale`. Masks and index tables are in the files; they follow from their definition. Unlike the authors' code, windows
are gathered by index, a few at a time, in place of rolling and reordering whole maps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..common.errors import UserError
from .checks import check_variant
from .parts import MEAN, Enlarged, EnlargedBySelf, Image, conv, named, slope, upsampler
from .tiling import in_strips, upscale_padded

WINDOW, SHIFT = 8, 4
AT_ONCE = 64  # windows that are computed together: their maps fit a processor's cache
Place = tuple[Tensor, Tensor | None]
"""See `places`."""


@dataclass(frozen=True)
class Size:
    """side: of the training patches, whose masks are in the file; real: the network for real photographs."""

    side: int
    groups: int = 6
    features: int = 180
    heads: int = 6
    real: bool = False
    three_convolutions: bool = False


SIZES = {
    "DIV2K": Size(48), "DF2K": Size(64), "M": Size(64, real=True),
    "L": Size(64, 9, 240, 8, real=True, three_convolutions=True),
}  # fmt: skip


def windows(x: Int[Tensor, "n h w"]) -> Int[Tensor, "n h//8 w//8 64"]:
    """The pixels of every window."""
    return x.unflatten(2, (-1, WINDOW)).unflatten(1, (-1, WINDOW)).transpose(2, 3).flatten(3)


def bands(h: int, w: int) -> Int[Tensor, "{h} {w}"]:
    """A shifted map's nine parts, each with its label: where they meet, only the shift made pixels neighbours."""

    def along(side: int) -> Tensor:
        at = torch.arange(side)
        return (at >= side - WINDOW).int() + (at >= side - SHIFT).int()

    return 3 * along(h)[:, None] + along(w)


def mask(labels: Int[Tensor, "windows 64"]) -> Float[Tensor, "windows 64 64"]:
    """What keeps pixels of different labels in a window apart: -100, otherwise 0."""
    return -100.0 * (labels[:, :, None] != labels[:, None, :])


def places(x: Float[Tensor, "n h w c"], *, shifted: bool) -> list[Place]:
    """Where the pixels of the windows lie in a map, some windows at a time: windows x 64, and their mask if they need one.

    Only the windows that shifting fills from two sides of the map need one: its last row and column.
    """
    n, h, w, _ = x.shape
    at = torch.arange(n * h * w, device=x.device).view(n, h, w)
    if not shifted:
        return [(part, None) for part in windows(at).flatten(0, 2).split(AT_ONCE)]
    at, labels = windows(at.roll((-SHIFT, -SHIFT), (1, 2))), windows(bands(h, w).to(x.device).expand(n, h, w))
    inner = at[:, :-1, :-1].flatten(0, 2).split(AT_ONCE)
    edge, labels = (torch.cat([m[:, -1], m[:, :-1, -1]], 1).flatten(0, 1).split(AT_ONCE) for m in (at, labels))
    return [
        *((part, None) for part in inner if len(part)),
        *((part, mask(label).to(x.dtype)) for part, label in zip(edge, labels, strict=True)),
    ]


def relative_index() -> Int[Tensor, "64 64"]:
    """For two positions of a window, where their bias lies in the table of 15 x 15 offsets."""
    row, column = torch.arange(WINDOW**2).div(WINDOW, rounding_mode="floor"), torch.arange(WINDOW**2) % WINDOW
    down, right = row[:, None] - row + WINDOW - 1, column[:, None] - column + WINDOW - 1
    return down * (2 * WINDOW - 1) + right


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer on windows x 8 x 8 x c; on a CPU a convolution (oneDNN) is up to 1.5 times faster at these sizes."""
    if x.device.type != "cpu":
        return layer(x)
    return F.conv2d(x.permute(0, 3, 1, 2), layer.weight[..., None, None], layer.bias).permute(0, 2, 3, 1)


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows, with a learned bias for every offset."""

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        self.register_buffer("relative_position_index", relative_index())
        self.qkv, self.proj = nn.Linear(features, 3 * features), nn.Linear(features, features)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def bias(self) -> Float[Tensor, "1 {self.heads} 64 64"]:
        return self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)[None].contiguous()

    def forward(self, x: Float[Tensor, "n 8 8 c"], bias: Float[Tensor, "#n {self.heads} 64 64"]) -> Float[Tensor, "n 8 8 c"]:
        parts = _linear(self.qkv, x).flatten(1, 2).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # windows heads 64 c'
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return _linear(self.proj, mixed.transpose(1, 2).reshape(x.shape))


class MLP(nn.Module):
    """Two linear layers with GELU between them."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(features, 2 * features), nn.Linear(2 * features, features)

    def forward(self, x: Float[Tensor, "n 8 8 c"]) -> Float[Tensor, "n 8 8 c"]:
        return _linear(self.fc2, F.gelu(_linear(self.fc1, x)))


class Layer(nn.Module):
    """Attention and MLP, each behind a normalisation and with a skip."""

    def __init__(self, size: Size, *, shifted: bool) -> None:
        super().__init__()
        self.shifted = shifted
        if shifted:
            labels = windows(bands(size.side, size.side)[None]).flatten(0, 2)
            self.register_buffer("attn_mask", mask(labels))  # of the patches; others are computed
        self.norm1, self.norm2 = nn.LayerNorm(size.features), nn.LayerNorm(size.features)
        self.attn, self.mlp = WindowAttention(size.features, size.heads), MLP(size.features)

    def forward(self, x: Float[Tensor, "pixels c"], at: list[Place]) -> None:
        """x is overwritten some windows at a time: their maps stay in the cache, and no other map is as large as x."""
        bias = self.attn.bias()
        for pixels, apart in at:
            part = x[pixels].unflatten(1, (WINDOW, WINDOW))  # windows 8 8 c
            part = self.attn(self.norm1(part), bias if apart is None else bias + apart[:, None]).add_(part)
            part = self.mlp(self.norm2(part)).add_(part)
            x.index_copy_(0, pixels.flatten(), part.flatten(0, 2))


def _connection(size: Size) -> nn.Module:
    """One convolution, or three with a quarter of the channels between them."""
    c = size.features
    if not size.three_convolutions:
        return conv(c, c)
    return nn.Sequential(conv(c, c // 4), slope(), conv(c // 4, c // 4, 1), slope(), conv(c // 4, c))


def _on_channels(layer: nn.Module, x: Tensor) -> Tensor:
    """A convolution on a map with channels last."""
    return layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Layers(nn.Module):
    """Six layers, every second one with shifted windows."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Layer(size, shifted=bool(i % 2)) for i in range(6))


class Group(nn.Module):
    """Layers and a convolution, plus the input."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.residual_group = Layers(size)
        self.conv = _connection(size)

    def forward(self, x: Float[Tensor, "n h w c"], at: tuple[list[Place], list[Place]]) -> Float[Tensor, "n h w c"]:
        """at: `places` of the windows, and of the shifted ones."""
        mixed = x.flatten(0, 2).clone()  # pixels c
        for i, layer in enumerate(self.residual_group.blocks):
            layer(mixed, at[i % 2])
        return _on_channels(self.conv, mixed.view(x.shape)).add_(x)


class SwinIR(nn.Module):
    """Shallow convolution, groups of attention layers, enlargement."""

    def __init__(self, size: Size, scale: int, *, features: int = 64) -> None:
        super().__init__()
        c, self.real, self.scale = size.features, size.real, scale
        self.conv_first = conv(3, c)
        self.patch_embed = named(norm=nn.LayerNorm(c))
        self.layers = nn.ModuleList(Group(size) for _ in range(size.groups))
        self.norm = nn.LayerNorm(c)
        self.conv_after_body = _connection(size)
        self.conv_before_upsample = nn.Sequential(conv(c, features), nn.LeakyReLU(inplace=True))
        if self.real:
            self.conv_up1, self.conv_up2, self.conv_hr = (conv(features, features) for _ in range(3))
        else:
            self.upsample = upsampler(scale, features)
        self.conv_last = conv(features, 3)

    def forward(self, rgb: Image) -> EnlargedBySelf:
        """0..1 in and out; h and w are multiples of 8."""
        mean = rgb.new_tensor(MEAN)[:, None, None]
        shallow = self.conv_first(rgb - mean)
        x = self.patch_embed(shallow.permute(0, 2, 3, 1))  # n h w c
        at = places(x, shifted=False), places(x, shifted=True)
        for group in self.layers:
            x = group(x, at)
        x = shallow + self.conv_after_body(self.norm(x).permute(0, 3, 1, 2))  # n c h w
        x = self.conv_before_upsample(x)  # n features h w
        return mean + in_strips(self._enlarge, x, margin=2, pixels=10_000)

    def _enlarge(self, x: Tensor) -> Tensor:
        """A row sees at most 1 + 1/2 + 1/4 LR rows to either side."""
        if not self.real:
            return self.conv_last(self.upsample(x))
        for layer in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(layer(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2, inplace=True)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2, inplace=True))


def _mirrored(lr: Tensor, axis: int) -> Tensor:
    """Extended by its mirror image, the edge pixel repeated, to the next multiple of 8: by 8 if it is one already."""
    side = lr.shape[axis]
    return torch.cat([lr, lr.flip(axis)], axis).narrow(axis, 0, min(2 * side, (side // WINDOW + 1) * WINDOW))


def upscale(module: Callable[[Tensor], Tensor], lr: Image, *, scale: int, bare: bool = False) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    As in the official script the image is first extended by its mirror image, always by at least a pixel. bare: only as in the
    official network, to multiples of 8 by reflection (without the edge pixel) where needed. Raises UserError for sides too
    small for that: below 3, bare below 5.
    """
    h, w = lr.shape[2:]
    x = lr if bare else _mirrored(_mirrored(lr, 2), 3)
    if any(-side % WINDOW >= side for side in x.shape[2:]):
        raise UserError(f"SwinIR cannot extend {h} x {w} pixels to its windows: give sides of at least {5 if bare else 3}")
    return upscale_padded(module, x, scale=scale, multiple=WINDOW)[..., : scale * h, : scale * w]


def build(variant: str, scale: int) -> SwinIR:
    """A fresh network: "DIV2K" or "DF2K" (classical, 2x and 4x), "M" or "L" (for real photographs, 4x)."""
    check_variant("SwinIR", variant, scale, scales=(4,) if variant in ("M", "L") else (2, 4), variants=SIZES)
    return SwinIR(SIZES[variant], scale)

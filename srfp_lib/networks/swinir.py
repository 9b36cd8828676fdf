"""SwinIR, 2x and 4x (Liang, Cao, Sun, Zhang, Van Gool, Timofte: "SwinIR: Image Restoration Using Swin Transformer", ICCV
Workshops 2021, arXiv 2108.10257): self-attention in 8 x 8 windows, every second time in windows shifted by 4.

Source: github.com/JingyunLiang/SwinIR. Licence of the code: Apache-2.0; of the weights: not stated (release assets).
Written from the paper and from the facts of the published files, not from that code.

Conventions: RGB in 0..1 in and out; the mean colour is taken off and added inside; zero padding in convolutions. Images
are extended to multiples of 8, see `upscale`. Masks and index tables are in the files; they follow from their definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UserError
from .parts import MEAN, conv, slope, upsampler
from .tiling import in_strips

WINDOW, SHIFT = 8, 4
AT_ONCE = 128  # windows whose attention is computed together: their scores fit a processor's cache


@dataclass(frozen=True)
class Size:
    """side: of the training patches, which the masks in the file are for; real: the network for real photographs."""

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


def windows(x: Tensor) -> Tensor:
    """n h w c -> n*windows 64 c."""
    n, h, w, c = x.shape
    x = x.reshape(n, h // WINDOW, WINDOW, w // WINDOW, WINDOW, c)
    return x.transpose(2, 3).reshape(-1, WINDOW**2, c)


def joined(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """n*windows 64 c -> n h w c, the inverse of `windows`."""
    n, h, w, c = shape
    return x.reshape(n, h // WINDOW, w // WINDOW, WINDOW, WINDOW, c).transpose(2, 3).reshape(shape)


def shift_mask(h: int, w: int) -> Tensor:
    """What keeps pixels apart that only the shift brought into one window: windows x 64 x 64, -100 or 0."""

    def bands(side: int) -> Tensor:
        at = torch.arange(side)
        return (at >= side - WINDOW).int() + (at >= side - SHIFT).int()

    labels = windows((3 * bands(h)[:, None] + bands(w))[None, ..., None])[..., 0]  # windows 64
    return -100.0 * (labels[:, :, None] != labels[:, None, :])


def relative_index() -> Tensor:
    """For two positions of a window, where their bias lies in the table of 15 x 15 offsets: 64 x 64."""
    row, column = torch.arange(WINDOW**2).div(WINDOW, rounding_mode="floor"), torch.arange(WINDOW**2) % WINDOW
    down, right = row[:, None] - row + WINDOW - 1, column[:, None] - column + WINDOW - 1
    return down * (2 * WINDOW - 1) + right


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows, with a learned bias for every offset."""

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        self.register_buffer("relative_position_index", relative_index())
        self.qkv, self.proj = nn.Linear(features, 3 * features), nn.Linear(features, features)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """windows x 64 x c, and a mask of windows x 64 x 64 for shifted ones. In slices, which changes no number."""
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)  # heads 64 64
        masks = [None] * len(x) if mask is None else mask.split(AT_ONCE)
        return torch.cat([self._attend(part, bias, m) for part, m in zip(x.split(AT_ONCE), masks, strict=False)])

    def _attend(self, x: Tensor, bias: Tensor, mask: Tensor | None) -> Tensor:
        query, key, value = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # windows heads 64 c'
        score = (query * query.shape[-1] ** -0.5) @ key.transpose(2, 3) + bias
        if mask is not None:
            score += mask[:, None]
        mixed = torch.softmax(score, -1) @ value
        return self.proj(mixed.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """Two linear layers with GELU between them."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(features, 2 * features), nn.Linear(2 * features, features)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Layer(nn.Module):
    """Attention and MLP, each behind a normalisation and with a skip."""

    def __init__(self, size: Size, *, shifted: bool) -> None:
        super().__init__()
        self.shifted = shifted
        if shifted:
            self.register_buffer("attn_mask", shift_mask(size.side, size.side))  # of the patches; others are computed
        self.norm1, self.norm2 = nn.LayerNorm(size.features), nn.LayerNorm(size.features)
        self.attn, self.mlp = WindowAttention(size.features, size.heads), MLP(size.features)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """n h w c; mask as of `shift_mask` for that map."""
        mixed = self.norm1(x)  # one name after the other, so that at most three such maps are there at a time
        if self.shifted:
            mixed = mixed.roll((-SHIFT, -SHIFT), (1, 2))
        mixed = windows(mixed)
        mixed = self.attn(mixed, mask if self.shifted else None)
        mixed = joined(mixed, tuple(x.shape))
        if self.shifted:
            mixed = mixed.roll((SHIFT, SHIFT), (1, 2))
        x = x + mixed
        del mixed
        return torch.cat([self.mlp(self.norm2(rows)) for rows in x.split(16, 1)], 1).add_(x)


def _connection(size: Size) -> nn.Module:
    """One convolution, or three with a quarter of the channels between them."""
    c = size.features
    if not size.three_convolutions:
        return conv(c, c)
    return nn.Sequential(conv(c, c // 4), slope(), conv(c // 4, c // 4, 1), slope(), conv(c // 4, c))


def _on_channels(layer: nn.Module, x: Tensor) -> Tensor:
    """A convolution on a map with channels last."""
    return layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Group(nn.Module):
    """Six layers and a convolution, plus the input: n h w c."""

    def __init__(self, size: Size, layers: int = 6) -> None:
        super().__init__()
        self.residual_group = nn.Module()
        self.residual_group.blocks = nn.ModuleList(Layer(size, shifted=bool(i % 2)) for i in range(layers))
        self.conv = _connection(size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        mixed = x
        for layer in self.residual_group.blocks:
            mixed = layer(mixed, mask)
        return x + _on_channels(self.conv, mixed)


class SwinIR(nn.Module):
    """Shallow convolution, groups of attention layers, enlargement."""

    def __init__(self, size: Size, scale: int, *, features: int = 64) -> None:
        super().__init__()
        c, self.real = size.features, size.real
        self.conv_first = conv(3, c)
        self.patch_embed = nn.Module()
        self.patch_embed.norm = nn.LayerNorm(c)
        self.layers = nn.ModuleList(Group(size) for _ in range(size.groups))
        self.norm = nn.LayerNorm(c)
        self.conv_after_body = _connection(size)
        self.conv_before_upsample = nn.Sequential(conv(c, features), nn.LeakyReLU(inplace=True))
        if self.real:
            self.conv_up1, self.conv_up2, self.conv_hr = (conv(features, features) for _ in range(3))
        else:
            self.upsample = upsampler(scale, features)
        self.conv_last = conv(features, 3)

    def forward(self, rgb: Tensor) -> Tensor:
        """n x 3 x h x w to n x 3 x sh x sw, both 0..1; h and w are multiples of 8."""
        mean = rgb.new_tensor(MEAN)[:, None, None]
        shallow = self.conv_first(rgb - mean)
        x = self.patch_embed.norm(shallow.permute(0, 2, 3, 1))  # n h w c
        mask = shift_mask(*rgb.shape[2:]).to(rgb).repeat(len(rgb), 1, 1)
        for group in self.layers:
            x = group(x, mask)
        x = shallow + self.conv_after_body(self.norm(x).permute(0, 3, 1, 2))  # n c h w
        return mean + in_strips(self._enlarge, x, margin=3, pixels=20_000)  # n 3 sh sw

    def _enlarge(self, x: Tensor) -> Tensor:
        x = self.conv_before_upsample(x)
        if not self.real:
            return self.conv_last(self.upsample(x))
        for layer in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(layer(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2, inplace=True)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2, inplace=True))


def _mirrored(lr: Tensor, axis: int) -> Tensor:
    """Extended by its mirror image, the edge pixel repeated, to the next multiple of 8: by 8 if it is one already."""
    side = lr.shape[axis]
    return torch.cat([lr, lr.flip(axis)], axis).narrow(axis, 0, min(2 * side, (side // WINDOW + 1) * WINDOW))


def upscale(module: SwinIR, lr: Tensor, *, scale: int, bare: bool = False) -> Tensor:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped.

    As the official script the image is first extended by its mirror image, always by at least a pixel; bare: only what the
    network does itself, extending to multiples of 8 by reflection (without the edge pixel) where needed.
    """
    h, w = lr.shape[2:]
    x = lr if bare else _mirrored(_mirrored(lr, 2), 3)
    down, right = -x.shape[2] % WINDOW, -x.shape[3] % WINDOW
    if down >= x.shape[2] or right >= x.shape[3]:
        raise UserError(f"SwinIR cannot extend {h} x {w} pixels to its windows: give sides of at least {5 if bare else 3}")
    return module(F.pad(x, (0, right, 0, down), mode="reflect"))[..., : scale * h, : scale * w]


def build(variant: str, scale: int) -> SwinIR:
    """A fresh network: "DIV2K" or "DF2K" (classical, 2x and 4x), "M" or "L" (for real photographs, 4x)."""
    size = SIZES.get(variant)
    if size is None or scale not in ((4,) if size.real else (2, 4)):
        raise UserError(f"there is no SwinIR '{variant}' at {scale}x: take DIV2K or DF2K at 2x or 4x, M or L at 4x")
    return SwinIR(size, scale)

"""SwinIR, 2x and 4x (Liang, Cao, Sun, Zhang, Van Gool, Timofte: "SwinIR: Image Restoration Using Swin Transformer", ICCV
Workshops 2021, arXiv 2108.10257): self-attention in 8 x 8 windows, every second time in windows shifted by 4.

BasicSR's network, with a forward pass of its own that computes a few windows at a time, gathered by index, where BasicSR rolls
and reorders whole maps: at 4x 1.4 times as fast at 120 x 80 pixels, and at 480 x 320 2.4 times as fast in a third of the memory
(`benchmarks/twice.csv`).

RGB in 0..1; the mean colour is subtracted and added inside; zero padding in convolutions. Images are extended to multiples of
8, see `upscale`. Masks and index tables are in the files; they follow from their definition.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..common.errors import UserError
from . import _basicsr
from .parts import Image, check_variant
from .tiling import Enlarged, in_strips, upscale_padded

ARCH = _basicsr.load("archs.swinir_arch")
WINDOW, SHIFT = 8, 4
AT_ONCE = 64  # windows that are computed together: their maps fit a processor's cache
Windows = Float[Tensor, "n 8 8 c"]
Place = tuple[Int[Tensor, "_ 64"], Float[Tensor, "_ 64 64"] | None]
"""Where the pixels of some windows lie in a map, and what keeps pixels apart that only the shift made neighbours: -100 or 0."""


def settings(scale: int, *, side: int, groups: int = 6, features: int = 180, heads: int = 6, **further: Any) -> dict[str, Any]:
    """Arguments of BasicSR's class. side: of the training patches, whose masks are in the file; further: replaces defaults."""
    return {
        "upscale": scale, "img_size": side, "window_size": WINDOW, "depths": (6,) * groups, "embed_dim": features,
        "num_heads": (heads,) * groups, "mlp_ratio": 2, "drop_path_rate": 0.0, "upsampler": "pixelshuffle",
    } | further  # fmt: skip


REAL = {"side": 64, "upsampler": "nearest+conv"}
VARIANTS: dict[str, dict[str, Any]] = {
    "DIV2K": {"side": 48}, "DF2K": {"side": 64}, "M": REAL,
    "L": REAL | {"groups": 9, "features": 240, "heads": 8, "resi_connection": "3conv"},
}  # fmt: skip


def places(x: Float[Tensor, "n c h w"], shifted: Any = None) -> list[Place]:
    """All windows of a map, some at a time.

    shifted: a layer with shifted windows. Only those windows need a mask that shifting fills from two sides of the map: its
    last row and column.
    """
    n, _, h, w = x.shape
    grid = n, h // WINDOW, w // WINDOW
    pixels = torch.arange(n * h * w, device=x.device).view(n, h, w, 1)
    if shifted is None:
        return [(part, None) for part in ARCH.window_partition(pixels, WINDOW).flatten(1).split(AT_ONCE)]
    at = ARCH.window_partition(pixels.roll((-SHIFT, -SHIFT), (1, 2)), WINDOW).view(*grid, WINDOW**2)
    masks = shifted.calculate_mask((h, w)).to(x).view(*grid[1:], WINDOW**2, WINDOW**2).expand(n, -1, -1, -1, -1)
    inner = at[:, :-1, :-1].flatten(0, 2).split(AT_ONCE)
    edge, apart = (torch.cat([m[:, -1], m[:, :-1, -1]], 1).flatten(0, 1).split(AT_ONCE) for m in (at, masks))
    return [*((part, None) for part in inner if len(part)), *zip(edge, apart, strict=True)]


def _linear(layer: nn.Linear, x: Windows) -> Float[Tensor, "n 8 8 _"]:
    """A linear layer; on a CPU a convolution (oneDNN) is up to 1.5 times faster at these sizes."""
    if x.device.type != "cpu":
        return layer(x)
    return F.conv2d(x.permute(0, 3, 1, 2), layer.weight[..., None, None], layer.bias).permute(0, 2, 3, 1)


def _attend(attn: Any, x: Windows, bias: Float[Tensor, "#n heads 64 64"]) -> Windows:
    parts = _linear(attn.qkv, x).flatten(1, 2).unflatten(2, (3, attn.num_heads, -1))
    query, key, value = parts.permute(2, 0, 3, 1, 4)  # windows heads 64 c'
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    return _linear(attn.proj, mixed.transpose(1, 2).reshape(x.shape))


def _overwrite(layer: Any, x: Float[Tensor, "pixels c"], at: list[Place]) -> None:
    """Attention and MLP, some windows at a time: their maps stay in the cache, and no other map is as large as x."""
    attn, mlp = layer.attn, layer.mlp
    bias = attn.relative_position_bias_table[attn.relative_position_index].permute(2, 0, 1)[None].contiguous()
    for pixels, apart in at:
        part = x[pixels].unflatten(1, (WINDOW, WINDOW))
        part = _attend(attn, layer.norm1(part), bias if apart is None else bias + apart[:, None]).add_(part)
        part = _linear(mlp.fc2, F.gelu(_linear(mlp.fc1, layer.norm2(part)))).add_(part)
        x.index_copy_(0, pixels.flatten(), part.flatten(0, 2))


def _through(group: Any, x: Float[Tensor, "n hw c"], h: int, at: tuple[list[Place], list[Place]]) -> Float[Tensor, "n hw c"]:
    """Six layers and a convolution, plus the input. at: `places` of the windows, and of the shifted ones."""
    mixed = x.flatten(0, 1).clone()  # nhw c
    for number, layer in enumerate(group.residual_group.blocks):
        _overwrite(layer, mixed, at[number % 2])
    return group.conv(_as_map(mixed.view(x.shape), h)).permute(0, 2, 3, 1).flatten(1, 2).add_(x)


class SwinIR(ARCH.SwinIR):
    """BasicSR's network; the result is the same up to rounding."""

    def forward(self, x: Image) -> Float[Tensor, "n 3 {self.upscale}*h {self.upscale}*w"]:
        """0..1 in and out; h and w are multiples of 8."""
        mean, h = self.mean.to(x), x.shape[2]
        shallow = self.conv_first(x - mean)
        deep = self.patch_embed(shallow)  # n hw c
        at = places(shallow), places(shallow, shifted=self.layers[0].residual_group.blocks[1])
        for group in self.layers:
            deep = _through(group, deep, h, at)
        body = self.conv_before_upsample(shallow + self.conv_after_body(_as_map(self.norm(deep), h)))
        return mean + in_strips(self._enlarge, body, margin=2, pixels=10_000)

    def _enlarge(self, x: Tensor) -> Tensor:
        """A row sees at most 1 + 1/2 + 1/4 LR rows to either side."""
        if self.upsampler == "pixelshuffle":
            return self.conv_last(self.upsample(x))
        for layer in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(layer(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2, inplace=True)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2, inplace=True))


def _as_map(x: Float[Tensor, "n hw c"], h: int) -> Float[Tensor, "n c {h} w"]:
    return x.unflatten(1, (h, -1)).permute(0, 3, 1, 2)


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


def make(arguments: dict[str, Any], kind: Callable[..., nn.Module] = SwinIR) -> nn.Module:
    """A fresh network from the arguments of BasicSR's class (see `settings`)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.meshgrid")
        return kind(**arguments)


def build(variant: str, scale: int) -> nn.Module:
    """A fresh network: "DIV2K" or "DF2K" (classical, 2x and 4x), "M" or "L" (for real photographs, 4x)."""
    check_variant("SwinIR", variant, scale, scales=(4,) if variant in ("M", "L") else (2, 4), variants=VARIANTS)
    return make(settings(scale, **VARIANTS[variant]))

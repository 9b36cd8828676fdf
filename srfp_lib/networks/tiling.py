"""Networks applied to parts of an image, exactly (strips, for layers that see few rows) or as the authors did (quarters),
or to an extended image (padding)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..common.errors import UserError

Network = Callable[[Tensor], Tensor]
Image = Float[Tensor, "n 3 h w"]
Map = Float[Tensor, "n c h w"]
Enlarged = Float[Tensor, "n 3 {scale}*h {scale}*w"]
"""Of a function whose argument is called scale."""


def in_strips(layers: Callable[..., Tensor], *maps: Float[Tensor, "n _ _ _"], margin: int, pixels: int) -> Float[Tensor, "n _ _ _"]:
    """``layers(*maps)``, computed on strips of about ``pixels`` pixels: the same numbers with bounded memory.

    maps: n x c x h x w; some may be integer multiples of the smallest one's h and w. layers: return n x c' x sh x sw' with an
    integer s, each row from at most ``margin`` rows of the smallest map to either side; layers with a mean over the image do
    not qualify. ``pixels`` count on the smallest map. A strip carries the margin and loses it again, except at the image's
    own edge, where padding acts as on the whole image.

    >>> blur = torch.nn.AvgPool2d(3, stride=1, padding=1)
    >>> image = torch.rand(1, 1, 50, 4, generator=torch.Generator().manual_seed(0))
    >>> torch.equal(in_strips(blur, image, margin=1, pixels=40), blur(image))
    True
    """
    height, width = min(m.shape[2:] for m in maps)
    rows = max(pixels // width, margin, 1)
    if height <= rows + margin:
        return layers(*maps)
    result = torch.empty(0)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(top - margin, 0), min(bottom + margin, height)
        strip = layers(*(m[:, :, first * (r := m.shape[2] // height) : last * r] for m in maps))
        s = strip.shape[2] // (last - first)
        if top == 0:
            result = _empty(strip, s * height)
        result[:, :, s * top : s * bottom] = strip[:, :, s * (top - first) : s * (bottom - first)]
    return result


def _empty(strip: Tensor, height: int) -> Tensor:
    """A map of another height and otherwise like ``strip``, its layout in memory included."""
    last = strip.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.empty(*strip.shape[:2], height, strip.shape[3], dtype=strip.dtype, device=strip.device, memory_format=layout)


def half_and_margin(height: int, width: int) -> tuple[int, int]:
    """The crop of the EDSR family's test scripts: half the image and 10 pixels more."""
    return height // 2 + 10, width // 2 + 10


def in_quarters(
    network: Network, lr: Float[Tensor, "n c h w"], *, scale: int, limit: int,
    crop: Callable[[int, int], tuple[int, int]] = half_and_margin,
) -> Float[Tensor, "n c {scale}*h {scale}*w"]:  # fmt: skip
    """The "chop" of the EDSR family's test scripts: each quarter of the result comes from its own crop.

    The four crops lie in the corners and reach beyond the middle; a crop of ``limit`` pixels or more is cut again. Networks
    that see further than the overlap return another result than on the whole image. Raises UserError if a crop is larger
    than the image.
    """
    (height, width), (rows, columns) = lr.shape[2:], crop(*lr.shape[2:])
    if rows > height or columns > width:
        raise UserError(f"an image of {height} x {width} pixels cannot be chopped into crops of {rows} x {columns}: take it whole")
    result = lr.new_empty(*lr.shape[:2], scale * height, scale * width)
    for top, bottom, y in _halves(height, rows):
        for left, right, x in _halves(width, columns):
            part = lr[:, :, y : y + rows, x : x + columns]
            whole = rows * columns < limit
            piece = network(part) if whole else in_quarters(network, part, scale=scale, limit=limit, crop=crop)
            kept = piece[:, :, scale * (top - y) : scale * (bottom - y), scale * (left - x) : scale * (right - x)]
            result[:, :, scale * top : scale * bottom, scale * left : scale * right] = kept
    return result


def _halves(side: int, length: int) -> list[tuple[int, int, int]]:
    """For both halves of a side: where the half begins and ends, and where its crop of ``length`` begins."""
    middle = side // 2
    return [(0, middle, 0), (middle, side, side - length)]


def upscale_plain(network: Network, lr: Image, *, scale: int = 4) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped."""
    return network(lr)


def upscaler_255(chop_at: int) -> Callable[..., Tensor]:
    """As `upscale_plain`, for a network on 0..255, with the option ``chop``: `in_quarters` of fewer than ``chop_at`` pixels."""

    def upscale(network: Network, lr: Image, *, scale: int = 4, chop: bool = False) -> Enlarged:
        rgb = 255 * lr
        return (in_quarters(network, rgb, scale=scale, limit=chop_at) if chop else network(rgb)) / 255

    return upscale


def upscale_padded(network: Network, lr: Image, *, scale: int, multiple: int) -> Enlarged:
    """The image is extended by reflection, right and below, to multiples of some pixels, and the result cut to size."""
    h, w = lr.shape[2:]
    extended = F.pad(lr, (0, -w % multiple, 0, -h % multiple), mode="reflect") if h % multiple or w % multiple else lr
    return network(extended)[..., : scale * h, : scale * w]

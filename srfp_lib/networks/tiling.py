"""A network applied to parts of an image: exactly (strips, for layers that see a few rows) or as the authors did (quarters)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..common.errors import UserError


def in_strips(layers: Callable[..., Tensor], *maps: Tensor, margin: int, pixels: int) -> Tensor:
    """``layers(*maps)``, computed on strips of about ``pixels`` pixels: the same numbers with bounded memory.

    maps: N x C x H x W; some may have integer multiples of the smallest one's H and W. layers: give N x C' x sH x sW' (any
    integer s), and a row of that depends on at most ``margin`` rows of the smallest map to either side; layers with a mean
    over the image do not qualify. ``pixels`` are those of the smallest map too. A strip carries that margin and loses it
    again; at the image's own edge there is none, so that padding acts where it would.

    >>> import torch
    >>> blur = torch.nn.AvgPool2d(3, stride=1, padding=1)
    >>> image = torch.rand(1, 1, 50, 4, generator=torch.Generator().manual_seed(0))
    >>> torch.equal(in_strips(blur, image, margin=1, pixels=40), blur(image))
    True
    """
    height, width = min(m.shape[2:] for m in maps)
    rows = max(pixels // width, margin, 1)
    if height <= rows + margin:
        return layers(*maps)
    result = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(top - margin, 0), min(bottom + margin, height)
        strip = layers(*(m[:, :, first * (r := m.shape[2] // height) : last * r] for m in maps))
        s = strip.shape[2] // (last - first)
        if result is None:
            result = _empty(strip, s * height)
        result[:, :, s * top : s * bottom] = strip[:, :, s * (top - first) : s * (bottom - first)]
    return result


def _empty(strip: Tensor, height: int) -> Tensor:
    """A map of another height and otherwise as ``strip``, its layout in memory included."""
    last = strip.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.empty(*strip.shape[:2], height, strip.shape[3], dtype=strip.dtype, device=strip.device, memory_format=layout)


def half_and_margin(height: int, width: int) -> tuple[int, int]:
    """The size of a crop in the EDSR family's test scripts: half the image and 10 pixels more."""
    return height // 2 + 10, width // 2 + 10


def in_quarters(
    network: Callable[[Tensor], Tensor], lr: Tensor, *, scale: int, limit: int,
    crop: Callable[[int, int], tuple[int, int]] = half_and_margin,
) -> Tensor:  # fmt: skip
    """The "chop" of the EDSR family's test scripts: each quarter of the result comes from a crop of its own.

    The four crops lie in the corners and reach beyond the middle; a crop of ``limit`` pixels or more is cut again. Networks
    that see further than the margin, or the whole image, give another result than on the whole image.
    lr: N x 3 x H x W, no side smaller than the crop's.
    """
    (height, width), (rows, columns) = lr.shape[2:], crop(*lr.shape[2:])
    if rows > height or columns > width:
        raise UserError(f"an image of {height} x {width} pixels cannot be chopped into crops of {rows} x {columns}: take it whole")
    result = lr.new_empty(*lr.shape[:2], scale * height, scale * width)
    for top, bottom, first_row in _halves(height, rows):
        for left, right, first_column in _halves(width, columns):
            part = lr[:, :, first_row : first_row + rows, first_column : first_column + columns]
            whole = rows * columns < limit
            piece = network(part) if whole else in_quarters(network, part, scale=scale, limit=limit, crop=crop)
            result[:, :, scale * top : scale * bottom, scale * left : scale * right] = piece[
                :, :, scale * (top - first_row) : scale * (bottom - first_row),
                scale * (left - first_column) : scale * (right - first_column),
            ]  # fmt: skip
    return result


def _halves(side: int, length: int) -> list[tuple[int, int, int]]:
    """For both halves of a side: where the half begins and ends, and where its crop of ``length`` begins."""
    middle = side // 2
    return [(0, middle, 0), (middle, side, side - length)]

"""Local layers computed on strips of rows: the same numbers with bounded memory.

A strip carries a margin of neighbouring rows as wide as the layers can see, and loses it again afterwards; at the
image's own edge there is no margin, so that the layers' padding acts where it acts on the whole image.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def in_strips(layers: Callable[..., Tensor], *maps: Tensor, margin: int, pixels: int) -> Tensor:
    """``layers(*maps)``, computed on strips of at most about ``pixels`` pixels (always at least ``margin`` rows high).

    maps: N x C x H x W of the same H and W. layers: what a row of its result (N x C' x sH x sW', any integer s) depends on
    lies within ``margin`` rows of the corresponding row of the maps; layers with a mean over the image do not qualify.

    >>> blur = torch.nn.AvgPool2d(3, stride=1, padding=1)
    >>> image = torch.rand(1, 1, 50, 4, generator=torch.Generator().manual_seed(0))
    >>> torch.equal(in_strips(blur, image, margin=1, pixels=40), blur(image))
    True
    """
    height, width = maps[0].shape[2:]
    rows = max(pixels // width, margin, 1)
    if height <= rows + margin:
        return layers(*maps)
    result = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(top - margin, 0), min(bottom + margin, height)
        strip = layers(*(m[:, :, first:last] for m in maps))
        s = strip.shape[2] // (last - first)
        if result is None:
            result = strip.new_empty(*strip.shape[:2], s * height, strip.shape[3])
        result[:, :, s * top : s * bottom] = strip[:, :, s * (top - first) : s * (bottom - first)]
    return result

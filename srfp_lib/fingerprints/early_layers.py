"""Early features of a frozen network: EfficientNet-Lite0 with ImageNet weights, whose package is the extra "backbones"."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from ..common.errors import UserError
from ..fetching import timm_weights

BLOCKS = 2  # of seven groups; after them maps have a quarter of the image's side
MISSING = f"the fingerprint early-layers needs the weights of EfficientNet-Lite0: {timm_weights.INSTALL}, or leave it out of fingerprints.kinds"


@cache
def network() -> Any:
    """timm's EfficientNet-Lite0 with the package's weights. Raises UserError where it is not installed."""
    import timm

    file = timm_weights.in_package(timm_weights.LITE0)
    if file is None:
        raise UserError(MISSING)
    found = timm.create_model(timm_weights.LITE0, pretrained=False)
    file.load(found)
    return found.eval()


@torch.inference_mode()
def pooled(found: Any, images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """Mean and standard deviation over each map of the stem and of each of the first two groups of blocks of a network: 144 numbers."""
    mean, sd = (torch.tensor(values)[:, None, None] for values in timm_weights.scaling(timm_weights.LITE0))
    x = (torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255) - mean) / sd
    maps: list[Tensor] = [found.bn1(found.conv_stem(x))]
    for block in found.blocks[:BLOCKS]:
        maps.append(block(maps[-1]))
    return torch.cat([statistic for m in maps for statistic in (m.mean((2, 3)), m.std((2, 3), correction=0))], 1).numpy()


def features(images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n d"]:
    """`pooled` of EfficientNet-Lite0."""
    return pooled(network(), images)

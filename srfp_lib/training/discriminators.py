"""Discriminators: one logit an image, high for natural ones (paper, section 3.1; D8)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ..common.errors import UserError


class SmallDiscriminator(nn.Module):
    """Three strided convolutions and the mean of a map of logits; for any crop size."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (3, 16, 32, 32)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes, sizes[1:], strict=False))
        self.last = nn.Conv2d(32, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = 2 * x - 1
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)  # n c h w -> n c' h/2 w/2
        return self.last(x).mean((1, 2, 3))  # n


class VGGDiscriminator(nn.Module):
    """BasicSR's VGG-style discriminator with 64 features for 128 x 128 crops, the default of D8."""

    def __init__(self) -> None:
        super().__init__()
        from ..networks import _basicsr

        self.layers = _basicsr.load("archs.discriminator_arch").VGGStyleDiscriminator(3, 64, input_size=128)

    def forward(self, x: Tensor) -> Tensor:
        # BasicSR flattens by a view, which images whose channels lie innermost (as crops are cut) do not allow.
        return self.layers(x.contiguous())[:, 0]


DISCRIMINATORS = {"small": SmallDiscriminator, "vgg": VGGDiscriminator}


def build(kind: str) -> nn.Module:
    """A discriminator with fresh weights from torch's current random state."""
    if kind not in DISCRIMINATORS:
        raise UserError(f"there is no discriminator '{kind}': choose one of {', '.join(DISCRIMINATORS)}")
    return DISCRIMINATORS[kind]()

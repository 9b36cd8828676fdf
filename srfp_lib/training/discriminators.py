"""Discriminators: one logit per image, high for natural images (paper, section 3.1; D8)."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..networks import _basicsr


class SmallDiscriminator(nn.Module):
    """Three strided convolutions and a 1x1 convolution, averaged over the image; for any crop size."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in ((3, 16), (16, 32), (32, 32)))
        self.last = nn.Conv2d(32, 1, 1)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, " n"]:
        x = 2 * x - 1
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)  # n c h w -> n c' h/2 w/2
        return self.last(x).mean((1, 2, 3))


class VGGDiscriminator(nn.Module):
    """BasicSR's VGG-style discriminator with 64 features (D8)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = _basicsr.load("archs.discriminator_arch").VGGStyleDiscriminator(3, 64, input_size=128)

    def forward(self, x: Float[Tensor, "n 3 128 128"]) -> Float[Tensor, " n"]:
        # BasicSR flattens with `view`, which needs contiguous maps; crops are cut with their channels innermost.
        return self.layers(x.contiguous())[:, 0]


def build(kind: str) -> nn.Module:
    """A discriminator, "small" or "vgg", with fresh weights from torch's global random state."""
    return {"small": SmallDiscriminator, "vgg": VGGDiscriminator}[kind]()

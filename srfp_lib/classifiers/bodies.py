"""The classifiers' networks: timm backbones at full size (D14), and small bodies for the small profiles.

A network with a sub-pixel step leaves a pattern of period 2 or 4 in its images, and nobody knows where in the pattern an image found
somewhere begins. A small body therefore averages its maps over all positions of equal row and column modulo 4: a *lattice* of 4 x 4
means a channel. Its head adds up the likelihoods of all 16 places where the image may begin, so that the answer does not depend on it.
The small bodies stand in for the four backbones of Table 2; they share building blocks with them, nothing else.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from ..fetching import timm_weights
from ..images.spectrum import HighPass
from .spectrum import Probe, inputs

PERIOD = 4  # pixels; of the patterns of both scales


def _conv(inputs: int, outputs: int, size: int = 3, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, groups=groups, bias=False)


def _plain(inputs: int, outputs: int) -> list[nn.Module]:
    return [_conv(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def small_plain(*widths: int) -> nn.Module:
    """Plain 3x3 convolutions with batch norm, of so many channels each."""
    return nn.Sequential(*(layer for pair in pairwise((3, *widths)) for layer in _plain(*pair)))


def _small_separable() -> nn.Module:
    """Depthwise 3x3 and pointwise convolutions, as in Xception."""

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [_conv(inputs, inputs, groups=inputs), _conv(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(*_plain(3, 24), *block(24, 32), *block(32, 32))


def _small_inverted() -> nn.Module:
    """Expand, depthwise 3x3, project, with SiLU, as in EfficientNet."""
    expand, depthwise, project = _conv(16, 48, 1), _conv(48, 48, groups=48), _conv(48, 32, 1)
    block = (expand, nn.BatchNorm2d(48), nn.SiLU(), depthwise, nn.BatchNorm2d(48), nn.SiLU(), project, nn.BatchNorm2d(32))
    return nn.Sequential(*_plain(3, 16), *block, nn.SiLU())


class ChannelNorm(nn.Module):
    """Layer norm over the channels of n c h w."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _small_convnext() -> nn.Module:
    """Depthwise 7x7, layer norm and an MLP with GELU, as in ConvNeXt."""
    return nn.Sequential(_conv(3, 24), _conv(24, 24, 7, groups=24), ChannelNorm(24), _conv(24, 64, 1), nn.GELU(), _conv(64, 32, 1), nn.GELU())


SMALL = {
    "small_plain": partial(small_plain, 24, 32, 32),
    "small_narrow": partial(small_plain, 16, 24, 32),
    "small_separable": _small_separable,
    "small_inverted": _small_inverted,
    "small_convnext": _small_convnext,
}


class Lattice(torch.autograd.Function):
    """The means over all positions of equal row and column modulo 4, in float32: n c h w -> n c 4 4.

    torch's own gradient of this mean is as slow as two convolutions, as it leaves the channels-last layout. In that layout four rows
    of all channels are one run of numbers, and such runs are quickly added; a sum over two axes at once takes five times as long.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        n, channels, height, width = maps.shape
        ctx.dtype, (rows, columns) = maps.dtype, (height // PERIOD, width // PERIOD)
        ctx.repeats = rows, columns
        first, *others = maps.permute(0, 2, 3, 1).reshape(n, rows, -1).unbind(1)
        total = first.to(torch.float32, copy=True)
        for four_rows in others:
            total += four_rows
        return total.reshape(n, PERIOD, columns, PERIOD, channels).sum(2).permute(0, 3, 1, 2) / (rows * columns)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        rows, columns = ctx.repeats
        gradient = (gradients[0] / (rows * columns)).to(ctx.dtype).permute(0, 2, 3, 1)  # n 4 4 c
        n, _, _, channels = gradient.shape
        four_rows = gradient.repeat(1, 1, columns, 1).reshape(n, 1, -1)
        return four_rows.repeat(1, rows, 1).reshape(n, rows * PERIOD, columns * PERIOD, channels).permute(0, 3, 1, 2)


class SmallBody(nn.Module):
    """High-pass filter, convolutions at full resolution, and the normalised lattice. Images are in 0..1, of any size from 4 pixels up."""

    channels = 32
    num_features = 32 * 12  # a real Fourier transform of 4 x 4 numbers has 4 x 3 coefficients

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(HighPass(), SMALL[name]())
        self.norm = nn.LayerNorm(self.channels * PERIOD**2)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 512"]:
        maps = self.layers(x)
        height, width = (length // PERIOD * PERIOD for length in maps.shape[2:])
        return self.norm(Lattice.apply(maps[..., :height, :width]).flatten(1))

    @staticmethod
    def features(found: Float[Tensor, "n 512"]) -> Float[Tensor, "n 384"]:
        """The magnitudes of the lattice's Fourier coefficients, which do not depend on where the image begins."""
        return torch.fft.rfft2(found.unflatten(1, (-1, PERIOD, PERIOD)), norm="ortho").abs().flatten(1)

    def head(self, classes: int) -> nn.Module:
        """A head for so many classes."""
        return LatticeHead(self.channels, classes)


class LatticeHead(nn.Module):
    """One linear layer, looked at in all 16 cyclic shifts of the lattice: the log of the summed exponentials of their logits."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels * PERIOD**2, classes)
        places = torch.eye(PERIOD**2).unflatten(1, (PERIOD, PERIOD))
        shifts = [places.roll((row, column), (1, 2)).flatten(1) for row in range(PERIOD) for column in range(PERIOD)]
        self.register_buffer("shifts", torch.cat(shifts, 1), persistent=False)  # a product with it is quicker than an index

    shifts: Tensor

    def forward(self, found: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        shifted = found.unflatten(1, (-1, PERIOD**2)) @ self.shifts  # n c 16 -> n c shift*16
        return self.linear(shifted.unflatten(2, (PERIOD**2, -1)).transpose(1, 2).flatten(2)).float().logsumexp(1)


class TimmBody(nn.Module):
    """A timm backbone without its head; images in 0..1 are normalised (D16).

    ImageNet weights come from the folder of weights, an installed package, or else where timm finds them.
    """

    def __init__(self, name: str, *, pretrained: bool = True, weights_dir: str | Path | None = None) -> None:
        super().__init__()
        import timm

        local = timm_weights.find(name, weights_dir) if pretrained else None
        try:
            layers: Any = timm.create_model(name, pretrained=pretrained and local is None, num_classes=0)
        except Exception as error:  # timm raises many types for a name or a download that fails
            raise UserError(
                f"the backbone '{name}' with its ImageNet weights cannot be had ({type(error).__name__}: {error}): "
                f"connect the machine, or choose classifier.backbones among {', '.join(SMALL)}"
            ) from None
        if local:
            local.load(layers)
        self.layers = layers
        self.num_features = int(layers.num_features)
        self.scaling = timm_weights.scaling(name)

    @staticmethod
    def features(found: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The heads' inputs (D33)."""
        return found

    def head(self, classes: int) -> nn.Module:
        """A head for so many classes."""
        return nn.Linear(self.num_features, classes)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
        mean, sd = (x.new_tensor(v)[:, None, None] for v in self.scaling)
        return self.layers((x - mean) / sd)


class Classifier(nn.Module):
    """A body and a head for each task. Without ``pretrained`` a timm body has random weights: for measuring time alone.

    ``probed``: a linear probe stands beside each head, and in evaluation their log-probabilities are added.
    """

    def __init__(self, backbone: str, heads: dict[str, int], *, pretrained: bool = True, weights_dir: str | Path | None = None,
                 probed: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.body = SmallBody(backbone) if backbone in SMALL else TimmBody(backbone, pretrained=pretrained, weights_dir=weights_dir)
        self.heads = nn.ModuleDict({name: self.body.head(n) for name, n in heads.items()})
        self.probes = nn.ModuleDict({name: Probe(self.body.num_features, n) for name, n in heads.items()} if probed else {})

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> tuple[Float[Tensor, "n d"], dict[str, Float[Tensor, "n _"]]]:
        """Features, and the logits of every head."""
        found = self.body(x)
        features, logits = self.body.features(found), {name: head(found) for name, head in self.heads.items()}
        if self.probes and not self.training:
            seen = inputs(features, x)
            logits = {name: F.log_softmax(values.float(), 1) + self.probes[name](seen) for name, values in logits.items()}
        return features, logits

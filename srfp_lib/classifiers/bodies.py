"""The classifiers' networks: timm backbones at full size (D14), and four small bodies for the small profiles.

A small body sees the residual of a 3x3 binomial blur, where fingerprints live, with each 2x2 block of pixels folded into channels
(pixel-unshuffle), so that four convolutions are enough. The four bodies stand in for the four backbones of Table 2; they share
building blocks with them, nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from ..fetching import timm_weights


class HighPass(nn.Module):
    """Image minus its binomial blur ([1 2 1] x [1 2 1] / 16), times 12, clamped to +-2; 2x2 blocks become channels."""

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("blur", torch.outer(line, line).expand(3, 1, 3, 3).clone(), persistent=False)

    blur: Tensor

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 12 h/2 w/2"]:
        blurred = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), self.blur, groups=3)
        return F.pixel_unshuffle(((x - blurred) * 12).clamp(-2, 2), 2)


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, groups=groups, bias=False)


def _plain(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [_conv(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs), nn.ReLU()]


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x + self.body(x)


def _small_residual() -> nn.Module:
    """Plain 3x3 convolutions with batch norm, the last one around a skip, as in ResNet."""
    return nn.Sequential(*_plain(12, 40, 1), *_plain(40, 80, 2), *_plain(80, 160, 2), Residual(*_plain(160, 160, 1)))


def _small_separable() -> nn.Module:
    """Depthwise 3x3 and pointwise convolutions, as in Xception."""

    def block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        depthwise = _conv(inputs, inputs, stride=stride, groups=inputs)
        return [depthwise, _conv(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(*_plain(12, 40, 1), *block(40, 80, 2), *block(80, 160, 2), Residual(*block(160, 160, 1)))


def _small_inverted() -> nn.Module:
    """Expand, depthwise 3x3, project, with SiLU, as in EfficientNet."""

    def block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        wide = 3 * inputs
        return [
            _conv(inputs, wide, 1), nn.BatchNorm2d(wide), nn.SiLU(),
            _conv(wide, wide, stride=stride, groups=wide), nn.BatchNorm2d(wide), nn.SiLU(),
            _conv(wide, outputs, 1), nn.BatchNorm2d(outputs),
        ]  # fmt: skip

    return nn.Sequential(*_plain(12, 40, 2), *block(40, 80, 2), Residual(*block(80, 80, 1)), _conv(80, 160, 1), nn.SiLU())


class ChannelNorm(nn.Module):
    """Layer norm over the channels of n c h w."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _small_convnext() -> nn.Module:
    """Patches of 2x2 and blocks of depthwise 7x7, layer norm and an MLP with GELU, as in ConvNeXt."""

    def block(channels: int) -> nn.Module:
        mlp = (_conv(channels, 3 * channels, 1), nn.GELU(), _conv(3 * channels, channels, 1))
        return Residual(_conv(channels, channels, 7, groups=channels), ChannelNorm(channels), *mlp)

    stem = nn.Conv2d(12, 64, 2, stride=2)
    merge = nn.Conv2d(64, 160, 2, stride=2)
    return nn.Sequential(stem, ChannelNorm(64), block(64), block(64), ChannelNorm(64), merge, block(160), ChannelNorm(160))


SMALL = {
    "small_residual": _small_residual,
    "small_separable": _small_separable,
    "small_inverted": _small_inverted,
    "small_convnext": _small_convnext,
}


class SmallBody(nn.Module):
    """High-pass filter, a small body, the mean over the image. Images are in 0..1."""

    num_features = 160

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(HighPass(), SMALL[name]())

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 160"]:
        return self.layers(x).mean((2, 3))


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

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
        mean, sd = (x.new_tensor(v)[:, None, None] for v in self.scaling)
        return self.layers((x - mean) / sd)


class Classifier(nn.Module):
    """A body and one linear head for each task. The features are the heads' inputs (D33).

    Without ``pretrained`` a timm body has random weights: for measuring time alone.
    """

    def __init__(self, backbone: str, heads: dict[str, int], *, pretrained: bool = True, weights_dir: str | Path | None = None) -> None:
        super().__init__()
        body = SmallBody(backbone) if backbone in SMALL else TimmBody(backbone, pretrained=pretrained, weights_dir=weights_dir)
        self.body = body
        self.heads = nn.ModuleDict({name: nn.Linear(body.num_features, n) for name, n in heads.items()})

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> tuple[Float[Tensor, "n d"], dict[str, Float[Tensor, "n _"]]]:
        """Features, and the logits of every head."""
        features = self.body(x)
        return features, {name: head(features) for name, head in self.heads.items()}

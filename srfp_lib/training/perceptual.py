"""The fixed networks phi whose activations the perceptual loss compares (paper, sections 3.1 and A.2.1; D4).

The paper takes VGG-19 and ResNet-18, trained on ImageNet. Small profiles take small networks with fixed random weights, which
need no download and reward sharpness rather than anything ImageNet taught. EfficientNet-Lite0 comes in a Python package: its
ImageNet features replace VGG-19's and ResNet-18's where those cannot be downloaded. torchvision and timm are imported on use:
most jobs import this module without needing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..common.errors import UserError
from ..common.randomness import seeded_torch
from ..fetching import timm_weights


class Normalised(nn.Module):
    """Layers on RGB in 0..1 that is normalised to the mean and standard deviation they expect."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, layers: Iterable[nn.Module], mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None])
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n _ _ _"]:
        return self.layers((x - self.mean) / self.deviation)


SEEDED = (0.45,) * 3, (0.25,) * 3


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def seeded_vgg() -> nn.Module:
    """Random 3x3 convolutions in the manner of VGG, to half the resolution."""
    return Normalised([_conv(3, 12), nn.ReLU(), _conv(12, 12), nn.ReLU(), nn.MaxPool2d(2), _conv(12, 24), nn.ReLU(), _conv(24, 24)], *SEEDED)


class SeededResNet(nn.Module):
    """A random 7x7 convolution and two residual blocks in the manner of ResNet, to a quarter of the resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _conv(3, 16, 7, stride=2)
        self.a, self.b = _conv(16, 16), _conv(16, 16)
        self.c, self.d, self.shortcut = _conv(16, 32, stride=2), _conv(32, 32), _conv(16, 32, 1, stride=2)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 32 _ _"]:
        x = F.relu(self.first(x))
        x = F.relu(x + 0.5 * self.b(F.relu(self.a(x))))
        return F.relu(self.shortcut(x) + 0.5 * self.d(F.relu(self.c(x))))


def imagenet_vgg(*, trained: bool = True) -> nn.Module:
    """VGG-19 up to the fourth convolution of its fifth stage, before the ReLU (D4)."""
    return Normalised(_of_torchvision("vgg19", trained).features[:35], *timm_weights.IMAGENET)


def imagenet_resnet(*, trained: bool = True) -> nn.Module:
    """ResNet-18 up to its third stage, ``layer3`` (section A.2.1)."""
    net = _of_torchvision("resnet18", trained)
    return Normalised([net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2, net.layer3], *timm_weights.IMAGENET)


def _of_torchvision(name: str, trained: bool) -> Any:
    from torchvision.models import get_model

    try:
        return get_model(name, weights="IMAGENET1K_V1" if trained else None)
    except OSError as error:
        raise UserError(
            f"the ImageNet weights of {name} are not on this machine and cannot be fetched ({error}): "
            'connect it, put the file into torch\'s hub folder, or choose perceptual = "seeded"'
        ) from None


def efficientnet_lite(stages: int, *, trained: bool = True) -> nn.Module:
    """EfficientNet-Lite0 up to the last batch norm of a stage, which no activation follows.

    Five stages end at 1/16 of the resolution, as VGG-19's layer does, three at 1/8.
    """
    import timm

    net: Any = timm.create_model(timm_weights.LITE0, pretrained=False)
    if trained:
        file = timm_weights.in_package(timm_weights.LITE0)
        if file is None:
            raise UserError(f"training.perceptual is 'efficientnet_lite0', and the package with its weights is not installed: {timm_weights.INSTALL}")
        file.load(net)
    return Normalised([net.conv_stem, net.bn1, *net.blocks[:stages]], *timm_weights.LITE)


# One network for VGG_GAN, one for ResNet_GAN. The untrained ones serve measurements of time.
KINDS: dict[str, tuple[Callable[[], nn.Module], Callable[[], nn.Module]]] = {
    "seeded": (seeded_vgg, lambda: Normalised([SeededResNet()], *SEEDED)),
    "imagenet": (imagenet_vgg, imagenet_resnet),
    "efficientnet_lite0": (partial(efficientnet_lite, 5), partial(efficientnet_lite, 3)),
    "untrained": (partial(imagenet_vgg, trained=False), partial(imagenet_resnet, trained=False)),
    "untrained_lite0": (partial(efficientnet_lite, 5, trained=False), partial(efficientnet_lite, 3, trained=False)),
}
UNTRAINED = {"imagenet": "untrained", "efficientnet_lite0": "untrained_lite0"}  # the same networks, without weights to download
CALIBRATED = ("seeded", "efficientnet_lite0")  # the loss weights do not suit their activations: see `losses.perceptual`


def build(kind: str, loss: str, *, master_seed: int) -> nn.Module:
    """The frozen network phi of a loss, in evaluation mode; random weights are seeded by the loss.

    The adversarial losses of the stand-ins share VGG_GAN's architecture.
    """
    with seeded_torch(master_seed, "perceptual", loss):
        return KINDS[kind][loss == "ResNet_GAN"]().eval().requires_grad_(False)

"""The fixed networks phi whose activations the perceptual loss compares (paper, sections 3.1 and A.2.1; D4).

The paper takes ImageNet classifiers. The small profiles take small networks with fixed random weights, so that no
download is needed; what they reward is sharpness in general, not what ImageNet taught. EfficientNet-Lite0 did learn from
ImageNet and comes in a package: it stands in for VGG-19 and ResNet-18 where they cannot be had.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..common.errors import UserError
from ..common.randomness import seeded_torch
from ..fetching import timm_weights


class SeededVGG(nn.Module):
    """A small network in VGG's manner: 3x3 convolutions at 12 channels, max-pooling, 24 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(_conv(3, 12), nn.ReLU(), _conv(12, 12), nn.ReLU(), nn.MaxPool2d(2), _conv(12, 24), nn.ReLU(), _conv(24, 24))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x - 0.45) * 4)  # n 3 h w -> n 24 h/2 w/2


class SeededResNet(nn.Module):
    """A small network in ResNet's manner: a 7x7 convolution with stride 2 and two residual blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _conv(3, 16, 7, stride=2)
        self.a, self.b = _conv(16, 16), _conv(16, 16)
        self.c, self.d, self.shortcut = _conv(16, 32, stride=2), _conv(32, 32), _conv(16, 32, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first((x - 0.45) * 4))  # n 3 h w -> n 16 h/2 w/2
        x = F.relu(x + 0.5 * self.b(F.relu(self.a(x))))
        return F.relu(self.shortcut(x) + 0.5 * self.d(F.relu(self.c(x))))  # n 32 h/4 w/4


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class ImageNetVGG(nn.Module):
    """VGG-19's fourth convolution of the fifth stage, before its ReLU, on ImageNet-normalised input (D4)."""

    def __init__(self, *, trained: bool = True) -> None:
        super().__init__()
        from torchvision.models import VGG19_Weights, vgg19

        self.layers = nn.Sequential(ImageNetInput(), *_pretrained(vgg19, VGG19_Weights.IMAGENET1K_V1 if trained else None).features[:35])

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ImageNetResNet(nn.Module):
    """ResNet-18 up to the output of its third stage, ``layer3``, on ImageNet-normalised input (section A.2.1)."""

    def __init__(self, *, trained: bool = True) -> None:
        super().__init__()
        from torchvision.models import ResNet18_Weights, resnet18

        net = _pretrained(resnet18, ResNet18_Weights.IMAGENET1K_V1 if trained else None)
        self.layers = nn.Sequential(ImageNetInput(), net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2, net.layer3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ImageNetInput(nn.Module):
    """RGB in 0..1 with ImageNet's mean taken off, divided by its standard deviation. Both are buffers, to be where the network is."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.deviation


def _pretrained(model: Callable[..., nn.Module], weights: object) -> nn.Module:
    try:
        return model(weights=weights)
    except OSError as error:
        raise UserError(
            f"the ImageNet weights of {model.__name__} are not on this machine and cannot be fetched ({error}): "
            'connect it, put the file into torch\'s hub folder, or choose perceptual = "seeded"'
        ) from None


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0 up to a stage's last 1x1 convolution and its batch norm, after which it has no activation.

    Five stages, at a sixteenth of the resolution as VGG-19's layer is, for VGG_GAN; three, at an eighth, for ResNet_GAN.
    """

    def __init__(self, stages: int, *, trained: bool = True) -> None:
        super().__init__()
        import timm

        network = timm.create_model(timm_weights.LITE0, pretrained=False)
        if trained:
            _carried().load(network)
        for name, values in zip(("mean", "deviation"), timm_weights.LITE, strict=True):
            self.register_buffer(name, torch.tensor(values)[:, None, None])
        self.layers = nn.Sequential(network.conv_stem, network.bn1, *network.blocks[:stages])

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x - self.mean) / self.deviation)  # n 3 h w -> n 112 h/16 w/16, or n 40 h/8 w/8


def _carried() -> timm_weights.WeightFile:
    if file := timm_weights.in_package(timm_weights.LITE0):
        return file
    raise UserError(f"training.perceptual is 'efficientnet_lite0', and the package with its weights is not installed: {timm_weights.INSTALL}")


PERCEPTUAL: dict[tuple[str, str], Callable[[], nn.Module]] = {
    ("seeded", "VGG_GAN"): SeededVGG,
    ("seeded", "ResNet_GAN"): SeededResNet,
    ("imagenet", "VGG_GAN"): ImageNetVGG,
    ("imagenet", "ResNet_GAN"): ImageNetResNet,
    ("efficientnet_lite0", "VGG_GAN"): partial(EfficientNetLite, 5),
    ("efficientnet_lite0", "ResNet_GAN"): partial(EfficientNetLite, 3),
    # For measuring time alone:
    ("untrained", "VGG_GAN"): partial(ImageNetVGG, trained=False),
    ("untrained", "ResNet_GAN"): partial(ImageNetResNet, trained=False),
    ("untrained_lite0", "VGG_GAN"): partial(EfficientNetLite, 5, trained=False),
    ("untrained_lite0", "ResNet_GAN"): partial(EfficientNetLite, 3, trained=False),
}
UNTRAINED = {"imagenet": "untrained", "efficientnet_lite0": "untrained_lite0"}  # what takes the same time without weights
CALIBRATED = ("seeded", "efficientnet_lite0")  # whose activations are divided by their first SD, for the weights of the losses are not theirs


def build(kind: str, loss: str, *, master_seed: int) -> nn.Module:
    """The fixed network of a loss, in evaluation mode, without gradients for its weights.

    "VGG_GAN" and "ResNet_GAN" have their own; every other adversarial loss (those of stand-ins) has VGG's, seeded by its name.
    """
    if (kind, "VGG_GAN") not in PERCEPTUAL:
        raise UserError(f"there is no perceptual network '{kind}' for {loss}: choose imagenet, seeded or efficientnet_lite0")
    with seeded_torch(master_seed, "perceptual", loss):
        return PERCEPTUAL.get((kind, loss), PERCEPTUAL[kind, "VGG_GAN"])().eval().requires_grad_(False)

"""The losses of the custom fleet (paper, section 3.1; D4). Each returns one value per network of the stack."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def pixel(sr: Float[Tensor, "n b 3 h w"], hr: Float[Tensor, "n b 3 h w"]) -> Float[Tensor, " n"]:
    """L1: the mean absolute difference."""
    return (sr - hr).abs().flatten(1).mean(1)


def perceptual(
    sr: Float[Tensor, "n b 3 h w"], hr: Float[Tensor, "n b 3 h w"], phi: Callable[[Tensor], Tensor], *, spread: float = 1.0
) -> Float[Tensor, " n"]:
    """The mean squared difference of activations, MSE(phi(HR), phi(SR)), of activations divided by ``spread``.

    The loss weights suit the activations of VGG-19 and ResNet-18. Other networks, whose activations have another scale, are
    divided by the standard deviation of theirs on the first HR batch.
    """
    target = phi(hr.flatten(0, 1)).detach()
    activations = phi(sr.flatten(0, 1))
    return ((activations - target) / spread).square().unflatten(0, sr.shape[:2]).flatten(1).mean(1)


def adversarial(fake: Float[Tensor, "n b"]) -> Float[Tensor, " n"]:
    """The generator's adversarial loss, -log D(SR), from the logits of SR."""
    return F.softplus(-fake).mean(1)


def discriminator(real: Float[Tensor, "n b"], fake: Float[Tensor, "n b"]) -> Float[Tensor, " n"]:
    """The discriminator's loss, -log D(HR) - log(1 - D(SR)), from the logits of HR and SR."""
    return F.softplus(-real).mean(1) + F.softplus(fake).mean(1)

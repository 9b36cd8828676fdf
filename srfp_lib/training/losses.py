"""The losses of the custom fleet (paper, section 3.1; D4). Every function keeps the stack: it returns one value a network."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor


def pixel(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean absolute difference: n x b x 3 x H x W to n."""
    return (sr - hr).abs().flatten(1).mean(1)


def perceptual(sr: Tensor, hr: Tensor, phi: Callable[[Tensor], Tensor], *, spread: float = 1.0) -> Tensor:
    """Mean squared difference of activations, MSE(phi(HR), phi(SR)): n x b x 3 x H x W to n.

    ``spread`` divides the activations; small profiles give the standard deviation of the first HR batch's, because the
    weights of the losses were chosen for the features of other networks, and the scale of random ones means nothing.
    """
    wanted = phi(hr.flatten(0, 1)).detach()
    got = phi(sr.flatten(0, 1))
    return ((got - wanted) / spread).square().unflatten(0, sr.shape[:2]).flatten(1).mean(1)


def fool(logits: Tensor) -> Tensor:
    """The generator's adversarial loss -log D(SR): logits n x b to n."""
    return F.softplus(-logits).mean(1)


def tell_apart(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss -log D(HR) - log(1 - D(SR)): logits n x b to n."""
    return F.softplus(-real).mean(1) + F.softplus(fake).mean(1)

"""How the stand-ins for published networks are trained: longer than the custom fleet, otherwise scheduled, on photographs
of their own, and each adversarial family with its own weights of the three terms of the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..fleet import Network
from ..profiles import Published, Training
from .batches import Rows
from .loop import Data, Trained
from .loop import train as train_networks

# Weights of the pixel, perceptual and adversarial terms. Families that their papers make sharper have less of the first.
LOSSES = {
    "L1": {},
    "EnhanceNet": {"pixel_weight": 0.0, "perceptual_weight": 2.5, "adversarial_weight": 0.02},
    "ESRGAN": {"pixel_weight": 0.05, "perceptual_weight": 2.5, "adversarial_weight": 0.03},
    "ProSRGAN": {"pixel_weight": 0.2, "perceptual_weight": 1.5, "adversarial_weight": 0.02},
    "SPSR_GAN": {"pixel_weight": 0.1, "perceptual_weight": 2.0, "adversarial_weight": 0.03},
    "NCSR_GAN": {"pixel_weight": 0.6, "perceptual_weight": 1.0, "adversarial_weight": 0.01},
    "GAN": {"pixel_weight": 1.0, "perceptual_weight": 1.5, "adversarial_weight": 0.03},
}


def settings_of(loss: str, fleet: Training, published: Published) -> Training:
    """The training of a stand-in with the given loss, derived from the custom fleet's."""
    return replace(
        fleet, size="stand-in", steps=published.steps, adversarial_steps=published.adversarial_steps, start_from_l1=True,
        learning_rate=1.5e-3, warmup=max(published.steps // 10, 1), final_rate=0.01, perceptual="seeded", discriminator="small",
        stacked=True, **LOSSES[loss],
    )  # fmt: skip


def train(
    network: Network, tiles: Rows, held_out: Sequence[np.ndarray], fleet: Training, published: Published, *, master_seed: int,
    device: str = "cpu",
) -> Trained:  # fmt: skip
    """Train one stand-in; an adversarial one starts from an L1 training of its own."""
    settings = settings_of(network.loss, fleet, published)
    data = Data({network.dataset: tiles}, held_out)
    twin = replace(network, loss="L1", model_id=network.model_id.replace(f"-{network.loss}-", "-L1-"))
    both = tuple(dict.fromkeys((twin, network)))
    return train_networks(both, data, settings, master_seed=master_seed, device=device)

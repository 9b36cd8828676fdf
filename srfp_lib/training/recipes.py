"""How the stand-ins of the published networks are trained.

Longer than the custom fleet, on a schedule and photographs of their own; each adversarial family weighs its losses differently.
"""

from __future__ import annotations

from dataclasses import replace

from ..fleet import Network
from ..profiles import Published, Training

# Weights of the pixel, perceptual and adversarial losses. Families whose papers aim at sharper images have less of the first.
STAND_INS = {
    "L1": (1.0, 0.0, 0.0),
    "EnhanceNet": (0.0, 2.5, 0.02),
    "ESRGAN": (0.05, 2.5, 0.03),
    "ProSRGAN": (0.2, 1.5, 0.02),
    "SPSR_GAN": (0.1, 2.0, 0.03),
    "NCSR_GAN": (0.6, 1.0, 0.01),
    "GAN": (1.0, 1.5, 0.03),
}


def stand_in(loss: str, fleet: Training, published: Published) -> Training:
    """The settings of a stand-in with the given loss, derived from the custom fleet's."""
    pixel, perceptual, adversarial = STAND_INS[loss]
    return replace(
        fleet, size="stand-in", steps=published.steps, adversarial_steps=published.adversarial_steps, start_from_l1=True,
        learning_rate=1.5e-3, warmup=max(published.steps // 10, 1), final_rate=0.01, perceptual="seeded", discriminator="small",
        stacked=True, pixel_weight=pixel, perceptual_weight=perceptual, adversarial_weight=adversarial,
    )  # fmt: skip


def l1_twin(network: Network) -> Network:
    """The network with L1 loss that differs in nothing else: an adversarial one may start from it (D5)."""
    return replace(network, loss="L1", model_id=network.model_id.replace(f"-{network.loss}-", "-L1-"))


def with_twin(network: Network) -> tuple[Network, ...]:
    """What is trained to get a stand-in: its L1 twin, then the stand-in, unless they are the same."""
    return tuple(dict.fromkeys((l1_twin(network), network)))

"""BasicSR's own trainer, with the parts registered that BasicSR lacks: ``python -m srfp_lib.training.basicsr_trainer -opt FILE``.

Arguments are BasicSR's; results go to ``experiments/NAME`` below the current folder. `model` and `step` serve the parity test and
the benchmarks, which compare BasicSR's step with ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .. import networks
from ..fleet import Network
from ..networks import _basicsr
from ..profiles import Training
from . import discriminators, losses, perceptual
from .basicsr_options import options
from .trainer import Trainer


class PerceptualTerm(nn.Module):
    """Our perceptual loss with the interface of BasicSR's: returns (perceptual, style).

    The first HR batch fixes the spread of activations that need it, as `Trainer.calibrate` does.
    """

    def __init__(self, kind: str, loss: str, weight: float, master_seed: int) -> None:
        super().__init__()
        self.phi, self.weight = perceptual.build(kind, loss, master_seed=master_seed), weight
        self.spread = None if kind in perceptual.CALIBRATED else 1.0

    def forward(self, sr: Float[Tensor, "b 3 h w"], hr: Float[Tensor, "b 3 h w"]) -> tuple[Float[Tensor, ""], None]:
        if self.spread is None:
            with torch.no_grad():
                self.spread = float(self.phi(hr).std())
        return self.weight * losses.perceptual(sr[None], hr[None], self.phi, spread=self.spread)[0], None


def register() -> None:
    """Enter our networks and losses into BasicSR's tables, once."""
    registry = _basicsr.load("utils.registry")
    parts = [
        (registry.ARCH_REGISTRY, "SrfpNetwork", networks.build),
        (registry.ARCH_REGISTRY, "SrfpDiscriminator", discriminators.build),
        (registry.LOSS_REGISTRY, "SrfpPerceptual", PerceptualTerm),
    ]
    for table, name, part in parts:
        if name not in table:
            table._do_register(name, part)


def model(network: Network, settings: Training, *, master_seed: int, device: str = "cpu") -> Any:
    """BasicSR's SRModel or SRGANModel of the option file, with our modules and their initial weights.

    Any ``device`` but the CPU means the first GPU: BasicSR knows no other.
    """
    register()
    whole = options(network, settings, master_seed=master_seed) | {"is_train": True, "dist": False, "num_gpu": 0 if device == "cpu" else 1}
    whole["network_g"] = {"type": "SrfpNetwork", "architecture": network.architecture, "scale": network.scale, "size": settings.size}
    if network.adversarial:
        whole["network_d"] = {"type": "SrfpDiscriminator", "kind": settings.discriminator}
    built = _basicsr.load("models").build_model(whole)
    theirs = [built.net_g, built.net_d] if network.adversarial else [built.net_g]
    for module, ours in zip(theirs, Trainer((network,), settings, master_seed=master_seed).players, strict=True):
        module.load_state_dict(ours.states()[0])
    return built


def step(built: Any, lr: Float[Tensor, "b 3 h w"], hr: Float[Tensor, "b 3 sh sw"], index: int) -> None:
    """One of BasicSR's training steps."""
    built.feed_data({"lq": lr, "gt": hr})
    built.optimize_parameters(index + 1)


if __name__ == "__main__":
    register()
    _basicsr.load("train").train_pipeline(str(Path.cwd()))

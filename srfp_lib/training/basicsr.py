"""The same training with BasicSR's own trainer: its option file, and its models with our start, losses and networks.

The paper trained its fleet with BasicSR (Wang et al., Apache-2.0). These options let a reader train any custom network
there; the models serve the parity test and the benchmark, which compare its step with ours on the same batches.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..fleet import Network
from ..networks import _basicsr
from ..profiles import Training
from . import discriminators, losses, perceptual
from .trainer import Trainer, fresh


def options(network: Network, settings: Training) -> dict[str, Any]:
    """The options of BasicSR's trainer for a custom network, as the dictionary of its YAML file."""
    adam = {"type": "Adam", "weight_decay": 0, "betas": [0.9, 0.99]}
    steps = settings.adversarial_steps if network.adversarial else settings.steps
    rate = settings.adversarial_learning_rate if network.adversarial else settings.learning_rate
    train: dict[str, Any] = {
        "optim_g": adam | {"lr": rate}, "total_iter": steps, "warmup_iter": settings.warmup or -1,
        "scheduler": _scheduler(steps, rate * settings.final_rate, constant=settings.final_rate == 1),
    }  # fmt: skip
    pixel_weight = settings.pixel_weight if network.adversarial else 1.0
    if pixel_weight:
        train["pixel_opt"] = {"type": "L1Loss", "loss_weight": pixel_weight, "reduction": "mean"}
    whole = {"name": network.model_id, "scale": network.scale, "num_gpu": 0, "manual_seed": network.seed,
             "is_train": True, "dist": False, "path": {}, "train": train}  # fmt: skip
    if not network.adversarial:
        return whole | {"model_type": "SRModel"}
    train["optim_d"] = {
        "type": "Adam",
        "weight_decay": 0,
        "betas": list(settings.discriminator_betas),
        "lr": settings.discriminator_learning_rate,
    }
    train["gan_opt"] = {
        "type": "GANLoss",
        "gan_type": "vanilla",
        "real_label_val": 1.0,
        "fake_label_val": 0.0,
        "loss_weight": settings.adversarial_weight,
    }
    train |= {"net_d_iters": 1, "net_d_init_iters": 0}
    return whole | {"model_type": "SRGANModel"}


def _scheduler(steps: int, lowest: float, *, constant: bool) -> dict[str, Any]:
    if constant:
        return {"type": "MultiStepLR", "milestones": [steps + 1], "gamma": 0.5}
    return {"type": "CosineAnnealingRestartLR", "periods": [steps], "restart_weights": [1], "eta_min": lowest}


class PerceptualTerm(nn.Module):
    """Our perceptual term in the form that BasicSR's models call: (perceptual, style).

    Without a ``spread`` the scale of the activations is fixed by the first batch (`Trainer.calibrate`).
    """

    def __init__(self, phi: nn.Module, weight: float, spread: float | None) -> None:
        super().__init__()
        self.phi, self.weight, self.spread = phi, weight, spread

    def forward(self, sr: Tensor, hr: Tensor) -> tuple[Tensor, None]:
        if self.spread is None:
            with torch.no_grad():
                self.spread = float(self.phi(hr).std())
        return self.weight * losses.perceptual(sr[None], hr[None], self.phi, spread=self.spread)[0], None


def model(network: Network, settings: Training, *, master_seed: int, device: str = "cpu") -> Any:
    """BasicSR's SRModel or SRGANModel with the weights, the discriminator and the perceptual network of our trainer.

    On a device other than the CPU it trains on the first GPU: BasicSR knows no other.

    Call ``model.feed_data({"lq": lr, "gt": hr})`` and ``model.optimize_parameters(step)``; ``model.net_g`` has the weights.
    """
    _register(network, settings, master_seed)
    chosen = options(network, settings) | {"network_g": {"type": "SrfpGenerator"}, "network_d": {"type": "SrfpStartedDiscriminator"}}
    kind = _basicsr.load("models.srgan_model").SRGANModel if network.adversarial else _basicsr.load("models.sr_model").SRModel
    built = kind(chosen | {"num_gpu": 0 if device == "cpu" else 1})
    if network.adversarial:
        phi = perceptual.build(settings.perceptual, network.loss, master_seed=master_seed)
        built.cri_perceptual = PerceptualTerm(phi, settings.perceptual_weight, 1.0).to(built.device)
    return built


def _register(network: Network, settings: Training, master_seed: int) -> None:
    """BasicSR builds networks by name from a table; ours are entered under two names, anew for each model."""
    table = _basicsr.load("utils.registry").ARCH_REGISTRY
    for name in ("SrfpGenerator", "SrfpStartedDiscriminator"):
        table._obj_map.pop(name, None)
    table._do_register("SrfpGenerator", lambda: fresh(network, settings, master_seed=master_seed))
    ours = Trainer((network,), settings, master_seed=master_seed)
    if network.adversarial:
        start = ours.discriminator.modules[0].state_dict()
        table._do_register("SrfpStartedDiscriminator", lambda: _loaded(discriminators.build(settings.discriminator), start))


def _loaded(module: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    module.load_state_dict(state)
    return module


def step(built: Any, lr: Tensor, hr: Tensor, index: int) -> None:
    """One of BasicSR's training steps on a batch, N x 3 x h x w and N x 3 x H x W."""
    built.feed_data({"lq": lr, "gt": hr})
    built.optimize_parameters(index + 1)


def weights(built: Any) -> dict[str, Tensor]:
    """The generator's weights."""
    return {k: v.detach().clone() for k, v in torch.nn.Module.state_dict(built.net_g).items()}

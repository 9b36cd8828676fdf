"""One training step for a stack of networks (paper, section 3.1; D4-D6)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .. import networks as architectures
from ..common import devices
from ..common.errors import UserError
from ..common.randomness import seeded_torch
from ..fleet import Network
from ..profiles import Training
from . import discriminators, losses, perceptual
from .recorded import Recorded
from .stack import Stack

State = dict[str, Tensor]
RECORDABLE = ("EDSR", "RDN", "RCAN")  # at full size: SwinIR makes its masks, and NLSN its directions, on the CPU at every step


def rate(step: int, steps: int, *, warmup: int, final: float) -> float:
    """The share of the learning rate at a step: linear warm-up, then a cosine down to ``final``.

    >>> [round(rate(s, 100, warmup=10, final=0.05), 3) for s in (0, 9, 99)]
    [0.1, 0.981, 0.05]
    """
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    return rising * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * step / max(steps - 1, 1))))


def fresh(network: Network, settings: Training, *, master_seed: int) -> nn.Module:
    """The untrained module of a custom network. The seed decides; data set and loss do not (D10)."""
    with seeded_torch(master_seed, "initialisation", network.architecture, network.scale, network.seed or network.model_id):
        return architectures.build(network.architecture, network.scale, settings.size)


def _check(settings: Training, networks: int) -> None:
    """Refuse what a stack cannot have. Of bfloat16: on the CPU autocast passes over the convolutions of a stack."""
    alone = {"precision": settings.precision != "float32", "compiled": settings.compiled}
    if settings.precision in devices.PRECISIONS and networks > 1 and any(alone.values()):
        names = ", ".join(f"training.{name}" for name, chosen in alone.items() if chosen)
        raise UserError(f"{names} can be changed for networks that train one by one only: leave it as it is, or set training.stacked = false")


class Trainer:
    """The networks of one phase (all L1, or all adversarial), their optimisers and their losses, on one device.

    Weights, losses and optimisers are float32; with ``settings.precision`` bfloat16 the networks compute in that (autocast).
    """

    def __init__(self, networks: tuple[Network, ...], settings: Training, *, master_seed: int,
                 starts: list[State] | None = None, device: str = "cpu") -> None:  # fmt: skip
        _check(settings, len(networks))
        self.networks, self.settings, self.device = networks, settings, device
        modules = [fresh(n, settings, master_seed=master_seed).train() for n in networks]
        for module, state in zip(modules, starts or [], strict=False):
            module.load_state_dict(state)
        self.generator = Stack([self._placed(m) for m in modules], compiled=settings.compiled)
        self.adversarial = networks[0].adversarial
        self.steps = settings.adversarial_steps if self.adversarial else settings.steps
        self.peak = settings.adversarial_learning_rate if self.adversarial else settings.learning_rate
        on_gpu = torch.device(device).type == "cuda"
        self.recorded = on_gpu and (settings.size != "full" or networks[0].architecture in RECORDABLE)
        self._update = Recorded(self._train_on) if self.recorded else self._train_on
        self.optimisers = [self._adam(self.generator, self.peak, (0.9, 0.99))]
        if self.adversarial:
            self._add_adversary(master_seed)

    def _add_adversary(self, master_seed: int) -> None:
        settings, modules = self.settings, []
        for network in self.networks:
            with seeded_torch(master_seed, "discriminator", network.loss, network.seed or network.model_id):
                modules.append(discriminators.build(settings.discriminator).train())
        # Networks of a few channels judge faster on a CPU if the channels of a pixel lie side by side: there phi is most of a step.
        beside = self.device == devices.CPU and settings.size != "full"
        # BasicSR's discriminator flattens its maps and cannot have them channels last.
        laid = beside and settings.discriminator == "small"
        self.discriminator = Stack([m.to(self.device) for m in modules], compiled=settings.compiled, channels_last=laid)
        self.optimisers.append(self._adam(self.discriminator, settings.discriminator_learning_rate, settings.discriminator_betas))
        # The networks of one loss share its fixed network phi, which then sees all their crops in one batch.
        self.members = {loss: torch.tensor([i for i, n in enumerate(self.networks) if n.loss == loss], device=self.device)
                        for loss in dict.fromkeys(n.loss for n in self.networks)}  # fmt: skip
        self.order = torch.argsort(torch.cat([*self.members.values()]))
        self.phi = {loss: self._placed(perceptual.build(settings.perceptual, loss, master_seed=master_seed), channels_last=beside)
                    for loss in self.members}  # fmt: skip
        self.spread: dict[str, float] = dict.fromkeys(self.members, 1.0)

    def _adam(self, players: Stack, peak: float, betas: tuple[float, ...]) -> torch.optim.Adam:
        """A recorded step reads the learning rate, and the count of steps, from the GPU's memory."""
        rate = torch.tensor(peak, device=self.device) if self.recorded else peak
        return torch.optim.Adam(players.tensors(), lr=rate, betas=betas, capturable=self.recorded)

    def load_optimisers(self, states: list[dict[str, Any]]) -> None:
        """Take over the optimisers' states from a checkpoint, wherever that was made."""
        for optimiser, state in zip(self.optimisers, states, strict=True):
            here = {name: optimiser.param_groups[0][name] for name in ("lr", "capturable")}
            optimiser.load_state_dict(state | {"param_groups": [group | here for group in state["param_groups"]]})

    def calibrate(self, hr: Tensor) -> None:
        """Fix the scale of a stand-in's activations from one batch, the first of the training. VGG-19's and ResNet-18's keep their own."""
        if self.adversarial and self.settings.perceptual in perceptual.CALIBRATED:
            with torch.no_grad():
                hr = self._here(hr)
                self.spread = {k: float(self._run(phi, hr[self.members[k]].flatten(0, 1)).std()) for k, phi in self.phi.items()}

    def step(self, lr: Tensor, hr: Tensor, index: int) -> Tensor:
        """Train on one batch (n x b x 3 x h x w, n x b x 3 x H x W); returns the generators' losses, n."""
        share = rate(index, self.steps, warmup=self.settings.warmup, final=self.settings.final_rate)
        group = self.optimisers[0].param_groups[0]
        if self.recorded:
            group["lr"].fill_(self.peak * share)
        else:
            group["lr"] = self.peak * share
        return self._update(self._here(lr), self._here(hr))

    def _train_on(self, lr: Tensor, hr: Tensor) -> Tensor:
        sr = self._run(self.generator, lr)
        loss = self._adversarial(sr, hr) if self.adversarial else self._pixel(sr, hr)
        if self.settings.clip:
            self.generator.clip_(self.settings.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        return loss.detach()

    def _pixel(self, sr: Tensor, hr: Tensor) -> Tensor:
        loss = losses.pixel(sr, hr)
        self._backward(loss, self.generator)
        return loss

    def _adversarial(self, sr: Tensor, hr: Tensor) -> Tensor:
        settings = self.settings
        # The discriminator's verdict on SR serves both players: its weights change only after both gradients are taken.
        fake = self._run(self.discriminator, sr)
        loss = settings.perceptual_weight * self._perceptual(sr, hr) + settings.adversarial_weight * losses.fool(fake)
        if settings.pixel_weight:
            loss = loss + settings.pixel_weight * losses.pixel(sr, hr)
        self._backward(loss, self.generator, keep=not settings.compiled)
        if settings.compiled:  # a compiled graph is good for one gradient, so that the discriminator has to look again
            fake = self._run(self.discriminator, sr.detach())
        self._backward(losses.tell_apart(self._run(self.discriminator, hr), fake), self.discriminator)
        return loss

    def _perceptual(self, sr: Tensor, hr: Tensor) -> Tensor:
        """n values, of one loss after the other and put back into the order of the networks."""
        values = [
            losses.perceptual(sr[at], hr[at], partial(self._run, self.phi[loss]), spread=self.spread[loss]) for loss, at in self.members.items()
        ]
        return torch.cat(values)[self.order]

    def _placed(self, module: nn.Module, *, channels_last: bool = False) -> nn.Module:
        """A module, made on the CPU, where it trains."""
        chosen = channels_last or self.settings.channels_last
        return module.to(self.device, memory_format=torch.channels_last if chosen else torch.preserve_format)

    def _here(self, batch: Tensor) -> Tensor:
        """A batch, n x b x 3 x h x w, where the networks are and in their memory layout."""
        batch = batch.to(self.device)
        # In memory b h w n c: of a stack the convolutions see the channels of all networks side by side.
        return batch.permute(1, 3, 4, 0, 2).contiguous().permute(3, 0, 4, 1, 2) if self.settings.channels_last else batch

    def _run(self, network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """What a network makes of x: computed at the precision of the settings, given in that of x."""
        with devices.autocast(self.device, self.settings.precision):
            return network(x).to(x.dtype)

    @staticmethod
    def _backward(loss: Tensor, players: Stack, *, keep: bool = False) -> None:
        """Gradients of one player's loss for that player's weights alone."""
        for tensor in players.tensors():
            tensor.grad = None  # the memory of the last ones serves for the new ones
        gradients = torch.autograd.grad(loss.sum(), players.tensors(), retain_graph=keep)
        for tensor, gradient in zip(players.tensors(), gradients, strict=True):
            tensor.grad = gradient

"""One training step for a stack of networks (paper, section 3.1; D4-D6)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .. import networks as architectures
from ..common import devices
from ..common.errors import UserError
from ..common.randomness import seeded_torch
from ..fleet import Network
from ..profiles import Training
from . import discriminators, losses, perceptual
from .recorded import Recorded
from .stack import Stack, State


def schedule(step: int, steps: int, *, warmup: int, final: float) -> float:
    """The learning rate at a step as a share of its peak: linear warm-up times a cosine from 1 down to ``final``.

    >>> [round(schedule(s, 100, warmup=10, final=0.05), 3) for s in (0, 9, 99)]
    [0.1, 0.981, 0.05]
    """
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    return rising * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * step / max(steps - 1, 1))))


def fresh(network: Network, settings: Training, *, master_seed: int) -> nn.Module:
    """An untrained network. Its weights depend on architecture, scale and seed, not on data set or loss (D10)."""
    with seeded_torch(master_seed, "initialisation", network.architecture, network.scale, network.seed or network.model_id):
        return architectures.build(network.architecture, network.scale, settings.size)


class Trainer:
    """The networks of one phase (all L1, or all adversarial) with their optimisers and losses, on one device.

    Weights, losses and optimisers are float32; ``settings.precision`` bfloat16 lets the networks compute in it (autocast).
    Raises UserError for settings that a stack cannot have.
    """

    def __init__(self, networks: tuple[Network, ...], settings: Training, *, master_seed: int,
                 starts: list[State] | None = None, device: str = devices.CPU) -> None:  # fmt: skip
        # On a CPU autocast skips the convolutions of a stack.
        alone = {"precision": settings.precision != "float32", "compiled": settings.compiled}
        if settings.precision in devices.PRECISIONS and len(networks) > 1 and any(alone.values()):
            names = ", ".join(f"training.{name}" for name, chosen in alone.items() if chosen)
            raise UserError(f"{names} can be changed for networks that train one by one only: leave it as it is, or set training.stacked = false")
        self.networks, self.settings, self.device = networks, settings, device
        self.channels_last = networks[0].architecture in settings.channels_last
        modules = [fresh(n, settings, master_seed=master_seed).train() for n in networks]
        for module, state in zip(modules, starts or [], strict=False):
            module.load_state_dict(state)
        self.generator = Stack([self._placed(m) for m in modules], compiled=settings.compiled)
        self.players = [self.generator]
        self.adversarial = networks[0].adversarial
        self.steps = settings.adversarial_steps if self.adversarial else settings.steps
        self.peak = settings.adversarial_learning_rate if self.adversarial else settings.learning_rate
        on_gpu = torch.device(device).type == "cuda"
        self.recorded = on_gpu and (settings.size != "full" or networks[0].architecture in settings.recorded)
        self._update = Recorded(self._train_on) if self.recorded else self._train_on
        self.optimisers = [self._adam(self.generator, self.peak, (0.9, 0.99))]
        if self.adversarial:
            self._add_adversary(master_seed)

    def _add_adversary(self, master_seed: int) -> None:
        settings, modules = self.settings, []
        for network in self.networks:
            with seeded_torch(master_seed, "discriminator", network.loss, network.seed or network.model_id):
                modules.append(discriminators.build(settings.discriminator).train())
        # On a CPU, channels-last speeds up the discriminator and phi, which dominate a step of a small network.
        small = self.device == devices.CPU and settings.size != "full"
        # BasicSR's discriminator flattens its maps and cannot have them channels-last.
        channels_last = small and settings.discriminator == "small"
        self.discriminator = Stack([m.to(self.device) for m in modules], compiled=settings.compiled, channels_last=channels_last)
        self.players.append(self.discriminator)
        self.optimisers.append(self._adam(self.discriminator, settings.discriminator_learning_rate, settings.discriminator_betas))
        # Networks of one loss share its phi, which sees all their crops in one batch.
        self.members = {loss: torch.tensor([i for i, n in enumerate(self.networks) if n.loss == loss], device=self.device)
                        for loss in dict.fromkeys(n.loss for n in self.networks)}  # fmt: skip
        self.order = torch.argsort(torch.cat([*self.members.values()]))
        self.phi = {loss: self._placed(perceptual.build(settings.perceptual, loss, master_seed=master_seed), channels_last=small)
                    for loss in self.members}  # fmt: skip
        self.spread: dict[str, float] = dict.fromkeys(self.members, 1.0)

    def _adam(self, player: Stack, peak: float, betas: tuple[float, ...]) -> torch.optim.Adam:
        """A recorded step needs the learning rate and the count of steps in GPU memory."""
        lr = torch.tensor(peak, device=self.device) if self.recorded else peak
        return torch.optim.Adam(player.tensors(), lr=lr, betas=(betas[0], betas[1]), capturable=self.recorded)

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs to continue the training, on any device."""
        return {"modules": [p.states() for p in self.players], "optimisers": [o.state_dict() for o in self.optimisers]}

    def load_state(self, saved: dict[str, Any]) -> None:
        """Continue from a `state`, whichever device it was made on."""
        for player, states in zip(self.players, saved["modules"], strict=True):
            player.load_states(states)
        for optimiser, state in zip(self.optimisers, saved["optimisers"], strict=True):
            own = {name: optimiser.param_groups[0][name] for name in ("lr", "capturable")}  # these depend on the device
            optimiser.load_state_dict(state | {"param_groups": [group | own for group in state["param_groups"]]})

    def calibrate(self, hr: Float[Tensor, "n b 3 h w"]) -> None:
        """Fix the spread of phi's activations from the first batch, for networks phi that need it (`perceptual.CALIBRATED`)."""
        if self.adversarial and self.settings.perceptual in perceptual.CALIBRATED:
            with torch.no_grad():
                hr = self._here(hr)
                self.spread = {k: float(self._run(phi, hr[self.members[k]].flatten(0, 1)).std()) for k, phi in self.phi.items()}

    def step(self, lr: Float[Tensor, "n b 3 h w"], hr: Float[Tensor, "n b 3 sh sw"], index: int) -> Float[Tensor, " n"]:
        """Train on one batch; returns the generators' losses."""
        share = schedule(index, self.steps, warmup=self.settings.warmup, final=self.settings.final_rate)
        group = self.optimisers[0].param_groups[0]
        if self.recorded:
            group["lr"].fill_(self.peak * share)
        else:
            group["lr"] = self.peak * share
        return self._update(self._here(lr), self._here(hr))

    def _train_on(self, lr: Tensor, hr: Tensor) -> Tensor:
        sr = self._run(self.generator, lr)
        if self.adversarial:
            loss = self._adversarial(sr, hr)
        else:
            loss = losses.pixel(sr, hr)
            _backward(loss, self.generator)
        if self.settings.clip:
            self.generator.clip_(self.settings.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        return loss.detach()

    def _adversarial(self, sr: Tensor, hr: Tensor) -> Tensor:
        settings = self.settings
        # The logits of SR serve both players: the discriminator's weights change only after both gradients are taken.
        fake = self._run(self.discriminator, sr)
        loss = settings.perceptual_weight * self._perceptual(sr, hr) + settings.adversarial_weight * losses.adversarial(fake)
        if settings.pixel_weight:
            loss = loss + settings.pixel_weight * losses.pixel(sr, hr)
        _backward(loss, self.generator, keep=not settings.compiled)
        if settings.compiled:  # a compiled graph allows one backward pass only
            fake = self._run(self.discriminator, sr.detach())
        _backward(losses.discriminator(self._run(self.discriminator, hr), fake), self.discriminator)
        return loss

    def _perceptual(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Computed loss by loss, then brought back into the order of the networks: n."""
        values = [
            losses.perceptual(sr[at], hr[at], partial(self._run, self.phi[loss]), spread=self.spread[loss]) for loss, at in self.members.items()
        ]
        return torch.cat(values)[self.order]

    def _placed(self, module: nn.Module, *, channels_last: bool = False) -> nn.Module:
        layout = torch.channels_last if channels_last or self.channels_last else torch.preserve_format
        return module.to(self.device, memory_format=layout)  # pyrefly: ignore[no-matching-overload]  # torch's overloads lack memory_format

    def _here(self, batch: Tensor) -> Tensor:
        """A batch, n x b x 3 x h x w, on the device and in the networks' memory layout."""
        if self.channels_last:
            # b h w n c in memory: to the convolutions of a stack the channels of all networks are adjacent.
            return batch.to(self.device).permute(1, 3, 4, 0, 2).contiguous().permute(3, 0, 4, 1, 2)
        return devices.place(batch, self.device)

    def _run(self, network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The network's output, computed in the precision of the settings, returned in that of x."""
        with devices.autocast(self.device, self.settings.precision):
            return network(x).to(x.dtype)


def _backward(loss: Tensor, player: Stack, *, keep: bool = False) -> None:
    """Sets the gradients of one player's loss on that player's weights alone."""
    for tensor in player.tensors():
        tensor.grad = None  # frees the memory of the last gradients for the new ones
    gradients = torch.autograd.grad(loss.sum(), player.tensors(), retain_graph=keep)
    for tensor, gradient in zip(player.tensors(), gradients, strict=True):
        tensor.grad = gradient

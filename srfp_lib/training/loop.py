"""The training of a stack from fresh weights to finished networks, with a log and a checkpoint to resume from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..common.errors import UserError
from ..fleet import Network
from ..images.superresolve import downscale, super_resolve
from ..profiles import Training
from . import batches
from .batches import Rows, Tiles
from .trainer import State, Trainer, fresh


@dataclass(frozen=True, eq=False)
class Data:
    """What a training sees: uint8 tiles N x T x T x 3 by data set, and batches of held-out images N x H x W x 3 for the log."""

    tiles: Mapping[str, np.ndarray | Rows]
    held_out: Sequence[np.ndarray]


@dataclass(eq=False)
class Trained:
    """Finished networks: state dicts by model_id, and the log (model_id, step, loss, held_out_psnr)."""

    states: dict[str, State]
    log: list[dict[str, Any]]


def train(networks: tuple[Network, ...], data: Data, settings: Training, *, master_seed: int,
          checkpoints: Path | None = None, device: str = "cpu") -> Trained:  # fmt: skip
    """Train networks of one architecture and scale: those with L1 first, then the adversarial ones (D5).

    With ``settings.start_from_l1`` an adversarial network starts from the finished L1 network of the same data set and
    seed, which must be among ``networks``. Equal arguments give equal bits on one machine with one thread; the stack is
    the unit: a network trained alone agrees with its stacked twin to rounding only.
    """
    pixel = tuple(n for n in networks if not n.adversarial)
    adversarial = tuple(n for n in networks if n.adversarial)
    done = Trained({}, [])
    for phase, name in ((pixel, "pixel"), (adversarial, "adversarial")):
        if phase:
            starts = _twins(phase, done.states) if phase[0].adversarial and settings.start_from_l1 else None
            trainer = Trainer(phase, settings, master_seed=master_seed, starts=starts, device=device)
            path = checkpoints / f"{name}.pt" if checkpoints and settings.checkpoint_every else None
            log = _run(trainer, data, master_seed=master_seed, checkpoint=path)
            states = dict(zip((n.model_id for n in phase), trainer.generator.states(), strict=True))
            done.states.update(states)
            done.log += log + [_scored(n, s, data, settings, device) for n, s in zip(phase, states.values(), strict=True)]
    return done


def _twins(networks: tuple[Network, ...], states: dict[str, State]) -> list[State]:
    try:
        return [states[n.model_id.replace(f"-{n.loss}-", "-L1-")] for n in networks]
    except KeyError as error:
        raise UserError(f"start_from_l1 needs {error} in the same job: set training.stacked = true") from None


def _run(trainer: Trainer, data: Data, *, master_seed: int, checkpoint: Path | None) -> list[dict[str, Any]]:
    settings, networks = trainer.settings, trainer.networks
    by_set = {d: Tiles.of(data.tiles[d], networks[0].scale) for d in dict.fromkeys(n.dataset for n in networks)}
    tiles = [by_set[n.dataset] for n in networks]
    draws = [
        batches.draw(t, steps=trainer.steps, batch=settings.batch, patch=settings.patch, name=(n.dataset, n.seed or n.model_id),
                     master_seed=master_seed)
        for t, n in zip(tiles, networks, strict=True)
    ]  # fmt: skip
    trainer.calibrate(batches.batch_of(tiles, draws, 0, patch=settings.patch)[1])
    start, log = _resume(trainer, checkpoint)
    for step in range(start, trainer.steps):
        loss = trainer.step(*batches.batch_of(tiles, draws, step, patch=settings.patch), step)
        if (step + 1) % settings.log_every == 0 or step + 1 == trainer.steps:
            log += _rows(networks, step + 1, loss)
        if checkpoint and (step + 1) % settings.checkpoint_every == 0 and step + 1 < trainer.steps:
            _save(trainer, checkpoint, step + 1, log)
    return log


def _rows(networks: tuple[Network, ...], step: int, loss: torch.Tensor) -> list[dict[str, Any]]:
    values = loss.tolist()
    for network, value in zip(networks, values, strict=True):
        if not np.isfinite(value):
            raise UserError(
                f"the training of {network.model_id} broke down: its loss is {value} at step {step}; "
                "lower training.learning_rate or training.adversarial_learning_rate, or set training.clip"
            )
    return [{"model_id": n.model_id, "step": step, "loss": v} for n, v in zip(networks, values, strict=True)]


def _scored(network: Network, state: State, data: Data, settings: Training, device: str) -> dict[str, Any]:
    """The mean PSNR over the held-out images, in dB, as the log's last line of a network."""
    module = fresh(network, settings, master_seed=0).eval()
    module.load_state_dict(state)
    module.to(device)
    sr = [super_resolve(module, downscale(hr, network.scale), device=device).astype(np.float32) for hr in data.held_out]
    errors = np.concatenate([np.square(a - b).mean((1, 2, 3)) for a, b in zip(sr, data.held_out, strict=True)]).clip(1e-9)
    steps = settings.adversarial_steps if network.adversarial else settings.steps
    psnr = float(np.mean(10 * np.log10(255**2 / errors)))
    return {"model_id": network.model_id, "step": steps, "held_out_psnr": psnr}


def _save(trainer: Trainer, path: Path, step: int, log: list[dict[str, Any]]) -> None:
    players = [trainer.generator] + ([trainer.discriminator] if trainer.adversarial else [])
    modules = [player.states() for player in players]
    state = {"step": step, "log": log, "modules": modules, "optimisers": [o.state_dict() for o in trainer.optimisers]}
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def _resume(trainer: Trainer, path: Path | None) -> tuple[int, list[dict[str, Any]]]:
    """Take up a checkpoint if there is one; a damaged one is refused, because silently starting anew would hide it."""
    if path is None or not path.exists():
        return 0, []
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"the checkpoint '{path}' is damaged ({error}): delete it to train from the start") from None
    players = [trainer.generator] + ([trainer.discriminator] if trainer.adversarial else [])
    for player, states in zip(players, state["modules"], strict=True):
        player.load_states(states)
    trainer.load_optimisers(state["optimisers"])
    return state["step"], state["log"]

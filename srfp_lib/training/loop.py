"""The training of a stack from fresh weights to finished networks, with a log and checkpoints to resume from."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from ..common.errors import UserError
from ..common.files import write_whole
from ..fleet import Network
from ..images.store import ahead
from ..images.superresolve import downscale, super_resolve
from ..profiles import Training
from . import batches
from .batches import Rows, Tiles
from .stack import State
from .trainer import Trainer, fresh

Log = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Data:
    """Training tiles by data set, batches of held-out HR images for the log, and LR tiles by data set and scale.

    Where there are no LR tiles, each is made of its HR tile.
    """

    tiles: Mapping[str, UInt8[np.ndarray, "_ t t 3"] | Rows]
    held_out: Sequence[UInt8[np.ndarray, "_ _ _ 3"]]
    lr: Mapping[tuple[str, int], Rows] = field(default_factory=dict)

    def at(self, dataset: str, scale: int) -> Tiles:
        """The tiles of a data set at a scale."""
        lr = self.lr.get((dataset, scale))
        return Tiles.of(self.tiles[dataset], scale) if lr is None else Tiles(self.tiles[dataset], lr)


@dataclass(eq=False)
class Trained:
    """Finished networks: state dicts by model_id, and the log (model_id, step, loss, held_out_psnr in dB)."""

    states: dict[str, State]
    log: Log


def l1_twin(network: Network) -> Network:
    """The network with L1 loss that differs in nothing else: an adversarial one may start from it (D5)."""
    return replace(network, loss="L1", model_id=network.model_id.replace(f"-{network.loss}-", "-L1-"))


def train(networks: tuple[Network, ...], data: Data, settings: Training, *, master_seed: int,
          checkpoints: Path | None = None, device: str = "cpu") -> Trained:  # fmt: skip
    """Train networks of one architecture and scale (paper, section 3.1): those with L1, then the adversarial ones.

    With ``settings.start_from_l1`` an adversarial network starts from its L1 twin, which must be among ``networks`` (D5).
    Equal arguments give equal bits on one kind of CPU with one thread. A network trained alone agrees with the same network
    in a stack to rounding only. ``checkpoints`` is a folder; a training interrupted there is resumed.
    Raises UserError for a missing twin, a damaged checkpoint, a loss that is not finite.
    """
    done = Trained({}, [])
    for phase in ("pixel", "adversarial"):
        members = tuple(n for n in networks if n.adversarial == (phase == "adversarial"))
        if not members:
            continue
        starts = _twins(members, done.states) if phase == "adversarial" and settings.start_from_l1 else None
        trainer = Trainer(members, settings, master_seed=master_seed, starts=starts, device=device)
        path = checkpoints / f"{phase}.pt" if checkpoints and settings.checkpoint_every else None
        done.log += _run(trainer, data, master_seed=master_seed, checkpoint=path)
        for network, state in zip(members, trainer.generator.states(), strict=True):
            done.states[network.model_id] = state
            psnr = _held_out_psnr(network, state, data, settings, device)
            done.log.append({"model_id": network.model_id, "step": trainer.steps, "held_out_psnr": psnr})
    return done


def _twins(networks: tuple[Network, ...], states: dict[str, State]) -> list[State]:
    try:
        return [states[l1_twin(n).model_id] for n in networks]
    except KeyError as error:
        raise UserError(f"start_from_l1 needs {error} in the same job: set training.stacked = true") from None


def _run(trainer: Trainer, data: Data, *, master_seed: int, checkpoint: Path | None) -> Log:
    settings, networks = trainer.settings, trainer.networks
    sets = {name: data.at(name, networks[0].scale) for name in {n.dataset: None for n in networks}}
    tiles = [sets[n.dataset] for n in networks]
    draws = [
        batches.draw(sets[n.dataset], steps=trainer.steps, batch=settings.batch, patch=settings.patch,
                     name=(n.dataset, n.seed or n.model_id), master_seed=master_seed)
        for n in networks
    ]  # fmt: skip
    trainer.calibrate(batches.batch_of(tiles, draws, 0, patch=settings.patch)[1])
    start, log = _resume(trainer, checkpoint)
    for step, batch in ahead((step, batches.batch_of(tiles, draws, step, patch=settings.patch)) for step in range(start, trainer.steps)):
        loss = trainer.step(*batch, step)
        done = step + 1
        if done % settings.log_every == 0 or done == trainer.steps:
            log += _rows(networks, done, loss)
        if checkpoint and done % settings.checkpoint_every == 0 and done < trainer.steps:
            _save(trainer, checkpoint, done, log)
    return log


def _rows(networks: tuple[Network, ...], step: int, loss: Float[Tensor, " n"]) -> Log:
    rows = [{"model_id": n.model_id, "step": step, "loss": value} for n, value in zip(networks, loss.tolist(), strict=True)]
    for row in rows:
        if not np.isfinite(row["loss"]):
            raise UserError(
                f"the training of {row['model_id']} broke down: its loss is {row['loss']} at step {step}; "
                "lower training.learning_rate or training.adversarial_learning_rate, or set training.clip"
            )
    return rows


def _held_out_psnr(network: Network, state: State, data: Data, settings: Training, device: str) -> float:
    """The mean PSNR of the 8-bit held-out images, in dB."""
    module = fresh(network, settings, master_seed=0).eval()
    module.load_state_dict(state)
    module.to(device)
    sr = [super_resolve(module, downscale(hr, network.scale), device=device).astype(np.float32) for hr in data.held_out]
    errors = np.concatenate([np.square(a - b).mean((1, 2, 3)) for a, b in zip(sr, data.held_out, strict=True)]).clip(1e-9)
    return float(np.mean(10 * np.log10(255**2 / errors)))


def _save(trainer: Trainer, path: Path, step: int, log: Log) -> None:
    whole = io.BytesIO()
    torch.save({"step": step, "log": log, **trainer.state()}, whole)
    write_whole(path, whole.getvalue())


def _resume(trainer: Trainer, path: Path | None) -> tuple[int, Log]:
    """Step and log of the checkpoint, if there is one. Refuses a damaged file: starting over silently would hide it."""
    if path is None or not path.exists():
        return 0, []
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"the checkpoint '{path}' is damaged ({error}): delete it to train from the start") from None
    trainer.load_state(saved)
    return saved["step"], saved["log"]

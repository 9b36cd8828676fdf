"""How a classifier is trained: the paper's recipe (section 3.3; D16-D20), and a short one for small bodies."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int64
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..common import devices
from ..common.errors import UserError
from ..common.files import write_whole
from ..common.randomness import numpy_generator, seeded_torch
from ..fleet import Network
from ..images.store import Images, Pick, ahead
from ..profiles import Classifier as Settings
from ..tasks import Task
from .bodies import Classifier
from .losses import Losses

KNOWN = 4  # pixels: crops at multiples of it begin at one place of the sub-pixel grid of both scales
IGNORED = -100  # the label of a network that a head is not trained on


def labels(heads: Mapping[str, Task], networks: Iterable[Network]) -> dict[str, Int64[Tensor, " n"]]:
    """The class number of every network for every head."""
    return {head: torch.tensor([task.classes.index(task.label(n)) if n in task.train else IGNORED for n in networks]) for head, task in heads.items()}


class Fitting:
    """A classifier in training on one device: a head for each task, shown crops of the images ``train`` of all networks of the tasks.

    With a ``known_offset`` all crops, in training and test, begin at the same place of the sub-pixel grid: a control (D17).
    ``probed``: a linear probe stands beside each head, see `probe.fit`.
    """

    def __init__(self, heads: Mapping[str, Task], images: Images, train: tuple[int, ...], validation: tuple[int, ...], *, run: int,
                 backbone: str, settings: Settings, master_seed: int, known_offset: bool = False, start: Mapping[str, Tensor] | None = None,
                 probed: bool = False, device: str = "cpu", weights_dir: str | Path | None = None) -> None:  # fmt: skip
        self.seed = None if known_offset else master_seed
        self.images, self.train, self.validation, self.settings, self.device = images, train, validation, settings, device
        self.side = settings.side(backbone)
        networks = tuple(dict.fromkeys(network for task in heads.values() for network in task.train))
        self.ids = [network.model_id for network in networks]
        name = (*heads, backbone, run)
        self.rng = numpy_generator(master_seed, "classifier", *name)
        with seeded_torch(master_seed, "classifier", *name):
            model = Classifier(backbone, {head: len(task.classes) for head, task in heads.items()}, weights_dir=weights_dir, probed=probed)
        layout = torch.channels_last if devices.channels_last(device, settings.precision) else torch.contiguous_format
        self.model = model.to(memory_format=layout)  # pyrefly: ignore[no-matching-overload]  # torch's stubs lack it
        if start is not None:
            mine = self.model.state_dict()  # a head stays fresh where its classes are others (D23)
            self.model.load_state_dict(mine | {k: v for k, v in start.items() if k in mine and mine[k].shape == v.shape})
        self.model.to(device)
        found = labels(heads, networks)
        self.labels = {(model_id, head): int(numbers[i]) for head, numbers in found.items() for i, model_id in enumerate(self.ids)}

    def loss(self, picks: list[Pick], crops: Float[Tensor, "n 3 side side"]) -> Float[Tensor, ""]:
        """The sum of the heads' cross-entropies."""
        with devices.autocast(self.device, self.settings.precision):
            _, logits = self.model(crops)
        total = torch.zeros((), device=self.device)
        for head, values in logits.items():
            wanted = torch.tensor([self.labels[model_id, head] for model_id, _ in picks])
            if (wanted != IGNORED).any():
                total = total + F.cross_entropy(values.float(), wanted.to(self.device), ignore_index=IGNORED)
        return total

    def resume(self, saved: Mapping[str, Any], optimiser: torch.optim.Optimizer) -> None:
        """Continue from a checkpoint: weights, optimiser and random numbers."""
        self.model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        self.rng.bit_generator.state = saved["rng"]

    def crops(self, picks: list[Pick]) -> Float32[Tensor, "n 3 side side"]:
        """A random crop of every pick."""
        crops = self.images.random_crops(picks, self.side, grid=KNOWN if self.seed is None else 1, rng=self.rng)
        return devices.place(crops, self.device, self.settings.precision)


def save_state(model: Classifier, path: Path) -> None:
    """Save a classifier as safetensors."""
    save_file({k: v.contiguous().cpu() for k, v in model.state_dict().items()}, path)


def load_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a saved classifier. Raises UserError if the file is damaged."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"the classifier '{path}' is damaged ({error}): delete its receipt, and the same command trains it again") from None


def _save(path: Path, **state: Any) -> None:
    whole = io.BytesIO()
    torch.save(state, whole)
    write_whole(path, whole.getvalue())


def _saved(path: Path | None) -> dict[str, Any]:
    """The state in a checkpoint, empty if there is none. A damaged one is refused: starting over silently would hide it."""
    if path is None or not path.exists():
        return {}
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for a damaged file
        raise UserError(f"the checkpoint '{path}' is damaged ({type(error).__name__}): delete it to train from the start") from None


def fit(fitting: Fitting, steps: int, checkpoint: Path | None = None) -> Classifier:
    """Train by the recipe in the settings; an interrupted training resumes from its checkpoint and ends with the same bits."""
    return fit_steps(fitting, steps, checkpoint) if fitting.settings.recipe == "steps" else fit_paper(fitting, checkpoint)


def fit_steps(fitting: Fitting, steps: int, checkpoint: Path | None = None) -> Classifier:
    """AdamW for a fixed number of steps: 20 steps of warm-up, then a cosine down to 2 %. Pairs are drawn uniformly."""
    settings, model = fitting.settings, fitting.model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    if saved := _saved(checkpoint):
        fitting.resume(saved, optimiser)
    losses = Losses()
    for step, (picks, crops, rng) in ahead(_drawn(fitting, range(saved.get("step", 0), steps))):
        rising = min(1.0, (step + 1) / 20)
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / max(steps - 1, 1)))
        optimiser.param_groups[0]["lr"] = settings.learning_rate * rising * cosine
        losses.add(_descend(fitting.loss(picks, crops), optimiser), f"step {step + 1}")
        if checkpoint and (step + 1) % settings.checkpoint_every == 0:
            losses.check()
            _save(checkpoint, step=step + 1, model=model.state_dict(), optimiser=optimiser.state_dict(), rng=rng)
    losses.check()
    return model.eval()


def _drawn(fitting: Fitting, steps: range) -> Iterator[tuple[int, tuple[list[Pick], Tensor, Any]]]:
    """The step, its pairs, their crops, and the generator's state after these draws."""
    size = fitting.settings.batch
    for step in steps:
        networks, numbers = fitting.rng.integers(len(fitting.ids), size=size), fitting.rng.choice(fitting.train, size=size)
        picks = [(fitting.ids[n], int(i)) for n, i in zip(networks, numbers, strict=True)]
        crops = fitting.crops(picks)
        yield step, (picks, crops, fitting.rng.bit_generator.state)


def fit_paper(fitting: Fitting, checkpoint: Path | None = None) -> Classifier:
    """The paper's recipe: Adamax, first the heads alone, then everything; the best validation accuracy wins (D18-D20).

    Each phase has its own optimiser and schedule: the learning rate is cut by 10 when the training loss has not improved
    for more than 3 epochs, and the phase stops when it falls below 4e-6. With frozen weights the body stays in training
    mode, as in the released code (D20).
    """
    settings, model, saved = fitting.settings, fitting.model, _saved(checkpoint)
    best = copy.deepcopy(model.state_dict())
    phases = ((settings.head_epochs, model.heads.parameters()), (settings.epochs, model.parameters()))
    for phase, (epochs, parameters) in enumerate(phases):
        if phase < saved.get("phase", 0):
            continue
        model.requires_grad_(False)
        trained = [p.requires_grad_(True) for p in parameters]
        optimiser = torch.optim.Adamax(trained, lr=settings.learning_rate)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=3)
        record, first = -1.0, 0  # reset at the second phase, as in the released code (D19)
        if saved:
            fitting.resume(saved, optimiser)
            schedule.load_state_dict(saved["schedule"])
            best, record, first, saved = saved["best"], saved["record"], saved["epoch"], {}
        for epoch in range(first, epochs):
            if optimiser.param_groups[0]["lr"] < 4e-6:
                break
            loss = _epoch(fitting, optimiser, epoch)
            accuracy = _validate(fitting)
            if accuracy > record:
                record, best = accuracy, copy.deepcopy(model.state_dict())
            schedule.step(loss)
            if checkpoint:
                _save(checkpoint, phase=phase, epoch=epoch + 1, record=record, best=best, model=model.state_dict(),
                      rng=fitting.rng.bit_generator.state, optimiser=optimiser.state_dict(), schedule=schedule.state_dict())  # fmt: skip
    model.load_state_dict(best)
    return model.eval()


def _epoch(fitting: Fitting, optimiser: torch.optim.Optimizer, epoch: int) -> float:
    """Returns the mean loss."""
    fitting.model.train()
    losses = Losses()
    for picks, crops in ahead((p, fitting.crops(p)) for p in _batches(fitting, fitting.train, shuffle=True)):
        losses.add(_descend(fitting.loss(picks, crops), optimiser), f"epoch {epoch + 1}")
    return float(np.mean(losses.check()))


@torch.inference_mode()
def _validate(fitting: Fitting) -> float:
    """The mean accuracy of the heads on the centre crops of the validation images."""
    fitting.model.eval()
    right: list[bool] = []
    settings, device = fitting.settings, fitting.device
    batches = (
        (picks, fitting.images.test_crops(picks, fitting.side, seed=fitting.seed)) for picks in _batches(fitting, fitting.validation, shuffle=False)
    )
    for picks, crops in ahead(batches):
        with devices.autocast(device, settings.precision):
            _, logits = fitting.model(devices.place(crops, device, settings.precision))
        for head, values in logits.items():
            wanted = torch.tensor([fitting.labels[model_id, head] for model_id, _ in picks])
            right += (values.argmax(1).cpu() == wanted)[wanted != IGNORED].tolist()
    return float(np.mean(right))


def _batches(fitting: Fitting, numbers: tuple[int, ...], *, shuffle: bool) -> Iterator[list[Pick]]:
    pairs = [(model_id, i) for model_id in fitting.ids for i in numbers]
    order = fitting.rng.permutation(len(pairs)) if shuffle else np.arange(len(pairs))
    for start in range(0, len(pairs), fitting.settings.batch):
        yield [pairs[i] for i in order[start : start + fitting.settings.batch]]


def _descend(loss: Tensor, optimiser: torch.optim.Optimizer) -> Tensor:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


@torch.inference_mode()
def evaluate(model: Classifier, images: Images, picks: list[Pick], *, side: int | None, seed: int | None, precision: str, batch: int = 16,
             device: str = "cpu") -> tuple[Float32[np.ndarray, "n d"], dict[str, Float32[np.ndarray, "n classes"]]]:  # fmt: skip
    """Features and log-probabilities by head, of `Images.test_crops`, the largest if ``side`` is None. The model is on the device."""
    features: list[np.ndarray] = []
    scores: dict[str, list[np.ndarray]] = {head: [] for head in model.heads}
    several = (picks[start : start + batch] for start in range(0, len(picks), batch))
    for crops in ahead(images.test_crops(some, side or images.whole(some[0][0]), seed=seed) for some in several):
        crops = devices.place(crops, device, precision)
        with devices.autocast(device, precision):
            feature, logits = model(crops)
        features.append(feature.float().cpu().numpy())
        for head, values in logits.items():
            scores[head].append(F.log_softmax(values.float(), 1).cpu().numpy())
    return np.concatenate(features), {head: np.concatenate(v) for head, v in scores.items()}

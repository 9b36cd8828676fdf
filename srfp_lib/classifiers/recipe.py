"""How a classifier is trained: the paper's recipe (D16-D20), and a short one for small bodies."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..common import devices
from ..common.errors import UserError
from ..common.randomness import numpy_generator, seeded_torch
from ..fleet import Network
from ..images.store import Images, Pick, ahead
from ..profiles import Classifier as Settings
from ..tasks import Task
from .bodies import Classifier

IGNORED = -100  # the label of a network that a head is not trained on


@dataclass(frozen=True, eq=False)
class Question:
    """What one classifier is trained for: one task a head, on the given networks and images."""

    heads: dict[str, Task]
    networks: tuple[Network, ...]
    train: tuple[int, ...]  # numbers of the training images
    validation: tuple[int, ...]
    run: int

    def labels(self, networks: list[Network]) -> dict[str, Tensor]:
        """The class numbers of networks for every head."""
        return {name: torch.tensor([_label(task, n) for n in networks]) for name, task in self.heads.items()}


def _label(task: Task, network: Network) -> int:
    return task.classes.index(task.label(network)) if network in task.train else IGNORED


class Fitting:
    """A classifier in training, on one device."""

    def __init__(self, question: Question, images: Images, backbone: str, settings: Settings, *, master_seed: int,
                 start: dict[str, Tensor] | None = None, device: str = "cpu", weights_dir: str | Path | None = None) -> None:  # fmt: skip
        self.question, self.images, self.settings, self.device = question, images, settings, device
        name = (*question.heads, backbone, question.run)
        heads = {head: len(task.classes) for head, task in question.heads.items()}
        self.rng = numpy_generator(master_seed, "classifier", *name)
        with seeded_torch(master_seed, "classifier", *name):
            self.model = Classifier(backbone, heads, weights_dir=weights_dir).to(memory_format=torch.channels_last)
        if start is not None:
            _take_over(self.model, start)
        self.model.to(device)
        labels = question.labels(list(question.networks))
        self.labels = {(n.model_id, head): int(v[i]) for head, v in labels.items() for i, n in enumerate(question.networks)}

    def loss(self, picks: list[Pick], crops: Tensor) -> Tensor:
        """The sum of the heads' cross-entropies."""
        with devices.autocast(self.device, self.settings.precision):
            _, logits = self.model(crops)
        total = torch.zeros((), device=self.device)
        for head, values in logits.items():
            wanted = torch.tensor([self.labels[model_id, head] for model_id, _ in picks])
            if (wanted != IGNORED).any():
                total = total + F.cross_entropy(values.float(), wanted.to(self.device), ignore_index=IGNORED)
        return total

    def crops(self, picks: list[Pick]) -> Tensor:
        """A random crop of every pick, n x 3 x side x side."""
        return self.images.random_crops(picks, self.settings.crop, grid=self.settings.crop_grid, rng=self.rng).to(self.device)


def _take_over(model: Classifier, state: dict[str, Tensor]) -> None:
    """A kept classifier's body, and its heads where they answer the same question (D23)."""
    mine = model.state_dict()
    model.load_state_dict(mine | {k: v for k, v in state.items() if k in mine and mine[k].shape == v.shape})


def save_state(model: Classifier, path: Path) -> None:
    """Keep a classifier."""
    save_file({k: v.contiguous().cpu() for k, v in model.state_dict().items()}, path)


def load_state(path: Path) -> dict[str, Tensor]:
    """A kept classifier's tensors."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"the classifier '{path}' is damaged ({error}): delete its receipt, and the same command trains it again") from None


def fit(fitting: Fitting, steps: int) -> Classifier:
    """Train by the recipe that the settings name."""
    return fit_steps(fitting, steps) if fitting.settings.recipe == "steps" else fit_paper(fitting)


def fit_steps(fitting: Fitting, steps: int) -> Classifier:
    """AdamW for a fixed number of steps: 20 steps of warm-up, then a cosine down to 2 %. Pairs are drawn uniformly."""
    settings, model = fitting.settings, fitting.model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    for step, (picks, crops) in enumerate(ahead(_drawn(fitting, steps))):
        rising = min(1.0, (step + 1) / 20)
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / max(steps - 1, 1)))
        optimiser.param_groups[0]["lr"] = settings.learning_rate * rising * cosine
        _descend(fitting.loss(picks, crops), optimiser, f"step {step + 1}")
    return model.eval()


def _drawn(fitting: Fitting, steps: int) -> Iterator[tuple[list[Pick], Tensor]]:
    question, size, ids = fitting.question, fitting.settings.batch, [n.model_id for n in fitting.question.networks]
    for _ in range(steps):
        networks, numbers = fitting.rng.integers(len(ids), size=size), fitting.rng.choice(question.train, size=size)
        picks = [(ids[n], int(i)) for n, i in zip(networks, numbers, strict=True)]
        yield picks, fitting.crops(picks)


def fit_paper(fitting: Fitting) -> Classifier:
    """The paper's recipe: Adamax, first the heads alone, then everything; the best validation accuracy wins (D18-D20).

    Each phase has its own optimiser and schedule: the learning rate is cut by 10 when the training loss has not improved
    for more than 3 epochs, and the phase stops when it falls below 4e-6. With frozen weights the body stays in training
    mode, as the released code has it (D20).
    """
    settings, model = fitting.settings, fitting.model
    best = copy.deepcopy(model.state_dict())
    for epochs, parameters in ((settings.head_epochs, model.heads.parameters()), (settings.epochs, model.parameters())):
        model.requires_grad_(False)
        parameters = [p.requires_grad_(True) for p in parameters]
        optimiser = torch.optim.Adamax(parameters, lr=settings.learning_rate)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=3)
        record = -1.0  # reset at the second phase, as in the released code (D19)
        for epoch in range(epochs):
            loss = _epoch(fitting, optimiser, epoch)
            accuracy = _validate(fitting)
            if accuracy > record:
                record, best = accuracy, copy.deepcopy(model.state_dict())
            schedule.step(loss)
            if optimiser.param_groups[0]["lr"] < 4e-6:
                break
    model.load_state_dict(best)
    return model.eval()


def _epoch(fitting: Fitting, optimiser: torch.optim.Optimizer, epoch: int) -> float:
    fitting.model.train()
    losses = []
    for picks, crops in ahead((p, fitting.crops(p)) for p in _batches(fitting, fitting.question.train, shuffle=True)):
        losses.append(_descend(fitting.loss(picks, crops), optimiser, f"epoch {epoch + 1}"))
    return float(np.mean(losses))


@torch.inference_mode()
def _validate(fitting: Fitting) -> float:
    """The mean accuracy of the heads on the centre crops of the validation images."""
    fitting.model.eval()
    right: list[bool] = []
    for picks in _batches(fitting, fitting.question.validation, shuffle=False):
        _, logits = fitting.model(fitting.images.centre_crops(picks, fitting.settings.crop).to(fitting.device))
        for head, values in logits.items():
            wanted = torch.tensor([fitting.labels[model_id, head] for model_id, _ in picks])
            right += (values.argmax(1).cpu() == wanted)[wanted != IGNORED].tolist()
    return float(np.mean(right))


def _batches(fitting: Fitting, numbers: tuple[int, ...], *, shuffle: bool) -> Iterator[list[Pick]]:
    pairs = [(n.model_id, i) for n in fitting.question.networks for i in numbers]
    order = fitting.rng.permutation(len(pairs)) if shuffle else np.arange(len(pairs))
    for start in range(0, len(pairs), fitting.settings.batch):
        yield [pairs[i] for i in order[start : start + fitting.settings.batch]]


def _descend(loss: Tensor, optimiser: torch.optim.Optimizer, where: str) -> float:
    value = float(loss.detach())
    if not math.isfinite(value):
        raise UserError(f"the training of a classifier broke down: its loss is {value} at {where}; lower classifier.learning_rate")
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return value


@torch.inference_mode()
def evaluate(model: Classifier, images: Images, picks: list[Pick], *, side: int | None, precision: str,
             batch: int = 64, device: str = "cpu") -> tuple[np.ndarray, dict[str, np.ndarray]]:  # fmt: skip
    """Features (n x d) and log-probabilities (n x classes) by head, of centre crops, or of whole images if side is None.

    The model is on the device.
    """
    features, scores = [], {head: [] for head in model.heads}
    for start in range(0, len(picks), batch):
        some = picks[start : start + batch]
        crops = images.centre_crops(some, side or min(images.size(some[0]))).to(device)
        with devices.autocast(device, precision):
            feature, logits = model(crops)
        features.append(feature.float().cpu().numpy())
        for head, values in logits.items():
            scores[head].append(F.log_softmax(values.float(), 1).cpu().numpy())
    return np.concatenate(features), {head: np.concatenate(v) for head, v in scores.items()}

"""One classification of the study: which images train it, which are shown to it, and what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .. import fleet, tasks
from ..classifiers.predictions import Predictions
from ..fleet import Network
from ..images import gallery
from ..published import sources
from ..tasks import Classification, Task
from ..workflow.jobs import Desk

if TYPE_CHECKING:
    from ..classifiers.bodies import Classifier


def classify(desk: Desk, asked: Classification) -> None:
    """Train a classifier, or take a kept one, and show it the test images."""
    from ..classifiers import recipe

    settings = replace(desk.profile.classifier, crop_grid=asked.grid)
    named = {name: tasks.named(name, desk.profile.published) for name in asked.tasks}
    of_published = asked.tasks[0].startswith("published")
    trained = (gallery.published if of_published else gallery.custom)(desk, matched=asked.matched, bits=asked.bits)
    train, validation = (trained.numbers(part, run=asked.run) for part in ("train", "validation"))
    question = recipe.Question(named, _union(t.train for t in named.values()), trained.some(train, asked.percent), validation, asked.run)
    start = recipe.load_state(desk.read(asked.start)) if asked.start else None
    fitting = recipe.Fitting(question, trained.store, asked.backbone, settings, master_seed=desk.profile.master_seed, start=start,
                             device=desk.device, weights_dir=desk.profile.published.weights_dir)  # fmt: skip
    model = fitting.model.eval() if asked.show else recipe.fit(fitting, asked.steps)
    if asked.keep:
        recipe.save_state(model, desk.write(asked.keep))
    _show(desk, asked, named, model)


def _show(desk: Desk, asked: Classification, named: dict[str, Task], model: Classifier) -> None:
    """Write the answers of a classifier on the test images of the run's split."""
    from ..classifiers import recipe

    profile = desk.profile
    to_published = bool(asked.show) or asked.tasks[0].startswith("published") or asked.tasks[0].endswith("of-published")
    shown = (gallery.published if to_published else gallery.custom)(desk, matched=asked.matched, bits=asked.bits)
    networks = sources.networks(profile.published) if asked.show else _union(t.test for t in named.values())
    picks = [(n.model_id, i) for n in networks for i in shown.numbers("test", run=asked.run)]
    side = None if shown.tiles else profile.classifier.crop
    features, scores = recipe.evaluate(model, shown.store, picks, side=side, precision=profile.classifier.precision, device=desk.device)
    index = shown.index(picks)
    for (name, task), output in zip(named.items(), asked.outputs, strict=True):
        mine = index["model_id"].isin([n.model_id for n in (networks if asked.show else task.test)]).to_numpy()
        answers = index[mine].reset_index(drop=True)
        Predictions(output.split("/")[1], asked.run, task.classes, answers, scores[name][mine], features[mine]).save(desk.write(output))


def colour(desk: Desk, output: str) -> None:
    """Attribution of the custom networks by the mean colour of their images alone, in the split of run 1."""
    from ..classifiers import colour as by_colour
    from ..program import HR

    images, classes = gallery.custom(desk), tuple(n.model_id for n in fleet.custom())
    parts = {part: images.numbers(part, run=1) for part in ("train", "test")}

    def offsets(model_id: str, part: str) -> np.ndarray:
        pairs = zip(images.batches(model_id, parts[part]), images.batches(HR, parts[part]), strict=True)
        return np.concatenate([by_colour.offset(sr, hr) for sr, hr in pairs])

    train, test = (np.concatenate([offsets(m, part) for m in classes]) for part in parts)
    scores = by_colour.log_probabilities(train, np.repeat(classes, len(parts["train"])), test, classes)
    index = images.index([(m, i) for m in classes for i in parts["test"]])
    Predictions(output.split("/")[1], 1, classes, index, scores, test).save(desk.write(output))


def _union(groups: Sequence[tuple[Network, ...]]) -> tuple[Network, ...]:
    return tuple(dict.fromkeys(network for group in groups for network in group))

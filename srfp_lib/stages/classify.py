"""The work of classification jobs: which images train a classifier, which it is tested on, and what is written."""

from __future__ import annotations

import numpy as np

from .. import fleet
from ..classifiers import probe, recipe
from ..classifiers.bodies import Classifier
from ..classifiers.predictions import Predictions
from ..fingerprints import colour as by_colour
from ..images import gallery
from ..published import sources
from ..tasks import Classification, Task
from ..workflow.desk import Desk
from . import units


def classify(desk: Desk, job: Classification) -> None:
    """Train a classifier, or load a saved one, and write its predictions on the test images."""
    settings = desk.profile.classifier
    heads = {name: units.task(name, desk.profile.published) for name in job.tasks}
    of_published = job.tasks[0].startswith("published")
    images = (gallery.published if of_published else gallery.custom)(desk, matched=job.matched, bits=job.bits)
    train, validation = (images.numbers(part, run=job.run) for part in ("train", "validation"))
    start = recipe.load_state(desk.read(job.start)) if job.start else None
    fitting = recipe.Fitting(heads, images, images.some(train, job.percent), validation, run=job.run, backbone=job.backbone,
                             settings=settings, master_seed=desk.profile.master_seed, known_offset=job.known_offset, start=start,
                             probed=job.probe > 0, device=desk.device, weights_dir=desk.profile.published.weights_dir)  # fmt: skip
    if job.only_evaluate:
        model = fitting.model.eval()
    else:
        model = recipe.fit(fitting, job.steps, desk.checkpoints() / "classifier.pt" if settings.checkpoint_every else None)
    if job.probe and not job.only_evaluate:
        probe.fit(fitting, job.probe)
    if not job.start:
        desk.unchanged(units.backbone_content(job.backbone, desk.profile))
    if job.keep:
        recipe.save_state(model, desk.write(job.keep))
    _evaluate(desk, job, heads, model)


def _evaluate(desk: Desk, job: Classification, heads: dict[str, Task], model: Classifier) -> None:
    """Write the predictions of every head on the test images of the run's split."""
    settings = desk.profile.classifier
    to_published = job.only_evaluate or job.tasks[0].startswith("published") or job.tasks[0].endswith("of-published")
    images = (gallery.published if to_published else gallery.custom)(desk, matched=job.matched, bits=job.bits)
    shown = dict.fromkeys(heads, sources.networks(desk.profile.published)) if job.only_evaluate else {name: t.test for name, t in heads.items()}
    networks = dict.fromkeys(network for group in shown.values() for network in group)
    picks = [(n.model_id, i) for n in networks for i in images.numbers("test", run=job.run)]
    side = None if images.tiles else settings.side(job.backbone)
    features, scores = recipe.evaluate(model, images, picks, side=side, seed=None if job.known_offset else desk.profile.master_seed,
                                       precision=settings.precision, device=desk.device)  # fmt: skip
    index = images.index(picks)
    for (name, task), output in zip(heads.items(), job.outputs, strict=True):
        mine = index["model_id"].isin([n.model_id for n in shown[name]]).to_numpy()
        rows = index[mine].reset_index(drop=True)
        Predictions(output.split("/")[1], job.run, task.classes, rows, scores[name][mine], features[mine]).save(desk.write(output))


def colour(desk: Desk, output: str) -> None:
    """Attribute the custom networks by the mean colour of their images alone, in the split of run 1."""
    images, classes = gallery.custom(desk), tuple(n.model_id for n in fleet.custom())
    parts = {part: images.numbers(part, run=1) for part in ("train", "test")}

    def offsets(model_id: str, part: str) -> np.ndarray:
        pairs = zip(images.batches(model_id, parts[part]), images.batches(fleet.HR, parts[part]), strict=True)
        return np.concatenate([by_colour.offset(sr, hr) for sr, hr in pairs])

    train, test = (np.concatenate([offsets(m, part) for m in classes]) for part in parts)
    scores = by_colour.log_probabilities(train, np.repeat(classes, len(parts["train"])).tolist(), test, classes)
    index = images.index([(m, i) for m in classes for i in parts["test"]])
    Predictions(output.split("/")[1], 1, classes, index, scores, test).save(desk.write(output))

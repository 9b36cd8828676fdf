"""The work of the jobs about fingerprints other than a CNN's: attribution by each kind, and what fingerprints look like."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np

from .. import fleet
from ..classifiers.predictions import Predictions
from ..common.randomness import numpy_generator
from ..fingerprints import lattice, spectra
from ..fingerprints.kinds import KINDS, Kind
from ..fleet import HR
from ..images import gallery
from ..images.gallery import Gallery
from ..images.spectrum import BATCH
from ..images.store import evenly, pixels
from ..published import sources
from ..workflow.desk import Desk
from . import units


def attribute(desk: Desk, kind: str, outputs: tuple[str, ...]) -> None:
    """Attribute the custom networks, and the published ones among themselves, in the split of run 1."""
    for question, output in zip(("attribution", "published"), outputs, strict=True):
        images = (gallery.published if question == "published" else gallery.custom)(desk)
        classes = units.task(question, desk.profile.published).classes
        train, test = images.numbers("train", run=1), images.numbers("test", run=1)
        train, model = evenly(train, desk.profile.fingerprints.images), KINDS[kind].model()
        for name in classes:
            model.add(np.concatenate(list(features(desk, KINDS[kind], images, name, train, training=True))))
        scores = [model.scores(some) for name in classes for some in features(desk, KINDS[kind], images, name, test, training=False)]
        index = images.index([(name, i) for name in classes for i in test])
        Predictions(output.split("/")[1], 1, classes, index, np.concatenate(scores)).save(desk.write(output))


def features(desk: Desk, kind: Kind, images: Gallery, name: str, numbers: Sequence[int], *, training: bool) -> Iterator[np.ndarray]:
    """Those of a network's images: of crops at random for training, near the centre for test, each of the size of a test crop of tiles."""
    seed, side = desk.profile.master_seed, images.whole(name) if images.tiles else desk.profile.fingerprints.crop
    draws = {of: numpy_generator(seed, "fingerprint", name) for of in (name, HR)}  # equal draws: the true crop lies at the same place
    for start in range(0, len(numbers), BATCH):
        shown = []
        for of in (name, HR) if kind.with_truth else (name,):
            picks = [(of, i) for i in numbers[start : start + BATCH]]
            crops = images.random_crops(picks, side, grid=kind.grid, rng=draws[of]) if training else images.test_crops(picks, side, seed=seed)
            shown.append(pixels(crops))
        yield kind.features(*shown)


def pictures(desk: Desk, output: str) -> None:
    """What the fingerprints of all networks look like: lattice patterns of two halves of the training images, and mean log spectra.

    Every crop begins at a multiple of 8 pixels, so that patterns do not average out. The true images stand beside each group.
    """
    groups = {"custom": (gallery.custom(desk), fleet.custom()), "published": (gallery.published(desk), sources.networks(desk.profile.published))}
    names, patterns, logs = [], [], []
    for group, (images, networks) in groups.items():
        numbers = evenly(images.numbers("train", run=1), desk.profile.fingerprints.pictured)
        halves = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]  # of different photographs
        for name in (HR, *(n.model_id for n in networks)):
            side = images.whole(name) if images.tiles else desk.profile.fingerprints.crop
            shown = [pixels(images.test_crops([(name, i) for i in half], side, seed=None)) for half in halves]
            names.append({"group": group, "model_id": name})
            patterns.append([lattice.patterns(half).mean(0) for half in shown])
            logs.append(spectra.mean_logs(np.concatenate(shown)))
    desk.write(output, "networks.json").write_text(json.dumps(names))
    np.save(desk.write(output, "patterns.npy"), np.array(patterns, np.float32))
    np.save(desk.write(output, "spectra.npy"), np.array(logs, np.float32))

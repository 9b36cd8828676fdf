"""A synthetic attribution run whose accuracies are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet, tasks
from srfp_lib.classifiers.predictions import Predictions

PHOTOGRAPHS = ("a", "b", "c", "d")


def index_of(networks, photographs=PHOTOGRAPHS, images=2) -> pd.DataFrame:
    rows = [(n.model_id, f"{p}_{i}", p) for n in networks for p in photographs for i in range(images)]
    return pd.DataFrame(rows, columns=["model_id", "image", "photograph"])


def predict(task: str, run: int, classes, index: pd.DataFrame, truth, right, seed=0) -> Predictions:
    """Scores that give the true class where ``right`` and the next one elsewhere."""
    classes = tuple(classes)
    place = np.array([classes.index(t) for t in truth])
    said = np.where(right, place, (place + 1) % len(classes))
    scores = np.random.default_rng(seed).normal(-9, 0.1, (len(index), len(classes))).astype(np.float32)
    scores[np.arange(len(index)), said] = 0
    features = np.random.default_rng(seed).normal(size=(len(index), 8)).astype(np.float32)
    return Predictions(task, run, classes, index, scores, features)


@pytest.fixture(scope="session")
def runs() -> list[Predictions]:
    """Two runs: adversarial networks always right, L1 ones on photographs a and b only."""
    index = index_of(fleet.custom())
    adversarial = ~index["model_id"].str.contains("-L1-")
    right = adversarial | index["photograph"].isin(["a", "b"])
    ids = [n.model_id for n in fleet.custom()]
    return [predict("attribution", r, ids, index, index["model_id"], right.to_numpy(), r) for r in (1, 2)]


@pytest.fixture(scope="session")
def parsers() -> dict[str, list[Predictions]]:
    """Every parser is right on photograph a alone."""
    found = {}
    for task in tasks.parsers():
        index = index_of(task.test, images=1)
        truth = [task.label(fleet.parse(m)) for m in index["model_id"]]
        found[task.name] = [predict(task.name, 1, task.classes, index, truth, (index["photograph"] == "a").to_numpy())]
    return found

"""What is left of a fingerprint after a delivery, and what an attack on it costs (not in the paper)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import fleet
from ..classifiers.predictions import Predictions
from .several import from_several
from .uncertainty import Accuracy

ALL = "all"
COUNTS, PHOTOGRAPHS = (1, 2, 4, 8), (2, 3, 5, 10, 20)  # tiles of one photograph, and photographs, that are judged together


def kind(model_id: str) -> str:
    """The scale of a network and the kind of its loss.

    >>> kind("EDSR-div2k-x4-VGG_GAN-s1")
    '4X, adversarial'
    """
    network = fleet.parse(model_id)
    return f"{network.scale}X, {'adversarial' if network.adversarial else 'L1'}"


def groups(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """All rows, and those of each kind of networks, by the column model_id."""
    yield ALL, table
    kinds = table["model_id"].map(kind)
    yield from ((name, part) for name, part in table.groupby(kinds))


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables accuracy, several and attacks, from the folder that the job of chapter 22 leaves."""
    answers = pd.read_parquet(folder / "answers.parquet")
    order = list(dict.fromkeys(answers["delivery"]))
    predictions = sorted(folder.glob("together/*/*"), key=lambda path: (path.parent.name, order.index(path.name)))
    together = [from_one_source(Predictions.load(path)).assign(question=path.parent.name, delivery=path.name) for path in predictions]
    cases = pd.read_parquet(folder / "cases.parquet")
    return {"accuracy": by_delivery(answers), "several": pd.concat(together, ignore_index=True), "attacks": attacks(cases)}


def from_one_source(found: Predictions) -> pd.DataFrame:
    """The accuracy from several images of one source: tiles of one photograph, and images of different photographs (column ``of``)."""
    across = from_several([found], counts=PHOTOGRAPHS, grouped=False).assign(of="several photographs")
    within = of_one_photograph(found).rename(columns={"tiles": "images"}).assign(of="one photograph")
    return pd.concat([within, across]).assign(side=found.index["side"].iloc[0])


def by_delivery(answers: pd.DataFrame) -> pd.DataFrame:
    """The accuracy after each delivery, a row for each question, classifier, delivery and group of networks.

    ``answers`` has a row for each image: question, classifier, delivery, model_id, photograph, predicted, sure (whether the classifier's
    confidence reaches its threshold), psnr (of what arrived, NaN where it has another size) and n_classes. The shares of images whose
    confident answer is right or wrong stand beside the accuracy, ``named_right`` and ``named_wrong``.
    """
    rows = []
    for about, some in _by(answers, "question", "classifier", "delivery"):
        right = some.assign(run=1, correct=some["predicted"] == some["model_id"])
        for group, part in groups(right):
            named = {f"named_{how}": (part["sure"] & (part["correct"] == value)).mean() for how, value in (("right", True), ("wrong", False))}
            rows.append({**about, "group": group, **Accuracy.of(part).columns(), **named, "psnr": part["psnr"].mean(),
                         "chance": 1 / part["n_classes"].iloc[0], "n_images": len(part)})  # fmt: skip
    return pd.DataFrame(rows)


def attacks(cases: pd.DataFrame) -> pd.DataFrame:
    """How often an attack succeeds, a row for each question, attack, judge, goal, least PSNR and group of networks.

    ``cases`` has a row for each image: question, attack (whose gradient it follows), judge, goal (hide or forge), decibels, model_id,
    photograph, succeeded, psnr. Without an attack, ``succeeded`` says how often the judge errs by itself.
    """
    rows = []
    for about, some in _by(cases, "question", "attack", "judge", "goal", "decibels"):
        for group, part in groups(some.assign(run=1, correct=some["succeeded"])):
            estimate = Accuracy.of(part).columns()
            rows.append({**about, "group": group, **estimate, "psnr": part["psnr"].median(), "n_images": len(part)})
    return pd.DataFrame(rows)


def _by(table: pd.DataFrame, *columns: str) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    for values, part in table.groupby(list(columns), sort=False, dropna=False):
        yield dict(zip(columns, values, strict=True)), part


def of_one_photograph(found: Predictions, counts: Sequence[int] = COUNTS) -> pd.DataFrame:
    """The accuracy by the number of tiles of one photograph and one network that are judged together, by the sum of their log-probabilities."""
    index = found.index.reset_index(drop=True)
    order = index.groupby(["model_id", "photograph"]).cumcount()
    sizes = index.groupby(["model_id", "photograph"])["image"].transform("size")
    rows = []
    for count in (c for c in counts if c <= sizes.max()):
        kept = order < sizes // count * count
        case = index[kept].assign(case=order[kept] // count).groupby(["model_id", "photograph", "case"], sort=False)
        summed = pd.DataFrame({key: found.scores[part.index].sum(0) for key, part in case}).T
        names = summed.index.get_level_values(0)
        right = np.array(found.classes)[summed.to_numpy().argmax(1)] == names
        scored = pd.DataFrame({"run": 1, "photograph": summed.index.get_level_values(1), "correct": right})
        rows.append({"tiles": count, "chance": 1 / len(found.classes), **Accuracy.of(scored).columns()})
    return pd.DataFrame(rows)

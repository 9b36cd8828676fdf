"""Fingerprints side by side: how many networks each kind tells apart, and how strong the patterns are that networks leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float32
from scipy.stats import spearmanr

from .. import fleet
from ..classifiers.predictions import Predictions
from ..fingerprints import lattice
from . import attribution, seeds
from .uncertainty import NAN, Accuracy, Estimate

BOTH = "cnn+spectrum"
TITLES = {
    "cnn": "CNN",
    BOTH: "CNN and log power spectrum",
    "lattice": "mean residual modulo 4",
    "prnu": "noise residual, wavelets (PRNU)",
    "prnu-bm3d": "noise residual, BM3D (PRNU)",
    "spectrum": "log power spectrum",
    "azimuthal": "azimuthal spectrum",
    "cooccurrence": "co-occurrences",
    "early-layers": "early layers of EfficientNet-Lite0",
    "true-residual": "spectrum of the error (needs the true photograph)",
}
QUESTIONS = ("180 networks", "180 networks: L1", "180 networks: adversarial", "seed of three", "published networks")


def together(runs: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """The runs and, where both are there, CNN and spectrum with their log-probabilities added."""
    if not {"cnn", "spectrum"} <= runs.keys():
        return dict(runs)
    one, other = runs["cnn"], runs["spectrum"]
    if one.classes != other.classes or not one.index.equals(other.index):
        raise ValueError("the two were not tested on the same images")
    return dict(runs) | {BOTH: replace(one, task=BOTH, scores=one.scores + other.scores, features=None)}


def beyond(custom: Mapping[str, Predictions]) -> dict[str, Estimate]:
    """By title: the accuracy among the 180 networks minus the CNN's, paired by photograph."""
    of = {kind: attribution.accuracy(attribution.scored([run])) for kind, run in custom.items()}
    return {title: (of[kind] - of["cnn"]).estimate() for kind, title in TITLES.items() if kind in of and kind != "cnn"}


def table(custom: Mapping[str, Predictions], published: Mapping[str, Predictions]) -> pd.DataFrame:
    """A row a kind and question, of the kinds that were run: the accuracy with its interval, and chance."""
    rows = []
    for kind, title in TITLES.items():
        found: dict[str, tuple[Accuracy, int]] = {}
        if kind in custom:
            answers, n = attribution.scored([custom[kind]]), len(custom[kind].classes)
            groups = (attribution.accuracy(answers), *(attribution.accuracy(answers, adversarial=flag) for flag in (False, True)))
            found = {question: (group, n) for question, group in zip(QUESTIONS, groups, strict=False)}
            found[QUESTIONS[3]] = Accuracy.of(seeds.scored([custom[kind]])), 3
        if kind in published:
            answers = published[kind].answers()
            right = answers.assign(correct=answers["predicted"] == answers["model_id"])
            found[QUESTIONS[4]] = Accuracy.of(right), len(published[kind].classes)
        for question, (accuracy, n) in found.items():
            rows.append({"fingerprint": title, "question": question, **accuracy.columns(), "chance": 1 / n, "n_classes": n})
    return pd.DataFrame(rows)


def strengths(networks: pd.DataFrame, patterns: Float32[np.ndarray, "n 2 4 4 3"]) -> pd.DataFrame:
    """The strength of every network's pattern in grey levels, beside its hyperparameters; ``networks`` has model_id and group."""
    rows = []
    for row, halves in zip(networks.to_dict("records"), patterns, strict=True):
        network, power = fleet.parse(row["model_id"]) if row["model_id"] != fleet.HR else None, lattice.strength(*halves)
        rows.append({"group": row["group"], "model_id": row["model_id"], "architecture": network.architecture if network else "true photographs",
                     "scale": network.scale if network else 1, "loss": network.loss if network else "none", "strength": power})  # fmt: skip
    return pd.DataFrame(rows)


def by_loss_and_scale(strong: pd.DataFrame) -> pd.DataFrame:
    """The median, least and greatest strength of the custom networks by scale and loss, the true photographs first."""
    custom = strong[strong["group"] == "custom"]
    found = custom.groupby(["scale", "loss"])["strength"].agg(["median", "min", "max", "count"]).reset_index()
    order = {loss: i for i, loss in enumerate(("none", *fleet.LOSSES))}
    return found.sort_values(["scale", "loss"], key=lambda column: column.map(order) if column.name == "loss" else column, ignore_index=True)


def of_published(strong: pd.DataFrame) -> pd.DataFrame:
    """The median strength of the published networks by scale and kind of loss: scale, loss (L1 or adversarial), median, count."""
    mine = strong[(strong["group"] == "published") & (strong["model_id"] != fleet.HR)]
    kind = mine["loss"].where(mine["loss"] == "L1", "adversarial")
    return mine.assign(loss=kind).groupby(["scale", "loss"])["strength"].agg(["median", "count"]).reset_index()


def ordered(strong: pd.DataFrame) -> dict[str, bool]:
    """By architecture: whether the median strength of 2X L1 networks is below that of 4X L1, and that below the adversarial ones of both scales."""
    custom = strong[(strong["group"] == "custom") & (strong["model_id"] != fleet.HR)]
    found = {}
    for architecture, group in custom.groupby("architecture", sort=False):
        medians = group.groupby(["scale", group["loss"] != "L1"])["strength"].median()
        adversarial = min(medians[2, True], medians[4, True])
        found[str(architecture)] = bool(medians[2, False] < medians[4, False] < adversarial)
    return found


def agreement(strong: pd.DataFrame, run: Predictions) -> float:
    """The rank correlation (Spearman) of strength with how often a classifier attributes the network rightly; NaN if either is constant."""
    right = attribution.scored([run]).groupby("model_id")["correct"].mean()
    known = strong[strong["model_id"].isin(right.index)]
    pairs = known["strength"].to_numpy(), right.loc[known["model_id"]].to_numpy(float)
    return NAN if min(map(np.ptp, pairs)) == 0 else float(spearmanr(*pairs).statistic)

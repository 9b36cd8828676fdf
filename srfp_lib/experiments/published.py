"""The published networks: told apart (section 4.1.2) and parsed (section 4.2.1, Figure 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from .. import fleet, paper, tasks
from ..classifiers.predictions import Predictions
from .attribution import scored
from .separability import groups
from .uncertainty import Accuracy

_IN_PAPER = {"all": 0, "2X, all": 1, "4X, L1": 2, "4X, adversarial": 3}  # rows of pretrained_attribution.csv


def attribution(starts: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """Accuracy by group for each start of the classifier; the paper's is the warm start. One row a start and group."""
    printed = paper.pretrained_attribution()
    rows = []
    for start, runs in starts.items():
        answers = scored(runs)
        members = {"all": list(runs[0].classes)} | groups(runs[0].classes)
        for name, of in members.items():
            row = {"start": start, "group": name, "n_networks": len(of), "chance": 1 / len(runs[0].classes)}
            row |= Accuracy.of(answers[answers["model_id"].isin(of)]).estimate().columns()
            if start == "warm" and name in _IN_PAPER:
                theirs = printed.iloc[_IN_PAPER[name]]
                row |= {"paper": theirs["accuracy_mean"], "paper_sd": theirs["accuracy_sd_over_3_classifiers"]}
            rows.append(row)
    return pd.DataFrame(rows)


def by_network(runs: Sequence[Predictions]) -> pd.DataFrame:
    """How often each network is recognised, and what it is taken for most often when it is not."""
    answers = scored(runs)
    rows = []
    for model_id, group in answers.groupby("model_id", sort=False):
        wrong = group.loc[~group["correct"].astype(bool), "predicted"].value_counts()
        mistaken = f"{fleet.short(wrong.index[0])} ({wrong.iloc[0] / len(group):.0%})" if len(wrong) else "–"
        rows.append({"model_id": model_id, **Accuracy.of(group).estimate().columns(), "most_often_taken_for": mistaken})
    return pd.DataFrame(rows)


def known_architectures(networks: Sequence[str]) -> list[str]:
    """Those whose architecture is in the custom fleet; for the paper's 25 it is 11."""
    return [n for n in networks if fleet.parse(n).architecture in fleet.ARCHITECTURES]


def right_answers(asks: str, model_id: str) -> tuple[str, ...]:
    """What counts as right of a published network: any adversarial loss for an adversarial one, none for an unknown architecture."""
    network = fleet.parse(model_id)
    if asks == "scale":
        return (str(network.scale),)
    if asks == "loss":
        return tuple(loss for loss in fleet.LOSSES if (loss != "L1") == network.adversarial)
    return (network.architecture,) if network.architecture in fleet.ARCHITECTURES else ()


def parsed(parsers: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """One row an answer of a parser on a published image: asks, run, model_id, photograph, predicted, correct (None: cannot be right)."""
    tables = []
    for asks in tasks.PARSED_OF_PUBLISHED:
        for run in parsers[asks]:
            answers = run.index.assign(asks=asks, run=run.run, predicted=run.predicted)
            right = {m: right_answers(asks, m) for m in answers["model_id"].unique()}
            answers["known"] = answers["model_id"].map(lambda m, right=right: bool(right[m]))
            answers["correct"] = [p in right[m] for m, p in zip(answers["model_id"], answers["predicted"], strict=True)]
            tables.append(answers)
    return pd.concat(tables, ignore_index=True)


def figure_7(answers: pd.DataFrame) -> pd.DataFrame:
    """The share of each answer by network and parser: a row a cell, with the count, the spread over runs, and the paper's."""
    rows = []
    for asks in tasks.PARSED_OF_PUBLISHED:
        mine = answers[answers["asks"] == asks]
        for model_id, group in mine.groupby("model_id", sort=False):
            for value in tasks.CLASSES[asks]:
                said = group.assign(correct=group["predicted"] == value)
                cell = Accuracy.of(said).estimate()
                rows.append({"model_id": model_id, "parser": asks, "predicted": value, "right": value in right_answers(asks, model_id),
                             "share": cell.value, "sd": cell.sd, "low": cell.low, "high": cell.high,
                             "count": int(said["correct"].sum()), "n_images": len(group), "n_photographs": cell.n_photographs})  # fmt: skip
    printed = paper.figure_7()[["model_id", "parser", "predicted_value", "fraction_mean", "fraction_sd"]]
    printed.columns = ["model_id", "parser", "predicted", "paper", "paper_sd"]
    printed["predicted"] = printed["predicted"].map(lambda v: _SPELLED.get(v, v))
    return pd.DataFrame(rows).merge(printed, on=["model_id", "parser", "predicted"], how="left", validate="one_to_one")


_SPELLED = {"2X": "2", "4X": "4", "VGG+adv": "VGG_GAN", "ResNet+adv": "ResNet_GAN"}


def share(answers: pd.DataFrame, asks: str, networks: Sequence[str], values: Sequence[str]) -> Accuracy:
    """How often the parser answers one of the values for the given networks."""
    some = answers[(answers["asks"] == asks) & answers["model_id"].isin(list(networks))]
    return Accuracy.of(some.assign(correct=some["predicted"].isin(list(values))))


def writer(runs: Sequence[Predictions]) -> pd.DataFrame:
    """The control of D36: networks saved with rounding and with truncation. How often are network and writer told?"""
    answers = pd.concat([run.index.assign(run=run.run, predicted=run.predicted) for run in runs], ignore_index=True)
    right, said = (answers[side].str.partition(fleet.WAY) for side in ("model_id", "predicted"))
    rows = []
    for question, part, chance in (("network", 0, 1 / right[0].nunique()), ("writer", 2, 0.5)):
        accuracy = Accuracy.of(answers.assign(correct=right[part] == said[part])).estimate()
        rows.append({"question": question, "chance": chance, **accuracy.columns()})
    return pd.DataFrame(rows)

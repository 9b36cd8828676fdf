"""Reading hyperparameters off images of networks with a value never seen in training (section 4.2, Table 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from .. import fleet, paper, tasks
from ..classifiers.predictions import Predictions
from .uncertainty import Accuracy

_COLUMN_IN_PAPER = {"s3": "3", "flickr2k": "Flickr2K", "SwinIR": "SwinIR", "RCAN": "RCAN", "VGG_GAN": "VGG+adv", "L1": "L1"}


def scored(runs: Sequence[Predictions], hyperparameter: str) -> pd.DataFrame:
    """One row an answer of a parser: run, photograph, model_id, predicted, truth, correct."""
    truth = {n.model_id: str(getattr(n, hyperparameter)) for n in fleet.custom()}
    tables = []
    for run in runs:
        answers = run.index.assign(run=run.run, predicted=run.predicted)
        answers["truth"] = answers["model_id"].map(truth)
        tables.append(answers.assign(correct=answers["predicted"] == answers["truth"]))
    return pd.concat(tables, ignore_index=True)


def table_4(parsers: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """Table 4: a row for each of its 24 cells (predicted, withheld, kind "cell" or "dash"), with the paper's beside."""
    printed = paper.table_4()
    rows = []
    for asks in tasks.HYPERPARAMETERS:
        for column, (_, _, asked) in tasks.COLUMNS.items():
            cell = {
                "predicted": asks,
                "withheld": column,
                "kind": "cell" if asks in asked else "dash",
                "chance": 1 / len(tasks.CLASSES[asks]),
            }
            if asks in asked:
                task = tasks.parser(asks, column)
                cell |= Accuracy.of(scored(parsers[task.name], asks)).estimate().columns()
                cell |= {"n_train_networks": len(task.train), "n_test_networks": len(task.test)}
                theirs = printed[
                    (printed["predicted_hyperparameter"] == asks) & (printed["withheld_value"].astype(str) == _COLUMN_IN_PAPER[column])
                ].iloc[0]
                cell |= {"paper": theirs["accuracy_mean"], "paper_sd": theirs["accuracy_sd_over_3_classifiers"]}
            rows.append(cell)
    return pd.DataFrame(rows)


def by_class(parsers: Mapping[str, Sequence[Predictions]], asks: str, column: str) -> pd.DataFrame:
    """What a parser answers for each true class: truth, predicted, share. A constant answer shows as equal rows."""
    answers = scored(parsers[tasks.parser(asks, column).name], asks)
    shares = answers.groupby("truth")["predicted"].value_counts(normalize=True)
    return shares.rename("share").reset_index()


def accuracy(parsers: Mapping[str, Sequence[Predictions]], asks: str, column: str) -> Accuracy:
    """The accuracy of one cell of Table 4."""
    return Accuracy.of(scored(parsers[tasks.parser(asks, column).name], asks))

"""Can hyperparameters be read off images of networks with an unseen value? Table 4 (section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from .. import fleet, paper, tasks
from ..classifiers.predictions import Predictions
from .uncertainty import Accuracy, change

Parsers = Mapping[str, Sequence[Predictions]]  # the runs of each parser, by task name


def scored(parsers: Parsers, asks: str, withheld: str) -> pd.DataFrame:
    """One row per answer of a parser: model_id, image, photograph, run, predicted, truth, correct."""
    truth = {n.model_id: str(getattr(n, asks)) for n in fleet.custom()}
    answers = pd.concat([run.answers() for run in parsers[tasks.parser(asks, withheld).name]], ignore_index=True)
    answers["truth"] = answers["model_id"].map(truth)
    return answers.assign(correct=answers["predicted"] == answers["truth"])


def accuracy(parsers: Parsers, asks: str, withheld: str) -> Accuracy:
    """The accuracy in one cell of Table 4."""
    return Accuracy.of(scored(parsers, asks, withheld))


def known_offset(parsers: Parsers, known: Parsers) -> pd.DataFrame:
    """What knowing the place in the sub-pixel grid is worth, where both were tried: a row per cell, run 1, paired by photograph.

    predicted, withheld, the accuracy with a known offset and its interval, ``unknown``, the difference and its interval, chance.
    """
    rows = []
    for asks, withheld in ((asks, column) for asks in tasks.HYPERPARAMETERS for column in tasks.COLUMNS):
        if asks not in tasks.COLUMNS[withheld][2] or (name := tasks.parser(asks, withheld).name) not in known:
            continue
        with_it, without = accuracy({name: [run for run in known[name] if run.run == 1]}, asks, withheld), accuracy(parsers, asks, withheld)
        first = replace(without, table=without.table.loc[[1]]).estimate()
        e = change(with_it, without)
        rows.append({"predicted": asks, "withheld": withheld, **with_it.columns(), "unknown": first.value, "difference": e.value,
                     "difference_low": e.low, "difference_high": e.high, "difference_each": e.columns()["each"],
                     "chance": 1 / len(tasks.CLASSES[asks])})  # fmt: skip
    return pd.DataFrame(rows)


def by_class(parsers: Parsers, asks: str, withheld: str) -> pd.DataFrame:
    """How often a parser gives each answer, by true class: truth, predicted, share. A constant answer shows as equal rows."""
    answers = scored(parsers, asks, withheld)
    return answers.groupby("truth")["predicted"].value_counts(normalize=True).rename("share").reset_index()


def table_4(parsers: Parsers) -> pd.DataFrame:
    """Table 4: a row per cell (predicted, withheld, kind "cell" or "dash"), with the paper's accuracy and SD."""
    rows = []
    for asks in tasks.HYPERPARAMETERS:
        for withheld, (_, _, asked) in tasks.COLUMNS.items():
            row = {"predicted": asks, "withheld": withheld, "kind": "cell" if asks in asked else "dash", "chance": 1 / len(tasks.CLASSES[asks])}
            if asks in asked:
                task = tasks.parser(asks, withheld)
                row |= accuracy(parsers, asks, withheld).columns() | {"n_train_networks": len(task.train), "n_test_networks": len(task.test)}
            rows.append(row)
    printed = paper.table("table_4")[["predicted_hyperparameter", "withheld_value", "accuracy_mean", "accuracy_sd_over_3_classifiers"]]
    printed.columns = ["predicted", "withheld", "paper", "paper_sd"]
    printed["withheld"] = printed["withheld"].map({paper.spelled(value): column for column, (_, value, _) in tasks.COLUMNS.items()})
    return pd.DataFrame(rows).merge(printed, on=["predicted", "withheld"], how="left", validate="one_to_one")

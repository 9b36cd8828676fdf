"""The paper's own numbers, asked the same questions as a run's, so that a claim's quantity is one function for both.

Every number of `data/paper` becomes an accuracy of one run on one "photograph", which has a value and no interval. What the paper
does not print raises `Unanswered`. Where it prints a classifier's first run alone (Figure 3), that is its number here.
"""

from __future__ import annotations

from functools import cache, cached_property

import numpy as np
import pandas as pd

from .. import fleet, paper, tasks
from . import published
from .results import ADVERSARIAL, Results, Unanswered
from .separability import Separation
from .uncertainty import Accuracy, mean

METHODS = {"CNN": "convnext_accuracy_mean", "PRNU": "prnu_accuracy"}
NOWHERE = "the paper prints no such number"


@cache
def printed() -> Printed:
    """The paper as the result of a run."""
    quality = paper.table("published_quality").rename(columns={"psnr_mean_db": "psnr"})[["model_id", "psnr"]]
    return Printed(quality=quality.assign(photograph="printed"), parsed=published.marked(_answers_of_parsers()))


def _value(number: float) -> Accuracy:
    return Accuracy(pd.DataFrame({"printed": [float(number)]}))


def _cell(table: pd.DataFrame, column: str, **where: object) -> Accuracy:
    """The one number in the row of a table that has the given values; Unanswered if there is none."""
    for name, value in where.items():
        table = table[table[name].astype(str) == str(value)]
    if table[column].notna().sum() != 1:
        raise Unanswered(NOWHERE)
    return _value(table[column].item())


def _answers_of_parsers() -> pd.DataFrame:
    """Figure 7 as single answers, 100 a network, parser and run: model_id, photograph, run, asks, predicted."""
    counts = paper.table("figure_7").rename(columns={"parser": "asks"})
    values = {paper.spelled(value): value for asks in tasks.PARSED_OF_PUBLISHED for value in tasks.CLASSES[asks]}
    counts = counts.assign(predicted=counts["predicted_value"].map(values), photograph="printed")
    runs = [counts.loc[counts.index.repeat(counts[f"count_classifier_{run}_of_100"])].assign(run=run) for run in (1, 2, 3)]
    return pd.concat(runs, ignore_index=True)[["model_id", "photograph", "run", "asks", "predicted"]]


class Printed(Results):
    """The paper as the result of a run; see `printed`."""

    def custom(self, **hyperparameters: object) -> Accuracy:
        """Table 3, by one hyperparameter; by scale and loss Figure 3; over all networks the mean of the two scales."""
        match hyperparameters:
            case {"scale": scale, "adversarial": bool(adversarial)}:
                panels = paper.table("figure_3_and_5").query("printed_in_paper == 'yes'")
                return _cell(panels, "accuracy", scale=scale, loss="adversarial" if adversarial else "L1")
            case {"scale": scale, "loss": "L1"}:
                return self.custom(scale=scale, adversarial=False)
            case {"adversarial": True}:
                return mean(*(self.custom(loss=loss) for loss in ADVERSARIAL))
            case {"scale": _} | {"loss": _} | {"architecture": _} | {"dataset": _} if len(hyperparameters) == 1:
                ((name, value),) = hyperparameters.items()
                return _cell(paper.table("table_3"), "accuracy_mean", hyperparameter=name, value=paper.spelled(value))
        if hyperparameters:
            raise Unanswered(NOWHERE)
        return mean(*(self.custom(scale=scale) for scale in fleet.SCALES))

    def triplets(self, method: str, **hyperparameters: object) -> Accuracy:
        """The table inside Figure 4; of NLSN only the triplet that the text names."""
        table, column = paper.table("seeds"), METHODS[method]
        match hyperparameters:
            case {"architecture": "NLSN", "loss": loss, "scale": scale}:
                return _cell(table[table["row_kind"].str.contains("NLSN")], column, loss=loss, scale=scale)
            case {"loss": loss, "scale": scale}:
                return _cell(table.query("row_kind == 'cell'"), column, loss=paper.spelled(loss), scale=scale)
            case {"adversarial": bool(adversarial)}:
                losses = ADVERSARIAL if adversarial else ("L1",)
                return mean(*(self.triplets(method, loss=loss, scale=scale) for loss in losses for scale in fleet.SCALES))
        if hyperparameters:
            raise Unanswered(NOWHERE)
        return _cell(table.query("row_kind == 'total'"), column)

    def parser(self, asks: str, *, without: str) -> Accuracy:
        """A cell of Table 4."""
        withheld = paper.spelled(tasks.COLUMNS[without][1])
        return _cell(paper.table("table_4"), "accuracy_mean", predicted_hyperparameter=asks, withheld_value=withheld)

    def backbone(self, name: str) -> Accuracy:
        """Table 2."""
        return _cell(paper.table("table_2"), "accuracy", classifier=name)

    def among_published(self, group: str) -> Accuracy:
        """Section 4.1.2; its group "2X L1" is over all eight 2X networks (D2)."""
        return _cell(paper.table("pretrained_attribution"), "accuracy_mean", selection=published.SELECTION.get(group, ""))

    def from_imagenet(self) -> Accuracy:
        """Said to be much worse, without a number."""
        raise Unanswered("no number is given for the start from ImageNet")

    def neighbours(self, runs: str, group: str) -> Accuracy:
        """Read off Figure 5 by eye in the paper."""
        raise Unanswered("read off a map by eye")

    @cached_property
    def seen_ratios(self) -> Separation:
        """Figure 6, left."""
        return _figure_6("seen")

    @cached_property
    def unseen_ratios(self) -> Separation:
        """Figure 6, right."""
        return _figure_6("unseen")


def _figure_6(which: str) -> Separation:
    matrix = paper.figure_6(which)
    values = matrix.to_numpy(float)
    return Separation(tuple(matrix.index), values, values[None], values[None], np.ones((1, 1), dtype=bool))

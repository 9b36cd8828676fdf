"""Can networks be told apart that differ only in the training seed? Figure 4 and its table (section 4.1.1; D1, D25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from .. import fleet, paper, tasks
from ..classifiers.predictions import Predictions
from .uncertainty import NAN, Accuracy

CHANCE = 1 / 3
CELLS = [*((loss, str(scale)) for loss in fleet.LOSSES for scale in fleet.SCALES), ("all", "all")]


def scored(runs: Sequence[Predictions]) -> pd.DataFrame:
    """One row per image of a triplet, where the largest of the triplet's three scores wins.

    model_id, photograph, run, correct, architecture, scale, loss, adversarial.
    """
    triplets = tasks.seed_triplets()
    known = fleet.frame(tuple(n for triplet in triplets for n in triplet))[["model_id", "architecture", "scale", "loss", "adversarial"]]
    triplet_of = {n.model_id: i for i, triplet in enumerate(triplets) for n in triplet}
    tables = []
    for run in runs:
        column = {name: i for i, name in enumerate(run.classes)}
        columns = np.array([[column[n.model_id] for n in triplet] for triplet in triplets])  # of its scores
        rows = run.index["model_id"].isin(list(triplet_of)).to_numpy()
        answers = run.index.loc[rows, ["model_id", "photograph"]].assign(run=run.run)
        choices = columns[answers["model_id"].map(triplet_of).to_numpy()]
        best = np.take_along_axis(run.scores[rows], choices, 1).argmax(1)
        tables.append(answers.assign(correct=choices[np.arange(len(best)), best] == answers["model_id"].map(column).to_numpy()))
    return pd.concat(tables, ignore_index=True).merge(known, on="model_id", validate="many_to_one")


def table(cnn: pd.DataFrame, prnu: pd.DataFrame, known: Mapping[str, pd.DataFrame] = MappingProxyType({})) -> pd.DataFrame:
    """The table of Figure 4: a row per method, set of triplets, loss and scale, and per total.

    ``known``: the answers of "CNN" or "PRNU" at a known offset to the sub-pixel grid, controls that the paper does not have.
    ``triplets`` is "24" (the paper's, without NLSN: D1), with the paper's accuracy and SD, "30" (all) or "NLSN" (the six left out).
    """
    rows = []
    methods = {"CNN": cnn, "PRNU": prnu} | {f"{method}, known offset": answers for method, answers in known.items()}
    for method, answers in methods.items():
        nlsn = answers["architecture"] == "NLSN"
        for name, chosen in (("24", answers[~nlsn]), ("30", answers), ("NLSN", answers[nlsn])):
            for loss, scale in CELLS:
                cell = chosen if loss == "all" else chosen[(chosen["loss"] == loss) & (chosen["scale"] == int(scale))]
                rows.append({
                    "method": method, "triplets": name, "loss": loss, "scale": scale, **Accuracy.of(cell).columns(), "chance": CHANCE,
                    "n_triplets": len(cell[["architecture", "scale", "loss"]].drop_duplicates()),
                })  # fmt: skip
    printed = paper.table("seeds").query("row_kind in ('cell', 'total')")
    cell = pd.DataFrame({"triplets": "24", "loss": printed["loss"].replace({paper.spelled(v): v for v in fleet.LOSSES}), "scale": printed["scale"]})
    of_cnn = cell.assign(method="CNN", paper=printed["convnext_accuracy_mean"], paper_sd=printed["convnext_accuracy_sd_over_3_classifiers"])
    theirs = pd.concat([of_cnn, cell.assign(method="PRNU", paper=printed["prnu_accuracy"], paper_sd=NAN)])  # PRNU is printed without SD
    return pd.DataFrame(rows).merge(theirs, on=["method", "triplets", "loss", "scale"], how="left", validate="one_to_one")

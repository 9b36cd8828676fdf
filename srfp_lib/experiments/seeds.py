"""Can networks be told apart that differ only in the training seed? Figure 4 and its table (section 4.1.1; D1, D25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

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
    tables = []
    for run in runs:
        column = {name: i for i, name in enumerate(run.classes)}
        for triplet in tasks.seed_triplets():
            ids, one = [n.model_id for n in triplet], triplet[0]
            rows = run.index["model_id"].isin(ids).to_numpy()
            best = run.scores[rows][:, [column[m] for m in ids]].argmax(1)
            answers = run.index.loc[rows, ["model_id", "photograph"]].assign(run=run.run)
            answers["correct"] = answers["model_id"].to_numpy() == pd.Index(ids)[best]
            tables.append(answers.assign(architecture=one.architecture, scale=one.scale, loss=one.loss, adversarial=one.adversarial))
    return pd.concat(tables, ignore_index=True)


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

"""Networks that differ by the training seed alone (section 4.1.1, Figure 4 and its table; D1, D25)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .. import fleet, paper, tasks
from ..classifiers.predictions import Predictions
from .uncertainty import Accuracy

CHANCE = 1 / 3


def scored(runs: Sequence[Predictions]) -> pd.DataFrame:
    """One row an image of a triplet: run, photograph, correct, architecture, scale, loss.

    The classifier chooses among the three networks of the triplet: the largest of their three scores wins.
    """
    tables = []
    for run in runs:
        column = {name: i for i, name in enumerate(run.classes)}
        for triplet in tasks.seed_triplets():
            ids = [n.model_id for n in triplet]
            rows = run.index["model_id"].isin(ids).to_numpy()
            best = run.scores[rows][:, [column[m] for m in ids]].argmax(1)
            answers = run.index.loc[rows, ["model_id", "photograph"]].assign(run=run.run)
            answers["correct"] = answers["model_id"].to_numpy() == pd.Index(ids)[best]
            tables.append(answers.assign(architecture=triplet[0].architecture, scale=triplet[0].scale, loss=triplet[0].loss))
    return pd.concat(tables, ignore_index=True)


def table(cnn: pd.DataFrame, prnu: pd.DataFrame) -> pd.DataFrame:
    """The table of Figure 4: a row for every method, set of triplets, loss and scale, and the totals.

    ``triplets`` is "24" (the paper's, without NLSN), "30" (all) or "NLSN" (the six that the paper leaves out). Columns of
    `Estimate`, chance, n_triplets, and the paper's value and SD beside the 24.
    """
    printed = paper.seeds()
    rows = []
    for method, answers in (("CNN", cnn), ("PRNU", prnu)):
        for name, chosen in _sets(answers):
            for loss, scale in [(loss, scale) for loss in fleet.LOSSES for scale in fleet.SCALES] + [("all", "all")]:
                cell = chosen if loss == "all" else chosen[(chosen["loss"] == loss) & (chosen["scale"] == scale)]
                theirs = _papers(printed, method, loss, scale) if name == "24" else (float("nan"), float("nan"))
                rows.append({
                    "method": method, "triplets": name, "loss": loss, "scale": str(scale),
                    **Accuracy.of(cell).estimate().columns(), "chance": CHANCE,
                    "n_triplets": len(cell[["architecture", "scale", "loss"]].drop_duplicates()),
                    "paper": theirs[0], "paper_sd": theirs[1],
                })  # fmt: skip
    return pd.DataFrame(rows)


def _sets(answers: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    nlsn = answers["architecture"] == "NLSN"
    return [("24", answers[~nlsn]), ("30", answers), ("NLSN", answers[nlsn])]


def _papers(printed: pd.DataFrame, method: str, loss: str, scale: object) -> tuple[float, float]:
    spelled = loss.replace("_GAN", "+adv")
    row = printed[(printed["loss"] == spelled) & (printed["scale"] == str(scale)) & printed["row_kind"].isin(["cell", "total"])].iloc[0]
    if method == "PRNU":
        return float(row["prnu_accuracy"]), float("nan")
    return float(row["convnext_accuracy_mean"]), float(row["convnext_accuracy_sd_over_3_classifiers"])


def without_nlsn(answers: pd.DataFrame) -> pd.DataFrame:
    """The paper's 24 triplets (D1)."""
    return answers[answers["architecture"] != "NLSN"]


def advantage(cnn: pd.DataFrame, prnu: pd.DataFrame) -> Accuracy:
    """CNN minus PRNU over the paper's 24 triplets, on the same photographs."""
    return Accuracy.of(without_nlsn(cnn)) - Accuracy.of(without_nlsn(prnu))

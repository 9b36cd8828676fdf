"""Which network made the image? Tables 2 and 3, Figure 3, and what the errors look like (section 4.1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .. import fleet, paper
from ..classifiers.predictions import Predictions
from .uncertainty import Accuracy

PAPERS_NAMES = {
    "VGG_GAN": "VGG+adv", "ResNet_GAN": "ResNet+adv", "div2k": "DIV2K", "flickr2k": "Flickr2K",
    "quarter_div2k": "quarter DIV2K", "quarter_flickr2k": "quarter Flickr2K", "2": "2X", "4": "4X",
}  # fmt: skip


def scored(runs: Sequence[Predictions]) -> pd.DataFrame:
    """One row an answer: run, model_id, image, photograph, predicted, correct, and the network's hyperparameters."""
    tables = []
    for run in runs:
        answers = run.index.assign(run=run.run, predicted=run.predicted)
        tables.append(answers.assign(correct=answers["predicted"] == answers["model_id"]))
    answers = pd.concat(tables, ignore_index=True)
    networks = fleet.frame(tuple(fleet.parse(m) for m in answers["model_id"].unique()))
    return answers.merge(networks, on="model_id", validate="many_to_one")


def overall(answers: pd.DataFrame) -> Accuracy:
    """The accuracy over all networks."""
    return Accuracy.of(answers)


def by_photograph(answers: pd.DataFrame) -> pd.DataFrame:
    """The accuracy on every test photograph, with L1 and adversarial networks apart: the spread behind the mean."""
    groups = {"accuracy": answers, "accuracy_L1": answers[~answers["adversarial"]], "accuracy_adversarial": answers[answers["adversarial"]]}
    columns = {name: group.groupby("photograph")["correct"].mean() for name, group in groups.items()}
    images = answers.groupby("photograph")["image"].nunique()
    return pd.DataFrame(columns).assign(n_images=images).sort_values("accuracy").reset_index()


def table_2(backbones: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """The accuracy of several backbones on the same question, in the order given."""
    rows = []
    for backbone, runs in backbones.items():
        answers = scored(runs)
        chance = 1 / len(runs[0].classes)
        rows.append({"classifier": backbone, **overall(answers).estimate().columns(), "chance": chance, "n_classes": len(runs[0].classes)})
    return pd.DataFrame(rows)


def table_3(answers: pd.DataFrame) -> pd.DataFrame:
    """Table 3 with the two differences of the text; columns of `Estimate`, and the paper's value and SD."""
    rows = []
    for hyperparameter, values in (
        ("scale", fleet.SCALES),
        ("loss", fleet.LOSSES),
        ("architecture", fleet.ARCHITECTURES),
        ("dataset", fleet.DATASETS),
    ):
        for value in values:
            group = answers[answers[hyperparameter] == value]
            label = PAPERS_NAMES.get(str(value), str(value))
            rows.append(_row(hyperparameter, label, Accuracy.of(group), group["model_id"].nunique()))
    rows.append(_row("scale", "4X minus 2X", scale_effect(answers), 180))
    rows.append(_row("loss", "mean of VGG+adv and ResNet+adv, minus L1", loss_effect(answers), 180))
    printed = paper.table_3()[["hyperparameter", "value", "accuracy_mean", "accuracy_sd_over_3_classifiers"]]
    printed.columns = ["hyperparameter", "value", "paper", "paper_sd"]
    return pd.DataFrame(rows).merge(printed, on=["hyperparameter", "value"], how="left", validate="one_to_one")


def _row(hyperparameter: str, value: str, accuracy: Accuracy, networks: int) -> dict[str, object]:
    chance = float("nan") if "minus" in value else 1 / 180
    return {"hyperparameter": hyperparameter, "value": value, **accuracy.estimate().columns(), "chance": chance, "n_networks": networks}


def group(answers: pd.DataFrame, **values: object) -> Accuracy:
    """The accuracy of the networks with the given hyperparameters, for example ``loss="L1", scale=2``."""
    mask = np.logical_and.reduce([answers[name] == value for name, value in values.items()])
    return Accuracy.of(answers[mask])


def scale_effect(answers: pd.DataFrame) -> Accuracy:
    """4X minus 2X."""
    return group(answers, scale=4) - group(answers, scale=2)


def loss_effect(answers: pd.DataFrame) -> Accuracy:
    """The mean of the two adversarial losses minus L1."""
    return group(answers, loss="VGG_GAN").mean_with(group(answers, loss="ResNet_GAN")) - group(answers, loss="L1")


def panels(answers: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of Figure 3's four panels, beside the paper's three runs (the first is printed in the figure)."""
    printed = paper.panels().query("figure == 'figure 3'")
    rows = []
    for scale in fleet.SCALES:
        for loss in ("L1", "adversarial"):
            accuracy = group(answers, scale=scale, adversarial=loss != "L1").estimate()
            theirs = printed[(printed["scale"] == str(scale)) & (printed["loss"] == loss)]["accuracy"]
            rows.append({"scale": scale, "loss": loss, **accuracy.columns(), "paper": theirs.iloc[0], "paper_sd": theirs.std(ddof=0)})
    return pd.DataFrame(rows)


def confusions(answers: pd.DataFrame) -> pd.DataFrame:
    """How often the named network has the right hyperparameter: over all answers, and over the wrong ones alone."""
    named = fleet.frame(tuple(fleet.parse(m) for m in answers["predicted"].unique())).set_index("model_id")
    wrong = ~answers["correct"].to_numpy(bool)
    rows = []
    for hyperparameter in ("scale", "loss", "architecture", "dataset", "seed"):
        same = answers["predicted"].map(named[hyperparameter]).to_numpy() == answers[hyperparameter].to_numpy()
        among_wrong = float(same[wrong].mean()) if wrong.any() else float("nan")
        rows.append({"hyperparameter": hyperparameter, "right": float(same.mean()), "right_among_wrong_answers": among_wrong})
    return pd.DataFrame(rows)


def tsne(run: Predictions, *, scale: int, adversarial: bool) -> pd.DataFrame:
    """The t-SNE map of one panel of Figure 3: model_id, x, y."""
    return map_of(run, [n.model_id for n in fleet.custom() if n.scale == scale and n.adversarial == adversarial])


def map_of(run: Predictions, networks: Sequence[str] = (), *, seed: int = 0, images: int = 12) -> pd.DataFrame:
    """A t-SNE map of the features of some networks, all by default (D32: PCA start, automatic learning rate, perplexity 30).

    At most ``images`` test images of a network are drawn into the map, evenly spread, so that it stays readable.
    """
    from sklearn.manifold import TSNE

    wanted = list(networks) or list(dict.fromkeys(run.index["model_id"]))
    number = run.index.groupby("model_id").cumcount()
    step = max(int(number.max() + 1) // images, 1)
    rows = np.flatnonzero(run.index["model_id"].isin(wanted) & (number % step == 0) & (number < step * images))
    points = run.features[rows]
    perplexity = min(30.0, (len(points) - 1) / 3)
    placed = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed, max_iter=500).fit_transform(points)
    return pd.DataFrame({"model_id": run.index["model_id"].to_numpy()[rows], "x": placed[:, 0], "y": placed[:, 1]})

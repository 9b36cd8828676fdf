"""Which network made an image? Tables 2 and 3, Figure 3, and the pattern of the errors (section 4.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from .. import fleet, paper
from ..classifiers.predictions import Predictions
from .uncertainty import NAN, Accuracy, mean

CHANCE = 1 / 180
GROUPS = {"scale": fleet.SCALES, "loss": fleet.LOSSES, "architecture": fleet.ARCHITECTURES, "dataset": fleet.DATASETS}


def scored(runs: Sequence[Predictions]) -> pd.DataFrame:
    """One row per answer: model_id, image, photograph, run, predicted, correct, and the network's hyperparameters."""
    answers = pd.concat([run.answers() for run in runs], ignore_index=True)
    answers["correct"] = answers["predicted"] == answers["model_id"]
    return answers.merge(_hyperparameters(answers["model_id"]), on="model_id", validate="many_to_one")


def _hyperparameters(model_ids: pd.Series) -> pd.DataFrame:
    return fleet.frame(tuple(fleet.parse(m) for m in model_ids.unique()))


def accuracy(answers: pd.DataFrame, **hyperparameters: object) -> Accuracy:
    """The accuracy over the networks with the given hyperparameters, such as ``loss="L1", scale=2``; by default over all."""
    for name, value in hyperparameters.items():
        answers = answers[answers[name] == value]
    return Accuracy.of(answers)


def scale_effect(of: Callable[..., Accuracy]) -> Accuracy:
    """4X minus 2X; ``of`` gives the accuracy over the networks with some hyperparameters, as `accuracy` does for answers."""
    return of(scale=4) - of(scale=2)


def loss_effect(of: Callable[..., Accuracy]) -> Accuracy:
    """The mean of the two adversarial losses minus L1; ``of`` as in `scale_effect`."""
    return mean(of(loss="VGG_GAN"), of(loss="ResNet_GAN")) - of(loss="L1")


# The rows of Table 3 that are differences, not groups (stated in the text of section 4.1.1): hyperparameter and effect.
EFFECTS = {"4X minus 2X": ("scale", scale_effect), "mean of VGG+adv and ResNet+adv, minus L1": ("loss", loss_effect)}


def by_photograph(answers: pd.DataFrame) -> pd.DataFrame:
    """The accuracy on each test photograph, hardest first: over all networks, L1 networks, adversarial networks."""
    groups = {"accuracy": answers, "accuracy_L1": answers[~answers["adversarial"]], "accuracy_adversarial": answers[answers["adversarial"]]}
    columns = {name: group.groupby("photograph")["correct"].mean() for name, group in groups.items()}
    images = answers.groupby("photograph")["image"].nunique()
    return pd.DataFrame(columns).assign(n_images=images).sort_values("accuracy").reset_index()


def table_2(backbones: Mapping[str, Sequence[Predictions]]) -> pd.DataFrame:
    """Table 2: a row per backbone, in the given order."""
    rows = []
    for backbone, runs in backbones.items():
        classes = len(runs[0].classes)
        rows.append({"classifier": backbone, **accuracy(scored(runs)).columns(), "chance": 1 / classes, "n_classes": classes})
    return pd.DataFrame(rows)


def table_3(answers: pd.DataFrame) -> pd.DataFrame:
    """Table 3: a row per value of a hyperparameter and per difference of `EFFECTS`, with the paper's accuracy and SD."""
    rows = []
    for hyperparameter, values in GROUPS.items():
        for value in values:
            networks = answers.loc[answers[hyperparameter] == value, "model_id"].nunique()
            accuracies = accuracy(answers, **{hyperparameter: value}).columns()
            rows.append({"hyperparameter": hyperparameter, "value": paper.spelled(value), **accuracies, "chance": CHANCE, "n_networks": networks})
    for label, (hyperparameter, effect) in EFFECTS.items():
        difference = effect(partial(accuracy, answers)).columns()
        rows.append({"hyperparameter": hyperparameter, "value": label, **difference, "chance": NAN, "n_networks": 180})
    printed = paper.table("table_3")[["hyperparameter", "value", "accuracy_mean", "accuracy_sd_over_3_classifiers"]]
    printed.columns = ["hyperparameter", "value", "paper", "paper_sd"]
    return pd.DataFrame(rows).merge(printed, on=["hyperparameter", "value"], how="left", validate="one_to_one")


def panels(answers: pd.DataFrame) -> pd.DataFrame:
    """The accuracies in Figure 3's four panels beside the paper's: run 1, as printed, and the SD over its three runs."""
    printed = paper.table("figure_3_and_5").query("figure == 'figure 3'")
    rows = []
    for scale in fleet.SCALES:
        for loss in ("L1", "adversarial"):
            theirs = printed[(printed["scale"] == str(scale)) & (printed["loss"] == loss)].set_index("classifier_run")["accuracy"]
            ours = accuracy(answers, scale=scale, adversarial=loss == "adversarial").columns()
            rows.append({"scale": scale, "loss": loss, **ours, "paper": theirs[1], "paper_sd": theirs.std(ddof=0)})
    return pd.DataFrame(rows)


def confusions(answers: pd.DataFrame) -> pd.DataFrame:
    """How often the predicted network has the right hyperparameter, over all answers and over wrong ones."""
    named = _hyperparameters(answers["predicted"]).set_index("model_id")
    wrong = ~answers["correct"].to_numpy(bool)
    rows = []
    for hyperparameter in (*GROUPS, "seed"):
        same = answers["predicted"].map(named[hyperparameter]).to_numpy() == answers[hyperparameter].to_numpy()
        among_wrong = float(same[wrong].mean()) if wrong.any() else NAN
        rows.append({"hyperparameter": hyperparameter, "right": float(same.mean()), "right_among_wrong_answers": among_wrong})
    return pd.DataFrame(rows)


def tsne(run: Predictions, *, seed: int = 0, images: int = 12, **hyperparameters: object) -> pd.DataFrame:
    """A t-SNE map of the features: model_id, x, y (D32: PCA start, automatic learning rate, perplexity 30).

    Of each network with the given hyperparameters at most ``images`` evenly spaced test images are drawn, to keep the map legible.
    """
    from sklearn.manifold import TSNE

    wanted = {m for m in run.index["model_id"].unique() if all(getattr(fleet.parse(m), k) == v for k, v in hyperparameters.items())}
    number = run.index.groupby("model_id").cumcount()
    step = max((number.max() + 1) // images, 1)
    rows = np.flatnonzero(run.index["model_id"].isin(wanted) & (number % step == 0) & (number < step * images))
    perplexity = min(30.0, (len(rows) - 1) / 3)
    placed = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed, max_iter=500).fit_transform(run.features_of(rows))
    return pd.DataFrame({"model_id": run.index["model_id"].to_numpy()[rows], "x": placed[:, 0], "y": placed[:, 1]})

"""Accuracies beside the paper's: dots with intervals, bars, a heat map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns

from .. import fleet, tasks
from ..experiments import controls
from . import BLUE, GREY, LOSS_COLOURS, LOSS_MARKERS, LOSS_NAMES, ORANGE, RED, Picture, subplots


def dots(table: pd.DataFrame, labels: list[str], *, title: str, chance: float | None = None) -> Picture:
    """Our accuracies with their intervals and the paper's, one line a row of ``table``."""
    figure, axes = subplots(size=(7, 0.32 * len(table) + 1.2))
    y = np.arange(len(table))[::-1]
    ours, paper = 100 * table["accuracy"], 100 * table["paper"]
    spread = np.nan_to_num([ours - 100 * table["low"], 100 * table["high"] - ours]).clip(0)
    axes.errorbar(ours, y, xerr=spread, fmt="o", color=BLUE, capsize=3, label="this run, 95 % interval over photographs")
    axes.scatter(paper, y, marker="D", facecolors="none", edgecolors=RED, zorder=3, label="the paper")
    if chance is not None:
        axes.axvline(100 * chance, color=GREY, linestyle=":", label=f"chance, {100 * chance:.1f} %")
    axes.set_yticks(y, labels)
    axes.set_xlabel("accuracy, %")
    axes.set_title(title, loc="left", fontsize=11)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    lines = [f"{label} {o:.1f} (paper {p:.1f})" for label, o, p in zip(labels, ours, paper, strict=True)]
    return figure, f"{title}, in percent: " + "; ".join(lines) + "."


def seeds(table: pd.DataFrame) -> Picture:
    """CNN and PRNU on the paper's 24 triplets, with the paper's values as diamonds."""
    rows = table[(table["triplets"] == "24") & (table["loss"] != "all")]
    labels = [f"{LOSS_NAMES[r.loss]}\n{r.scale}X" for r in rows[rows["method"] == "CNN"].itertuples()]
    figure, axes = subplots(size=(8, 3.6))
    x = np.arange(len(labels))
    for shift, method, colour, hatch in ((-0.2, "CNN", BLUE, ""), (0.2, "PRNU", ORANGE, "//")):
        part = rows[rows["method"] == method]
        values = 100 * part["accuracy"]
        spread = np.nan_to_num([values - 100 * part["low"], 100 * part["high"] - values]).clip(0)
        axes.bar(x + shift, values, 0.38, color=colour, hatch=hatch, edgecolor="white", yerr=spread, capsize=3, label=f"{method}, this run")
        axes.scatter(
            x + shift,
            100 * part["paper"],
            marker="D",
            facecolors="white",
            edgecolors="black",
            zorder=3,
            label="the paper" if shift > 0 else None,
        )
    axes.axhline(100 / 3, color=GREY, linestyle=":", label="chance, 33.3 %")
    axes.set_xticks(x, labels)
    axes.set_ylim(0, 105)
    axes.set_ylabel("accuracy within a triplet, %")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    means = rows.groupby("method")["accuracy"].mean()
    return figure, (
        "Accuracy within seed triplets by loss and scale. Mean over the six groups: "
        f"CNN {100 * means['CNN']:.1f} %, PRNU {100 * means['PRNU']:.1f} %; chance 33.3 %."
    )


def table_4(table: pd.DataFrame) -> Picture:
    """Two heat maps, ours and the paper's; a dash where the question makes no sense."""
    figure, axes = subplots(1, 2, size=(9, 3.2))
    for place, column, title in zip(axes, ("accuracy", "paper"), ("this run", "the paper"), strict=True):
        values = table.pivot(index="predicted", columns="withheld", values=column)
        values = 100 * values.loc[list(tasks.HYPERPARAMETERS), list(tasks.COLUMNS)]
        place.imshow(values, cmap="cividis", vmin=0, vmax=100, aspect="auto")
        place.grid(False)
        for row, column_ in np.ndindex(values.shape):
            value = values.iloc[row, column_]
            place.text(column_, row, "–" if np.isnan(value) else f"{value:.0f}", ha="center", va="center",
                       color="black" if np.isnan(value) or value > 55 else "white")  # fmt: skip
        place.set_xticks(range(len(tasks.COLUMNS)), tasks.COLUMNS, rotation=30, ha="right")
        place.set_yticks(range(4), ["scale", "loss", "architecture", "training set"])
        place.set_title(f"{title}: accuracy, %", loc="left", fontsize=10)
    best = table.groupby("predicted")["accuracy"].mean()
    return figure, "Accuracy of the 18 parsers by withheld value, this run and the paper. Our row means: " + ", ".join(
        f"{name} {100 * best[name]:.0f} %" for name in tasks.HYPERPARAMETERS) + "."  # fmt: skip


def photographs(spread: pd.DataFrame) -> Picture:
    """The accuracy on each test photograph, L1 and adversarial networks apart."""
    figure, axes = subplots(size=(7, 0.34 * len(spread) + 1.2))
    y = np.arange(len(spread))
    axes.scatter(100 * spread["accuracy_L1"], y, marker="o", color=LOSS_COLOURS["L1"], label="L1 networks")
    axes.scatter(100 * spread["accuracy_adversarial"], y, marker="^", color=LOSS_COLOURS["VGG_GAN"], label="adversarial networks")
    axes.scatter(100 * spread["accuracy"], y, marker="|", s=120, color="black", label="all networks")
    axes.set_yticks(y, [f"{r.photograph} ({r.n_images})" for r in spread.itertuples()])
    axes.set_xlabel("180-way accuracy, %")
    axes.set_xlim(-2, 102)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    low, high = spread.iloc[0], spread.iloc[-1]
    return figure, (
        f"Accuracy by test photograph, the number of its images in brackets: from {100 * low.accuracy:.0f} % on {low.photograph} "
        f"to {100 * high.accuracy:.0f} % on {high.photograph}."
    )


def panels(maps: dict[tuple[int, bool], pd.DataFrame], table: pd.DataFrame) -> Picture:
    """Figure 3: a t-SNE map for each scale and loss family, coloured by network, the accuracy in the corner."""
    figure, axes = subplots(2, 2, size=(8, 8))
    said = []
    for i, scale in enumerate(fleet.SCALES):
        for j, adversarial in enumerate((False, True)):
            points, place = maps[scale, adversarial], axes[i][j]
            row = table[(table["scale"] == scale) & (table["loss"] == ("adversarial" if adversarial else "L1"))].iloc[0]
            codes = points["model_id"].astype("category").cat.codes
            losses = points["model_id"].map(lambda m: fleet.parse(m).loss)
            for loss in losses.unique():
                mine = (losses == loss).to_numpy()
                place.scatter(
                    points["x"][mine],
                    points["y"][mine],
                    c=codes[mine],
                    cmap="turbo",
                    vmin=0,
                    vmax=codes.max(),
                    s=9,
                    marker=LOSS_MARKERS[loss],
                    linewidths=0,
                )
            place.set_title(f"{scale}X, {'adversarial' if adversarial else 'L1'}", fontsize=11)
            place.text(0.02, 0.02, f"{100 * row.accuracy:.1f} % (paper {100 * row.paper:.1f})", transform=place.transAxes, fontsize=9,
                       bbox={"facecolor": "white", "edgecolor": "0.8"})  # fmt: skip
            place.set(xticks=[], yticks=[])
            place.grid(False)
            said.append(f"{scale}X {'adversarial' if adversarial else 'L1'} {100 * row.accuracy:.1f} %")
    return (
        figure,
        "t-SNE maps of classifier features, one colour a network: clusters are tighter where the accuracy is higher (" + ", ".join(said) + ").",
    )


def control(table: pd.DataFrame) -> Picture:
    """The plain classifier and its controls side by side, by group; ``table`` as `experiments.controls.compare` gives it."""
    figure, axes = subplots(size=(7, 3))
    names, groups = list(dict.fromkeys(table["control"])), list(dict.fromkeys(table["group"]))
    width, colours = 0.8 / len(names), sns.color_palette("cividis", len(names))
    for i, name in enumerate(names):
        part = table[table["control"] == name].set_index("group").loc[groups]
        spread = np.nan_to_num([part["accuracy"] - part["low"], part["high"] - part["accuracy"]]).clip(0)
        place = np.arange(len(groups)) + (i - (len(names) - 1) / 2) * width
        axes.bar(place, 100 * part["accuracy"], width, yerr=100 * spread, color=colours[i], edgecolor="white", capsize=2, label=controls.words(name))
    axes.set_xticks(range(len(groups)), groups)
    axes.set_ylabel("180-way accuracy, %")
    axes.set_ylim(0, 100)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    whole = table[table["group"] == "all"]
    said = "; ".join(f"{controls.words(r.control)} {100 * r.accuracy:.0f} %" for r in whole.itertuples())
    return figure, f"180-way accuracy of the plain classifier and of controls that change one thing, by group. Over all networks: {said}."

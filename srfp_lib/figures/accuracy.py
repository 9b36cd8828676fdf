"""Accuracies beside the paper's: dots with intervals, bars, heat maps, t-SNE maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .. import fleet
from ..common.names import in_figure
from ..experiments import controls
from . import (
    BLUE,
    GREEN,
    GREY,
    LOSS_COLOURS,
    LOSS_MARKERS,
    LOSS_NAMES,
    ORANGE,
    PINK,
    RED,
    SKY,
    Picture,
    bare,
    grid,
    legend,
    single,
    styled,
    whiskers,
)

ARCHITECTURE_COLOURS = dict(zip(fleet.ARCHITECTURES, (BLUE, ORANGE, GREEN, PINK, SKY), strict=True))


@styled()
def dots(table: pd.DataFrame, labels: list[str], *, title: str, chance: float | None = None) -> Picture:
    """Our accuracies with their intervals and the paper's, a line per row of ``table``."""
    figure, axes = single(size=(7, 0.32 * len(table) + 1.2))
    y = np.arange(len(table))[::-1]
    ours, paper = 100 * table["accuracy"], 100 * table["paper"]
    axes.errorbar(ours, y, xerr=whiskers(table), fmt="o", color=BLUE, capsize=3, label="this run, 95 % interval")
    if paper.notna().any():
        axes.scatter(paper, y, marker="D", facecolors="none", edgecolors=RED, zorder=3, label="the paper")
    if chance is not None:
        axes.axvline(100 * chance, color=GREY, linestyle=":", label=f"chance, {100 * chance:.1f} %")
    axes.set_yticks(y, labels)
    axes.set_xlabel("accuracy, %")
    axes.set_title(title, loc="left", fontsize=11)
    legend(figure, axes, columns=3)
    lines = [f"{label} {o:.1f}" + ("" if np.isnan(p) else f" (paper {p:.1f})") for label, o, p in zip(labels, ours, paper, strict=True)]
    return figure, f"{title}, in percent: " + "; ".join(lines) + "."


@styled()
def seeds(table: pd.DataFrame, spelled: Callable[[str], str] = str) -> Picture:
    """CNN and PRNU on the paper's 24 triplets, with the paper's values as diamonds; ``spelled`` says how the page spells a loss."""
    rows = table[(table["triplets"] == "24") & (table["loss"] != "all")]
    figure, axes = single(size=(8, 3.6))
    for shift, method, colour, hatch in ((-0.2, "CNN", BLUE, ""), (0.2, "PRNU", ORANGE, "//")):
        part = rows[rows["method"] == method]
        x = np.arange(len(part)) + shift
        bar = {"color": colour, "hatch": hatch, "edgecolor": "white", "label": f"{method}, this run"}
        axes.bar(x, 100 * part["accuracy"], 0.38, yerr=whiskers(part), capsize=3, **bar)
        label = "the paper" if method == "PRNU" else None
        axes.scatter(x, 100 * part["paper"], marker="D", facecolors="white", edgecolors="black", zorder=3, label=label)
        labels = [f"{spelled(LOSS_NAMES[str(loss)])}\n{scale}X" for loss, scale in zip(part["loss"], part["scale"], strict=True)]
        axes.set_xticks(x - shift, [label.replace(" + ", "\n+ ") for label in labels])
    axes.axhline(100 / 3, color=GREY, linestyle=":", label="chance, 33.3 %")
    axes.set(ylim=(0, 105), ylabel="accuracy within a triplet, %")
    legend(figure, axes, columns=4)
    means = rows.groupby("method")["accuracy"].mean()
    return figure, (
        "Accuracy within seed triplets by loss and scale. Mean over the six groups: "
        f"CNN {100 * means['CNN']:.1f} %, PRNU {100 * means['PRNU']:.1f} %; chance 33.3 %."
    )


@styled()
def photographs(spread: pd.DataFrame, pictures: Sequence[np.ndarray] = ()) -> Picture:
    """The accuracy on each test photograph, hardest first: all, L1 and adversarial networks; ``pictures``: an image of each."""
    figure, axes = single(size=(7, 0.34 * len(spread) + 1.2))
    for y, picture in enumerate(pictures):
        place = axes.inset_axes((-4, y - 0.44, 4, 0.88), transform=axes.transData)
        place.imshow(picture, interpolation="none", aspect="auto")
        place.axis("off")
    y = np.arange(len(spread))
    axes.scatter(100 * spread["accuracy_L1"], y, marker="o", color=LOSS_COLOURS["L1"], label="L1 networks")
    axes.scatter(100 * spread["accuracy_adversarial"], y, marker="^", color=LOSS_COLOURS["VGG_GAN"], label="adversarial networks")
    axes.scatter(100 * spread["accuracy"], y, marker="|", s=120, color="black", label="all networks")
    axes.set_yticks(y, [f"{in_figure(name)} ({n})" for name, n in zip(spread["photograph"], spread["n_images"], strict=True)])
    axes.set(xlim=(-4 if len(pictures) else -2, 102), xlabel="180-way accuracy, %")
    legend(figure, axes, columns=3)
    low, high = spread.iloc[0], spread.iloc[-1]
    return figure, (
        f"Accuracy by test photograph, the number of its images in brackets: from {100 * low['accuracy']:.0f} % on {low['photograph']} "
        f"to {100 * high['accuracy']:.0f} % on {high['photograph']}."
    )


@styled()
def panels(maps: Mapping[tuple[int, bool], pd.DataFrame], table: pd.DataFrame) -> Picture:
    """Figure 3: a t-SNE map for each scale and loss family, coloured by architecture, the accuracy in the corner."""
    figure, axes = grid(2, 2, size=(8, 8.3))
    accuracies = table.set_index(["scale", "loss"])[["accuracy", "paper"]].T
    described = []
    for row, scale in zip(axes, fleet.SCALES, strict=True):
        for place, loss in zip(row, ("L1", "adversarial"), strict=True):
            _map(place, maps[scale, loss == "adversarial"])
            ours, paper = 100 * accuracies[scale, loss]
            place.set_title(f"{scale}X, {loss}", fontsize=11)
            place.text(0.02, 0.02, f"{ours:.1f} % (paper {paper:.1f})", transform=place.transAxes, fontsize=9,
                       bbox={"facecolor": "white", "edgecolor": "0.8"})  # fmt: skip
            described.append(f"{scale}X {loss} {ours:.1f} %")
    for architecture, colour in ARCHITECTURE_COLOURS.items():
        axes[0][0].scatter([], [], color=colour, label=architecture)
    legend(figure, axes[0][0], columns=5)
    return figure, "t-SNE maps of classifier features, one colour per architecture, by scale and loss. Accuracies: " + ", ".join(described) + "."


def _map(axes: Axes, points: pd.DataFrame) -> None:
    """A map with a colour per architecture and a marker per loss."""
    networks = points["model_id"].map(fleet.parse)
    colours = [ARCHITECTURE_COLOURS[network.architecture] for network in networks]
    for loss, part in points.assign(colour=colours).groupby(networks.map(lambda n: n.loss), sort=False):
        axes.scatter(part["x"], part["y"], c=part["colour"], s=9, marker=LOSS_MARKERS[str(loss)], linewidths=0)
    bare(axes)


@styled()
def control(table: pd.DataFrame, spelled: Callable[[str], str] = str) -> Picture:
    """The plain classifier and its controls side by side, by group; ``table`` is from `experiments.controls.compare`.

    ``spelled`` says how the page spells a group (`Study.spelled`).
    """
    figure, axes = single(size=(7, 3))
    names, groups = list(dict.fromkeys(table["control"])), list(dict.fromkeys(table["group"]))
    width, colours = 0.8 / len(names), mpl.colormaps["cividis"](np.linspace(0, 1, len(names) + 2)[1:-1])
    for i, name in enumerate(names):
        part = table[table["control"] == name].set_index("group").loc[groups]
        place = np.arange(len(groups)) + (i - (len(names) - 1) / 2) * width
        bar = {"color": colours[i], "edgecolor": "white", "label": controls.words(name)}
        axes.bar(place, 100 * part["accuracy"], width, yerr=whiskers(part), capsize=2, **bar)
    axes.set_xticks(range(len(groups)), [spelled(group) for group in groups])
    axes.set(ylim=(0, 100), ylabel="180-way accuracy, %")
    legend(figure, axes, columns=3)
    whole = table[table["group"] == "all"].set_index("control")["accuracy"]
    described = "; ".join(f"{controls.words(name)} {100 * whole[name]:.0f} %" for name in names)
    return figure, f"180-way accuracy of the plain classifier and of controls that change one thing, by group. Over all networks: {described}."

"""Figures of the published networks: accuracy by group, t-SNE maps, distance ratios, and parsers' answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from .. import fleet, paper, tasks
from ..common.names import in_figure
from . import BLUE, GREY, LOSS_NAMES, ORANGE, RED, Picture, bare, grid, heatmap, legend, single, styled, whiskers

MARKERS = {(False, 2): "o", (True, 2): "D", (False, 4): "^", (True, 4): "s"}  # by adversarial and scale, as in Figure 5


@styled()
def groups(table: pd.DataFrame) -> Picture:
    """Accuracy by group for both starts of the classifier, and the paper's."""
    figure, axes = single(size=(7, 3.2))
    described = []
    for shift, start, colour, marker in ((-0.12, "warm", BLUE, "o"), (0.12, "cold", ORANGE, "s")):
        part = table[table["start"] == start]
        x, value = np.arange(len(part)), 100 * part["accuracy"]
        axes.errorbar(x + shift, value, yerr=whiskers(part), fmt=marker, color=colour, capsize=3, label=f"{start} start, 95 % interval")
        described += [f"{group} {v:.1f} % ({start} start)" for group, v in zip(part["group"], value, strict=True)]
        if start == "warm":
            axes.scatter(x + shift, 100 * part["paper"], marker="D", facecolors="none", edgecolors=RED, zorder=3, label="the paper, warm start")
            axes.set_xticks(x, list(part["group"] + "\n(" + part["n_networks"].astype(str) + " networks)"))
    chance = 100 * table["chance"].iloc[0]
    axes.axhline(chance, color=GREY, linestyle=":", label=f"chance, {chance:.1f} %")
    axes.set(ylim=(0, 105), ylabel="accuracy, %")
    legend(figure, axes, columns=2)
    return figure, "Accuracy of attribution among the published networks by group: " + "; ".join(described) + "."


@styled()
def maps(seen: pd.DataFrame, unseen: pd.DataFrame) -> Picture:
    """Figure 5: t-SNE maps of the published networks' images in features that were and were not trained on them."""
    figure, (axes,) = grid(1, 2, size=(9, 6.4))
    names = list(dict.fromkeys(seen["model_id"]))
    colours = mpl.colormaps["turbo"](np.linspace(0, 1, len(names)))
    for place, points, title in zip(axes, (seen, unseen), ("classifier trained on these networks", "classifier of the custom fleet"), strict=True):
        for name, colour in zip(names, colours, strict=True):
            network, mine = fleet.parse(name), points[points["model_id"] == name]
            place.scatter(mine["x"], mine["y"], marker=MARKERS[network.adversarial, network.scale], s=26, alpha=0.7, linewidths=0,
                          color=colour, label=in_figure(fleet.short(name)))  # fmt: skip
        place.set_title(title, fontsize=11)
        bare(place)
    legend(figure, axes[0], columns=5, fontsize=8)
    return figure, f"Two t-SNE maps of images of {len(names)} networks, left with features of a classifier that was trained on them."


@styled()
def ratios(matrices: Mapping[str, pd.DataFrame], name: str = "ratio of squares") -> Picture:
    """Figure 6: the distance ratio of every pair of networks, of that name; each matrix has model_ids on both sides."""
    rows = -(-len(matrices) // 2)
    figure, axes = grid(rows, 2, size=(10, 4.6 * rows + (1 if rows > 1 else 2)))  # the names below need as much room
    places = [place for row in axes for place in row]
    lowest = min(float(matrix.to_numpy().min()) for matrix in matrices.values())
    described = []
    for place, (title, matrix) in zip(places, matrices.items(), strict=True):
        names = [fleet.short(str(n)) for n in matrix.index]
        left, below = place in [row[0] for row in axes], place in axes[-1]
        heatmap(place, matrix.to_numpy(), left and names, below and names, cmap="viridis", vmin=lowest, vmax=1, square=True)
        place.tick_params(labelsize=8)
        place.set_title(title, fontsize=10)
        described.append(f"{title} {matrix.to_numpy()[np.triu_indices(len(matrix), 1)].mean():.2f}")
    figure.colorbar(places[0].collections[0], ax=places, shrink=0.5, label=f"{name}: 1 = clusters coincide")
    return figure, "Intra- to inter-class distance ratios of all pairs of networks. Mean over pairs: " + "; ".join(described) + "."


@styled()
def answers(table: pd.DataFrame, spelled: Callable[[object], str] = paper.spelled) -> Picture:
    """Figure 7: how often parsers give each answer, a row per network, with a frame around right answers; ``spelled`` names the values."""
    names = list(dict.fromkeys(table["model_id"]))
    columns = [(asks, value) for asks in tasks.PARSED_OF_PUBLISHED for value in tasks.CLASSES[asks]]
    wide = table.pivot(index="model_id", columns=["parser", "predicted"], values=["share", "paper", "right"]).loc[names]
    ours, theirs, right = (wide[name][columns].to_numpy(float) for name in ("share", "paper", "right"))
    texts = [
        [f"{100 * o:.0f}" + ("" if np.isnan(p) else f" ({100 * p:.0f})") for o, p in zip(*row, strict=True)] for row in zip(ours, theirs, strict=True)
    ]
    figure, axes = single(size=(8, 0.27 * len(names) + 1.6))
    labels = [spelled(LOSS_NAMES.get(value, value)) for _, value in columns]
    percents = {"cmap": "cividis", "vmin": 0, "vmax": 100, "annot": np.array(texts), "fmt": "", "annot_kws": {"fontsize": 7}}
    heatmap(axes, 100 * ours, [fleet.short(n) for n in names], labels, **percents)
    axes.tick_params(labelsize=8)
    axes.tick_params("x", rotation=40)
    for row, column in np.argwhere(right):
        axes.add_patch(Rectangle((column + 0.03, row + 0.05), 0.94, 0.9, fill=False, edgecolor=RED, linewidth=1.4))
    means = table[table["right"]].groupby(["parser", "model_id"])["share"].sum().groupby("parser").mean()
    return figure, "How often parsers give each answer, in percent. Mean share of right answers: " + ", ".join(
        f"{asks} {100 * means[asks]:.0f} %" for asks in tasks.PARSED_OF_PUBLISHED if asks in means) + "."  # fmt: skip

"""Pictures of the published networks' chapters: maps, distance ratios, and what parsers answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import fleet, tasks
from . import BLUE, GREY, LOSS_NAMES, ORANGE, RED, Picture, subplots

MARKERS = {(False, 2): "o", (True, 2): "D", (False, 4): "^", (True, 4): "s"}  # Figure 5's


def groups(table: pd.DataFrame) -> Picture:
    """Accuracy by group with both starts of the classifier, and the paper's."""
    figure, axes = subplots(size=(7, 3.2))
    names = list(dict.fromkeys(table["group"]))
    x = np.arange(len(names))
    for shift, start, colour, marker in ((-0.12, "warm", BLUE, "o"), (0.12, "cold", ORANGE, "s")):
        part = table[table["start"] == start].set_index("group").loc[names]
        value = 100 * part["accuracy"]
        spread = np.nan_to_num([value - 100 * part["low"], 100 * part["high"] - value]).clip(0)
        axes.errorbar(x + shift, value, yerr=spread, fmt=marker, color=colour, capsize=3, label=f"{start} start, 95 % interval")
    warm = table[table["start"] == "warm"].set_index("group").loc[names]
    axes.scatter(x - 0.12, 100 * warm["paper"], marker="D", facecolors="none", edgecolors=RED, zorder=3, label="the paper, warm start")
    chance = 100 * table["chance"].iloc[0]
    axes.axhline(chance, color=GREY, linestyle=":", label=f"chance, {chance:.1f} %")
    axes.set_xticks(x, [f"{n}\n({warm.loc[n, 'n_networks']} networks)" for n in names])
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 105)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    said = [f"{r.group} {100 * r.accuracy:.1f} % ({r.start} start)" for r in table.itertuples()]
    return figure, "Accuracy of attribution among the published networks by group: " + "; ".join(said) + "."


def maps(seen: pd.DataFrame, unseen: pd.DataFrame) -> Picture:
    """Figure 5: t-SNE maps of the published networks' images, by features that were trained on them and that were not."""
    figure, axes = subplots(1, 2, size=(9, 6.4))
    names = list(dict.fromkeys(seen["model_id"]))
    for place, points, title in zip(axes, (seen, unseen), ("classifier trained on these networks", "classifier of the custom fleet"), strict=True):
        for number, name in enumerate(names):
            network, mine = fleet.parse(name), points[points["model_id"] == name]
            place.scatter(mine["x"], mine["y"], marker=MARKERS[network.adversarial, network.scale], s=26, alpha=0.7, linewidths=0,
                          color=_colour(number, len(names)), label=fleet.short(name))  # fmt: skip
        place.set_title(title, fontsize=11)
        place.set(xticks=[], yticks=[])
        place.grid(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8)
    return figure, f"Two t-SNE maps of images of {len(names)} published networks, left with features of a classifier that was trained on them."


def _colour(number: int, count: int) -> tuple[float, ...]:
    from matplotlib import colormaps

    return colormaps["turbo"](number / max(count - 1, 1))


def ratios(matrices: dict[str, pd.DataFrame]) -> Picture:
    """Figure 6: distance ratios of every pair of networks; each matrix has model_ids on both sides."""
    rows = -(-len(matrices) // 2)
    figure, axes = subplots(rows, 2, size=(10, 4.6 * rows + 1))
    lowest = min(float(m.to_numpy().min()) for m in matrices.values())
    said = []
    for number, (place, (title, matrix)) in enumerate(zip(np.ravel(axes), matrices.items(), strict=True)):
        picture = place.imshow(matrix, cmap="viridis", vmin=lowest, vmax=1)
        place.set_title(title, fontsize=10)
        names = [fleet.short(n) for n in matrix.index]
        place.set_yticks(range(len(names)), [""] * len(names) if number % 2 else names, fontsize=8)
        place.set_xticks(range(len(names)), names if number // 2 == rows - 1 else [""] * len(names), fontsize=8, rotation=90)
        place.grid(False)
        off = matrix.to_numpy()[np.triu_indices(len(matrix), 1)]
        said.append(f"{title} {off.mean():.2f}")
    figure.colorbar(picture, ax=np.ravel(axes).tolist(), shrink=0.5, label="ratio of squares: 1 = clusters coincide")
    return figure, "Intra- to inter-class distance ratios of all pairs of published networks. Mean over pairs: " + "; ".join(said) + "."


def answers(table: pd.DataFrame) -> Picture:
    """Figure 7: how often parsers give each answer, a row a network, a frame around right answers."""
    from matplotlib.patches import Rectangle

    names = list(dict.fromkeys(table["model_id"]))
    columns = [(asks, value) for asks in tasks.PARSED_OF_PUBLISHED for value in tasks.CLASSES[asks]]
    values = table.set_index(["model_id", "parser", "predicted"])
    grid = np.array([[100 * values.loc[(n, *c), "share"] for c in columns] for n in names])
    figure, axes = subplots(size=(8, 0.27 * len(names) + 1.6))
    axes.imshow(grid, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    axes.grid(False)
    for i, name in enumerate(names):
        for j, column in enumerate(columns):
            row = values.loc[(name, *column)]
            paper = "" if np.isnan(row["paper"]) else f" ({100 * row['paper']:.0f})"
            axes.text(j, i, f"{grid[i, j]:.0f}{paper}", ha="center", va="center", fontsize=7, color="black" if grid[i, j] > 55 else "white")
            if row["right"]:
                axes.add_patch(Rectangle((j - 0.47, i - 0.45), 0.94, 0.9, fill=False, edgecolor=RED, linewidth=1.4))
    labels = [f"{v}X" if a == "scale" else LOSS_NAMES.get(v, v) for a, v in columns]
    axes.set_xticks(range(len(columns)), labels, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), [fleet.short(n) for n in names], fontsize=8)
    right = table[table["right"]].groupby(["parser", "model_id"])["share"].sum().groupby("parser").mean()
    return figure, "How often parsers give each answer, in percent. Mean share of right answers: " + ", ".join(
        f"{asks} {100 * right[asks]:.0f} %" for asks in tasks.PARSED_OF_PUBLISHED if asks in right) + "."  # fmt: skip

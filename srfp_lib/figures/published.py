"""Figures of the published networks: accuracy by group, t-SNE maps, distance ratios, and parsers' answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .. import fleet, paper, tasks
from ..common.names import in_figure
from . import BLUE, GREEN, GREY, LOSS_NAMES, ORANGE, PINK, RED, SKY, Picture, bare, grid, heatmap, legend, single, styled, whiskers

GROUPS = {(2, False): (BLUE, "o"), (2, True): (PINK, "D"), (4, False): (ORANGE, "^"), (4, True): (GREEN, "s")}  # by scale and adversarial


def in_words(group: tuple[int, bool]) -> str:
    """A group of networks as a figure calls it.

    >>> in_words((4, True))
    '4X, adversarial'
    """
    return f"{group[0]}X, {'adversarial' if group[1] else 'L1'}"


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
    """Figure 5: t-SNE maps of the published networks' images in features that were and were not trained on them.

    A colour and a marker stand for a group of networks; each network's name stands at the median of its images.
    """
    figure, (axes,) = grid(1, 2, size=(10, 6))
    names = list(dict.fromkeys(seen["model_id"]))
    for place, points, title in zip(axes, (seen, unseen), ("classifier trained on these networks", "classifier of the custom fleet"), strict=True):
        for name in names:
            network, mine = fleet.parse(name), points[points["model_id"] == name]
            colour, marker = GROUPS[group := (network.scale, network.adversarial)]
            place.scatter(mine["x"], mine["y"], marker=marker, s=18, alpha=0.6, linewidths=0, color=colour, label=in_words(group))
            place.annotate(in_figure(fleet.short(name)), (mine["x"].median(), mine["y"].median()), fontsize=7, ha="center", va="center")
        place.set_title(title, fontsize=11)
        bare(place)
    handles = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=4, fontsize=9)
    return figure, f"Two t-SNE maps of images of {len(names)} networks, left with features of a classifier that was trained on them."


@styled()
def slopes(means: pd.DataFrame, quantity: str) -> Picture:
    """The mean ratio of each group of networks, seen and unseen, with 95 % intervals; the paper's dashed, if there is a column of them."""
    figure, axes = single(size=(7, 4.4))
    asked, printed = [f"{quantity}, seen", f"{quantity}, unseen"], {"marker": "D", "markerfacecolor": "none", "linestyle": "--", "linewidth": 1}
    found = {str(group): part.set_index("quantity").loc[asked] for group, part in means.groupby("pairs_among", sort=False)}
    places = apart({group: part["value"].iloc[1] for group, part in found.items()}, 0.055)
    for shift, colour, (group, part) in zip(np.linspace(-0.05, 0.05, len(found)), (GREY, BLUE, SKY, ORANGE, RED), found.items(), strict=False):
        x = np.arange(2) + shift
        axes.plot(x, part["value"], color=colour, marker="o")
        axes.vlines(x, part["low"], part["high"], color=colour, linewidth=1)
        axes.plot(x, part["paper"] if "paper" in part else [np.nan, np.nan], color=colour, **printed)
        axes.annotate(group, (1.05, part["value"].iloc[1]), (1.12, places[group]), va="center", fontsize=9, annotation_clip=False)
    axes.plot([], [], color=GREY, marker="o", label="this run, 95 % interval")
    axes.plot([], [], color=GREY, label="the paper, its own networks", **printed)
    axes.set(xlim=(-0.15, 1.6), ylim=(0, 1.12), ylabel=f"mean {quantity}")
    axes.set_xticks([0, 1], ["networks seen", "networks unseen"])
    legend(figure, axes, columns=2)
    return figure, f"Mean {quantity} by group, with the networks seen and unseen: " + "; ".join(
        f"{group} {part['value'].iloc[0]:.2f} and {part['value'].iloc[1]:.2f}" for group, part in found.items()) + "."  # fmt: skip


def apart(heights: Mapping[str, float], gap: float) -> dict[str, float]:
    """Heights of labels, moved up where the one below is nearer than the gap.

    >>> apart({"a": 0.5, "b": 0.52, "c": 0.9}, 0.1)
    {'a': 0.5, 'b': 0.6, 'c': 0.9}
    """
    placed: dict[str, float] = {}
    for name in sorted(heights, key=lambda name: heights[name]):
        placed[name] = max(heights[name], max(placed.values(), default=-np.inf) + gap)
    return placed


@styled()
def ratios(panels: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], name: str = "ratio of squares") -> Picture:
    """Figure 6: a matrix of the distance ratio, of that name, of every pair of networks: above the diagonal seen, below unseen.

    Each panel is such a pair of frames with model_ids on both sides, in the order of their groups.
    """
    figure, rows = grid(len(panels), 1, size=(9, 6 * len(panels)))  # room for long names beside the squares
    places = [place for (place,) in rows]
    lowest = min(float(np.nanmin(frame.to_numpy())) for both in panels.values() for frame in both)
    described = []
    for place, (title, (seen, unseen)) in zip(places, panels.items(), strict=True):
        upper = np.triu_indices(len(seen), 1)
        values = np.where(np.eye(len(seen)), np.nan, np.triu(seen, 1) + np.tril(unseen, -1))
        names = [fleet.short(str(n)) for n in seen.index]
        heatmap(place, values, names, names, cmap="viridis", vmin=lowest, vmax=1, square=True)
        place.tick_params(labelsize=8)
        _bracket(place, [fleet.parse(str(n)) for n in seen.index])
        place.set_title(title, fontsize=11)
        means = [frame.to_numpy()[upper].mean() for frame in (seen, unseen)]
        described.append(f"{title} {means[0]:.2f} seen and {means[1]:.2f} unseen")
    figure.colorbar(places[0].collections[0], ax=places, shrink=0.4, label=f"{name}: 1 = clusters coincide")
    return figure, "Intra- to inter-class distance ratios of all pairs of networks. Mean over pairs: " + "; ".join(described) + "."


def _bracket(axes: Axes, networks: Sequence[fleet.Network]) -> None:
    """Lines between the groups of a matrix's networks, and their names beside it."""
    kinds = [(network.scale, network.adversarial) for network in networks]
    for kind in dict.fromkeys(kinds):
        first, count = kinds.index(kind), kinds.count(kind)
        if first:
            axes.axhline(first, color="white", linewidth=2)
            axes.axvline(first, color="white", linewidth=2)
        axes.text(len(kinds) + 0.3, first + count / 2, in_words(kind), va="center", fontsize=8)


@styled()
def answers(table: pd.DataFrame, spelled: Callable[[object], str] = paper.spelled) -> Picture:
    """Figure 7: each parser's answers to the images of each network as a bar, the right ones first and blue, a diamond for the paper's share.

    Networks stand by scale and loss, each group below its mean; ``spelled`` names the values.
    """
    networks = sorted(dict.fromkeys(table["model_id"]), key=lambda n: ((p := fleet.parse(n)).scale, p.adversarial))
    kinds = {n: in_words(((p := fleet.parse(n)).scale, p.adversarial)) for n in networks}
    lines = [line for kind in dict.fromkeys(kinds.values()) for line in (kind, *(n for n in networks if kinds[n] == kind))]
    figure, (places,) = grid(1, len(tasks.PARSED_OF_PUBLISHED), size=(9, 0.27 * len(lines) + 1.4))
    described = []
    for place, asks in zip(places, tasks.PARSED_OF_PUBLISHED, strict=True):
        part = table[table["parser"] == asks]
        right = part[part["right"]].groupby("model_id", sort=False)[["share", "paper"]].sum(min_count=1)
        for y, line in enumerate(lines):
            if line in kinds:
                _answered(place, y, part[part["model_id"] == line], spelled)
            elif len(group := right[right.index.map(kinds) == line]):
                place.barh(y, 100 * group["share"].mean(), color=SKY, height=0.5)
        place.scatter(100 * right["paper"], [lines.index(n) for n in right.index], marker="D", facecolors="white", edgecolors=RED, s=22, zorder=3)
        place.set(xlim=(0, 100), ylim=(len(lines) - 0.4, -0.6), xlabel="images, %")
        place.set_title(spelled(asks), fontsize=10)
        named = [fleet.short(n) if n in kinds else f"mean, {n}" for n in lines]
        place.set_yticks(range(len(lines)), named if place is places[0] else [""] * len(lines))
        place.tick_params(labelsize=8)
        described += [f"{asks} {100 * right['share'].mean():.0f} %"] if len(right) else []
    return figure, "How often parsers give each answer, a bar for each network. Mean share of right answers: " + ", ".join(described) + "."


def _answered(axes: Axes, y: int, answers: pd.DataFrame, spelled: Callable[[object], str]) -> None:
    """One bar: right answers first and solid, others by size; pale if none can be right."""
    left = 0.0
    for row in answers.sort_values(["right", "share"], ascending=False).to_dict("records"):
        width = 100 * row["share"]
        axes.barh(y, width, left=left, height=0.8, color=BLUE if row["right"] else "#c9c9c9", edgecolor="white", linewidth=0.6)
        if width > 14:
            colour = "white" if row["right"] else "#111111"
            answer = spelled(LOSS_NAMES.get(row["predicted"], row["predicted"]))
            axes.text(left + width / 2, y, answer, ha="center", va="center", fontsize=6.5, color=colour)
        left += width

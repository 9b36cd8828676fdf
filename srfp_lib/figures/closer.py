"""One thing looked at more closely: pictures of what a reader chooses by a chapter's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from .. import fleet
from ..common.names import in_figure
from ..pages.tables import in_unit
from . import BLUE, GREEN, GREY, ORANGE, RED, Picture, heatmap, legend, single, styled


@styled()
def apart(table: pd.DataFrame, one: str, other: str) -> Picture:
    """Images of two networks by the difference of two log-probabilities; ``table`` is from `experiments.published.against`."""
    figure, axes = single(size=(7, 2.8))
    most = float(table["difference"].abs().max()) or 1.0
    described = []
    for name, colour, hatch in ((one, BLUE, ""), (other, ORANGE, "//")):
        mine = table.loc[table["model_id"] == name, "difference"]
        look = {"color": colour, "hatch": hatch, "edgecolor": "white", "alpha": 0.7, "label": in_figure(fleet.short(name))}
        axes.hist(mine, bins=np.linspace(-most, most, 41).tolist(), **look)
        described.append(f"{fleet.short(name)} {mine.median():+.1f}")
    axes.axvline(0, color=GREY, linestyle=":")
    names = (in_figure(fleet.short(name)) for name in (other, one))
    axes.set(xlabel=f"log-probability: more like {' <  0  < more like '.join(names)}", ylabel="images")
    legend(figure, axes, columns=2)
    return figure, f"Images by log-probability, {fleet.short(one)} less {fleet.short(other)}; medians: {'; '.join(described)} (images of each)."


@styled()
def shares(table: pd.DataFrame, title: str, size: tuple[float, float] = (5, 2.6)) -> Picture:
    """A heat map of shares, in percent: a row and a column for each of the table's."""
    figure, axes = single(size=size)
    percents = 100 * table.to_numpy(float)
    names = [[in_figure(str(name)) for name in axis] for axis in (table.index, table.columns)]
    heatmap(axes, percents, *names, cmap="cividis", vmin=0, vmax=100, annot=True, fmt=".0f")
    axes.set(xlabel=table.columns.name or "", ylabel=table.index.name or "")
    axes.set_title(in_figure(title), loc="left", fontsize=10)
    rows = [", ".join(f"{c} {v:.0f} %" for c, v in zip(table.columns, row, strict=True)) for row in percents]
    return figure, f"{title}. " + "; ".join(f"{name}: {row}" for name, row in zip(table.index, rows, strict=True)) + "."


@styled()
def judged(value: float, interval: tuple[float, float], rule: Mapping[Any, Any], verdict: str) -> Picture:
    """A claim's value and interval beside its rule: the range in which it holds, the bounds of the interval, the turn to the opposite."""
    figure, axes = single(size=(7, 1.9))
    low, high = (value if pd.isna(end) else end for end in interval)
    marks = [rule[name] for name in ("holds_from", "holds_to", "within_from", "within_to", "opposite") if not pd.isna(rule[name])]
    ends = [*marks, value, low, high]
    room = 0.15 * (max(ends) - min(ends)) or 1.0
    left, right = min(ends) - room, max(ends) + room
    holds = [edge if pd.isna(bound) else bound for bound, edge in ((rule["holds_from"], left), (rule["holds_to"], right))]
    axes.axvspan(*holds, color=GREEN, alpha=0.2, label="range in which the claim holds")
    within = [rule[name] for name in ("within_from", "within_to") if not pd.isna(rule[name])]
    for number, bound in enumerate(within):
        axes.axvline(bound, color=BLUE, linestyle="--", label="bound of the interval" if not number else None)
    if not pd.isna(rule["opposite"]):
        axes.axvline(rule["opposite"], color=RED, linestyle=":", label="turn to the opposite")
    axes.errorbar([value], [0], xerr=[[value - low], [high - value]], fmt="o", color="black", capsize=5, label="this run, interval")
    axes.set(xlim=(left, right), yticks=[], ylim=(-1, 1))
    axes.set_xticks(ticks := axes.get_xticks()[1:-1], [in_unit(tick, rule["unit"], bare=True) for tick in ticks])
    axes.set_title(f"{in_figure(rule['quantity'])} [{in_unit(0, rule['unit']).partition(' ')[2] or 'ratio'}]: {verdict}", loc="left", fontsize=9)
    legend(figure, axes, columns=4, fontsize=8)
    numbers = [in_unit(number, rule["unit"]) for number in (value, low, high)]
    return figure, f"{rule['quantity']}: {numbers[0]}, from {numbers[1]} to {numbers[2]}; {verdict}."


@styled()
def growing(alone: Float[np.ndarray, " images"], added: Float[np.ndarray, " images"], name: str) -> Picture:
    """The lead of the right network over the best other one: of the log-probabilities of each image alone, and of their sum so far."""
    figure, axes = single(size=(7, 2.8))
    x = np.arange(1, len(alone) + 1)
    axes.bar(x, alone, 0.5, color=ORANGE, hatch="//", edgecolor="white", label="each image alone")
    axes.plot(x, added, color=BLUE, marker="o", label="all images so far, log-probabilities added")
    axes.axhline(0, color=GREY, linestyle=":")
    axes.set(xticks=x, xlabel="images", ylabel="lead of the right one")
    axes.set_title(in_figure(fleet.short(name)), loc="left", fontsize=10)
    legend(figure, axes, columns=2)
    return figure, f"{fleet.short(name)}: lead of the right network, image after image: " + ", ".join(f"{lead:+.1f}" for lead in added) + "."


@styled()
def bars(values: pd.Series) -> Picture:
    """A horizontal bar for each value of a series, with its name as the label below."""
    figure, axes = single(size=(7, 0.3 * len(values) + 1))
    names = [in_figure(str(name)) for name in values.index]
    axes.barh(range(len(values))[::-1], values, color=BLUE)
    axes.set_yticks(range(len(values))[::-1], names)
    axes.set_xlabel(in_figure(str(values.name)))
    return figure, f"{values.name}: " + "; ".join(f"{name} {value:.4g}" for name, value in zip(values.index, values, strict=True)) + "."

"""Parsing with a value that was never seen: the architecture of an unseen seed, the scale of an unseen loss."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import BLUE, GREEN, GREY, ORANGE, RED, Picture, grid, legend, single, styled, whiskers

LINES = {("seeds", "seen"): (BLUE, "s", "--"), ("permuted", "seen"): (GREY, "s", "--"),
         ("seeds", "unseen"): (BLUE, "o", "-"), ("permuted", "unseen"): (GREY, "o", "-")}  # fmt: skip
LABELS = {"seeds": "architecture", "permuted": "labels dealt anew"}


@styled()
def curve(table: pd.DataFrame, paper: float) -> Picture:
    """The accuracy by number of training seeds, of seeds seen and unseen, with the true labels and with permuted ones; chance and the paper's.

    ``table`` has the columns experiment, tested, train_seeds, accuracy, low, high, chance.
    """
    figure, axes = single(size=(7, 4))
    said = []
    for number, ((experiment, tested), (colour, marker, line)) in enumerate(LINES.items()):
        part = table[(table["experiment"] == experiment) & (table["tested"] == tested)].sort_values("train_seeds")
        if part.empty:  # the control was not split into groups
            continue
        name = f"{LABELS[experiment]}, {tested} seeds"
        x = part["train_seeds"] * 1.03 ** (number - 1.5)  # side by side, so that no interval hides another
        axes.errorbar(x, 100 * part["accuracy"], yerr=whiskers(part), color=colour, marker=marker, ls=line, capsize=3, label=name)
        said.append(f"{name}: " + ", ".join(f"{100 * a:.0f} % ({n})" for n, a in zip(part["train_seeds"], part["accuracy"], strict=True)))
    axes.axhline(100 * paper, color=RED, linestyle="-.", label="the paper, seed 3 unseen")
    axes.axhline(100 * table["chance"].iloc[0], color=GREY, linestyle=":", label="chance")
    ticks = sorted(set(table["train_seeds"]))
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.set(xlabel="seeds that the parser was trained on", ylabel="accuracy, %", ylim=(0, 100))
    legend(figure, axes, columns=2)
    return figure, "Accuracy by number of training seeds, in brackets. " + "; ".join(said) + "."


@styled()
def lost(profiles: pd.DataFrame) -> Picture:
    """Log power less that of the true images, by frequency, of the fleet and of real networks: a line for each scale and kind.

    ``profiles`` has the columns origin, scale, kind, frequency (cycles per pixel), mean, min, max (of log power, natural).
    """
    origins = list(dict.fromkeys(profiles["origin"]))
    figure, (places,) = grid(1, len(origins), size=(9, 4))
    colours, said = {"L1": BLUE, "adversarial": ORANGE, "bicubic": GREEN}, []
    for axes, origin in zip(places, origins, strict=True):
        for (kind, scale), part in profiles[profiles["origin"] == origin].groupby(["kind", "scale"]):
            style = {"color": colours[str(kind)], "linestyle": "-" if scale == 2 else "--", "label": f"{kind} {scale}X"}
            axes.plot(part["frequency"], part["mean"], **style)
            axes.fill_between(part["frequency"], part["min"], part["max"], color=colours[str(kind)], alpha=0.12, linewidth=0)
            at = {edge: part["mean"].iloc[int(np.abs(part["frequency"] - edge).argmin())] for edge in (0.1875, 0.375)}
            said.append(f"{origin} {kind} {scale}X " + ", ".join(f"{value:+.1f} at {edge}" for edge, value in at.items()))
        for edge in (1 / 8, 1 / 4):
            axes.axvline(edge, color=GREY, linestyle=":")
        axes.set(xlabel="cycles per pixel", title=origin)
    places[0].set_ylabel("log power less the true images'")
    legend(figure, places[0], columns=3)
    return figure, "Log power less that of the true images, by cycles per pixel: " + "; ".join(said) + "."

"""The open set in a figure: how well each baseline tells known networks from each kind of unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY, Picture, legend, single, styled, whiskers

COLOURS, MARKERS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY), "os^Dv*P"


@styled()
def by_kind(table: pd.DataFrame, measure: str) -> Picture:
    """A measure by kind of unknown, a mark for each baseline.

    ``table`` has the columns kind, baseline, value, low, high, of one measure; ``measure`` names it on the axis.
    """
    figure, axes = single(size=(9, 4.4))
    kinds, baselines, said = list(dict.fromkeys(table["kind"])), list(dict.fromkeys(table["baseline"])), []
    for number, baseline in enumerate(baselines):
        part = table[table["baseline"] == baseline].set_index("kind").reindex(kinds).rename(columns={"value": "accuracy"})
        x = np.arange(len(kinds)) + 0.1 * (number - (len(baselines) - 1) / 2)
        axes.errorbar(x, 100 * part["accuracy"], yerr=whiskers(part), fmt=MARKERS[number % 7], color=COLOURS[number % 7], ms=4, lw=1, label=baseline)
        said.append(f"{baseline}: " + ", ".join(f"{kind} {100 * v:.0f} %" for kind, v in part["accuracy"].items()))
    axes.set_xticks(range(len(kinds)), [kind.replace(" ", "\n") for kind in kinds], fontsize=9)
    axes.set(ylabel=f"{measure}, %", ylim=(0, 103))
    legend(figure, axes, columns=4)
    return figure, f"{measure[:1].upper()}{measure[1:]} by kind of unknown. " + "; ".join(said) + "."

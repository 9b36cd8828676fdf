"""A study on many machines: how long it takes and how busy they are."""

from __future__ import annotations

import pandas as pd

from . import BLUE, GREEN, GREY, ORANGE, PINK, RED, Picture, grid, legend, styled

LINES = ((GREY, "o", ":"), (ORANGE, "s", "--"), (BLUE, "^", "-"), (GREEN, "D", "-"), (PINK, "v", "--"), (RED, "x", "-"))


@styled()
def walls(table: pd.DataFrame) -> Picture:
    """Days of a run and utilisation of its GPUs, by number of GPUs, a line for each policy.

    ``table`` has the columns policy, gpus, wall_hours, busy (0 to 1) and chain_hours.
    """
    figure, ((days, busy),) = grid(1, 2, size=(9, 4))
    said = []
    for (colour, marker, line), (policy, part) in zip(LINES, table.groupby("policy", sort=False), strict=False):
        style = {"color": colour, "marker": marker, "linestyle": line, "label": str(policy)}
        days.plot(part["gpus"], part["wall_hours"] / 24, **style)
        busy.plot(part["gpus"], 100 * part["busy"], **style)
        ends = ", ".join(f"{hours / 24:.3g} ({gpus})" for gpus, hours in zip(part["gpus"], part["wall_hours"], strict=True))
        said.append(f"{policy}: {ends}")
    ticks = sorted(set(table["gpus"]))
    for axes in (days, busy):
        axes.set_xscale("log", base=2)
        axes.set_xticks(ticks, [str(n) for n in ticks])
        axes.set_xlabel("GPUs")
    days.set_yscale("log")
    days.set_yticks(marks := [d for d in (1, 2, 3, 5, 10, 20, 30, 50, 100, 200) if days.get_ylim()[0] <= d <= days.get_ylim()[1]], map(str, marks))
    days.set_ylabel("days")
    days.minorticks_off()
    busy.minorticks_off()
    busy.set(ylabel="GPUs that compute, % of the time", ylim=(0, 102))
    legend(figure, days, columns=2)
    return figure, "Days of the whole run by number of GPUs, in brackets. " + "; ".join(said) + "."

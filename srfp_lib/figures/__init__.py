"""Figures of the book. Every function returns a matplotlib figure and its alt text."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Picture = tuple[Figure, str]

STYLE = {
    "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white", "svg.hashsalt": "srfp",
    "svg.fonttype": "none", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "0.9", "axes.axisbelow": True, "figure.dpi": 110, "savefig.dpi": 110, "legend.frameon": False,
    "figure.constrained_layout.use": True,
}  # fmt: skip

# Wong's colour-blind safe palette; every use has a marker, hatch or label beside the colour.
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#777777"
LOSS_COLOURS = {"L1": BLUE, "VGG_GAN": ORANGE, "ResNet_GAN": GREEN}
LOSS_MARKERS = {"L1": "o", "VGG_GAN": "s", "ResNet_GAN": "^"}
LOSS_NAMES = {"L1": "L1", "VGG_GAN": "VGG + adv.", "ResNet_GAN": "ResNet + adv."}


def single(*, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure with one plot, in the book's style and in no window."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots()


def grid(rows: int, columns: int, *, size: tuple[float, float]) -> tuple[Figure, list[list[Axes]]]:
    """The same with rows of plots."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns, squeeze=False).tolist()


def legend(figure: Figure, axes: Axes, *, columns: int, fontsize: int = 9) -> None:
    """The legend of a plot, below the figure."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, fontsize=fontsize)


def whiskers(table: pd.DataFrame) -> np.ndarray:
    """Error bars in percent, 2 x rows: from the interval of a table of accuracies, none where there is no interval."""
    value = table["accuracy"]
    return 100 * np.nan_to_num([value - table["low"], table["high"] - value]).clip(0)


def bare(axes: Axes) -> None:
    """Without ticks and grid, for images and maps."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)


def heatmap(axes: Axes, percents: np.ndarray, texts: list[list[str]], *, fontsize: int = 10) -> None:
    """Percents as colours, rows x columns, with a text in each cell; white where there is no number."""
    axes.imshow(percents, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    axes.grid(False)
    for (row, column), value in np.ndenumerate(percents):
        colour = "white" if value <= 55 else "black"
        axes.text(column, row, texts[row][column], ha="center", va="center", color=colour, fontsize=fontsize)


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.png`` and ``name.svg``; equal figures give equal bytes."""
    with mpl.rc_context(STYLE):
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})

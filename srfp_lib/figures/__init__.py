"""Figures of the book. Every function returns a matplotlib figure and its alt text."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Picture = tuple[Figure, str]

STYLE = {
    "svg.hashsalt": "srfp", "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "0.9", "axes.axisbelow": True, "figure.dpi": 110, "legend.frameon": False,
}  # fmt: skip

# Wong's colour-blind safe palette; every use has a marker, hatch or label beside the colour.
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#777777"
LOSS_COLOURS = {"L1": BLUE, "VGG_GAN": ORANGE, "ResNet_GAN": GREEN}
LOSS_MARKERS = {"L1": "o", "VGG_GAN": "s", "ResNet_GAN": "^"}
LOSS_NAMES = {"L1": "L1", "VGG_GAN": "VGG + adv.", "ResNet_GAN": "ResNet + adv."}


@contextmanager
def styled() -> Generator[None]:
    """Within the block, or in a function decorated with ``@styled()``, figures have the book's style and nothing of a user's matplotlibrc."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def single(*, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure with one plot, in no window."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots()


def grid(rows: int, columns: int, *, size: tuple[float, float]) -> tuple[Figure, list[list[Axes]]]:
    """A figure with rows of plots, in no window."""
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


def heatmap(axes: Axes, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], **how: Any) -> None:
    """A matrix as colours, with labels of its rows and columns if there are any; grey where there is no number. ``how``: as in pcolormesh.

    >>> _, axes = single(size=(2, 2))
    >>> heatmap(axes, np.array([[0.0, np.nan], [60.0, 100.0]]), ["a", "b"], [], vmin=0, vmax=100)
    >>> [label.get_text() for label in axes.get_yticklabels()], bool(axes.yaxis_inverted())
    (['a', 'b'], True)
    """
    axes.set_facecolor("0.93")
    axes.pcolormesh(np.ma.masked_invalid(values), **how)
    axes.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0))
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, va="center_baseline")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(False)
    axes.tick_params("x", labelrotation_mode="xtick")


def write(axes: Axes, values: np.ndarray, texts: Sequence[Sequence[str]], **how: Any) -> None:
    """A text into every cell of a heat map of percents where there is a number, white on dark colours."""
    for row, column in np.argwhere(np.isfinite(values)):
        colour = "white" if values[row, column] <= 55 else "black"
        axes.text(column + 0.5, row + 0.5, texts[row][column], ha="center", va="center", color=colour, **how)


@styled()
def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.png`` and ``name.svg``; equal figures give equal bytes."""
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    figure.set_layout_engine("none")  # what is laid out stays where it is
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})

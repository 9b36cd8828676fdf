"""Figures of the book. Every function returns a matplotlib figure and its alt text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Picture = tuple[Figure, str]
P = ParamSpec("P")
T = TypeVar("T")

STYLE = {
    "svg.hashsalt": "srfp", "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "0.9", "axes.axisbelow": True, "figure.dpi": 110, "legend.frameon": False,
}  # fmt: skip

# Wong's colour-blind safe palette; every use has a marker, hatch or label beside the colour.
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#777777"
LOSS_COLOURS = {"L1": BLUE, "VGG_GAN": ORANGE, "ResNet_GAN": GREEN}
LOSS_MARKERS = {"L1": "o", "VGG_GAN": "s", "ResNet_GAN": "^"}
LOSS_NAMES = {"L1": "L1", "VGG_GAN": "VGG + adv.", "ResNet_GAN": "ResNet + adv."}


class styled(ExitStack):
    """Within the block, or in a function decorated with ``@styled()``, figures have the book's style and nothing of a user's matplotlibrc.

    The figure of a decorated function is labelled with the function's name, which its SVG file keeps as its title.
    """

    def __enter__(self) -> Self:
        self.enter_context(mpl.rc_context())
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        return self

    def __call__(self, draw: Callable[P, T]) -> Callable[P, T]:
        @wraps(draw)
        def labelled(*arguments: P.args, **named: P.kwargs) -> T:
            with styled():
                drawn = draw(*arguments, **named)
            if isinstance(drawn, tuple):
                drawn[0].set_label(f"{draw.__module__}.{draw.__name__}".removeprefix("srfp_lib."))
            return drawn

        return labelled


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


def heatmap(axes: Axes, values: np.ndarray, rows: Sequence[str] | bool, columns: Sequence[str] | bool, **how: Any) -> None:
    """A matrix as colours, with labels of its rows and columns (False: none); grey where there is no number. ``how``: as in seaborn."""
    import seaborn

    axes.set_facecolor("0.93")
    seaborn.heatmap(values, cbar=False, xticklabels=columns, yticklabels=rows, ax=axes, **how)
    for text, value in zip(axes.texts, values[np.isfinite(values)], strict=False):
        text.set_color("white" if value <= 55 else "#111111")  # seaborn's own choice is faint on cividis' middle; black would follow the page's theme
    axes.grid(False)
    axes.tick_params("x", labelrotation_mode="xtick")


@styled()
def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.png`` and ``name.svg``; equal figures give equal bytes."""
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    figure.set_layout_engine("none")  # what is laid out stays where it is
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None, "Title": str(figure.get_label())})

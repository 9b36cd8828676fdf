"""Pictures of the book. Every function returns a matplotlib figure and a sentence that says what it shows."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
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


def subplots(rows: int = 1, columns: int = 1, *, size: tuple[float, float]) -> tuple[Figure, object]:
    """A figure in the book's style that belongs to no window; axes as `Figure.subplots` gives them."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns)


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.png`` and ``name.svg``; equal figures give equal bytes."""
    with mpl.rc_context(STYLE):
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})

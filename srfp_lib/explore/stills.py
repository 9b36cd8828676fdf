"""Still pictures of the figures that are drawn, not made of pixels: for print, EPUB and readers without scripts. Each returns a PNG file."""

from __future__ import annotations

import io
from collections import Counter
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

from .. import fleet
from ..experiments.uncertainty import LEAST, Spread
from ..figures import BLUE, LOSS_COLOURS, LOSS_MARKERS, RED, SKY, bare, styled
from . import toys

WIDE, DPI, POINTS = 6.0, 120, 12  # inches, pixels an inch, size of the text: it can be read on a telephone
DRAWS = 12
GROUPS = {"L1": (BLUE, "o"), "adversarial": (RED, "s")}
VERDICTS = {"holds": ("✓", "#0060a0", "white"), "weaker": ("↓", SKY, "black"), "stronger": ("↑", SKY, "black"), "opposite": ("✕", "#b34700", "white"),
            "undecided": ("?", "#e69f00", "black")}  # fmt: skip
OTHER = ("–", "#d0d0d0", "black")


def _page(high: float) -> Figure:
    """An empty page of the common width, ``high`` inches high; until `styled` ends, text is larger than in the chapters' figures."""
    mpl.rcParams.update({"font.size": POINTS, "axes.titlesize": POINTS, "legend.fontsize": POINTS, "axes.labelsize": POINTS})
    return Figure(figsize=(WIDE, high), layout="constrained")


def _png(figure: Figure) -> bytes:
    """The figure as a PNG file of 128 colours; equal figures give equal bytes."""
    drawn, file = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


@styled()
def room() -> bytes:
    """Eight seeds after their training, with 2 and 4 pixels to invent, for an L1 and an adversarial loss."""
    figure = _page(4.8)
    for places, loss in zip(figure.subplots(2, 2), GROUPS, strict=True):
        for axes, scale in zip(places, (2, 4), strict=True):
            found, edges = toys.trained(loss, scale), np.arange(scale + 1)
            for signal in toys.fitting(scale):
                axes.stairs(signal, edges, baseline=None, color="0.8", linewidth=1.5)
            for number, signal in enumerate(found):  # a little apart, so that equal ones can be counted
                axes.stairs(signal + 0.018 * (number - 3.5), edges, baseline=None, color=GROUPS[loss][0], linewidth=1.2)
            bare(axes)
            axes.set(ylim=(-0.12, 1.12), title=f"{loss}, {scale} pixels ({scale}X)")
            axes.set_xlabel("{} of {} pairs differ".format(*toys.told_apart(found)))
        places[0].set_yticks([0, 1], ["black", "white"])
    return _png(figure)


@styled()
def ratio() -> bytes:
    """Two clouds of points, near and far, with both ratios."""
    figure = _page(2.0)
    for axes, places in zip(figure.subplots(1, 2), (((165, 110), (195, 110)), ((75, 110), (285, 110))), strict=True):
        points = toys.clouds(places)
        for cloud, (colour, marker) in zip(points, GROUPS.values(), strict=True):
            axes.plot(*cloud.T, marker, color=colour, markersize=7, alpha=0.8)
        bare(axes)
        axes.set(xlim=(20, 340), ylim=(190, 30), aspect="equal", title="ratio {:.2f}\nratio of squares {:.2f}".format(*toys.ratios(points)))
        axes.spines[["top", "right"]].set_visible(True)
    return _png(figure)


@styled()
def feature_map(data: dict[str, Any]) -> bytes:
    """The networks' means on two axes by loss; the network that is named right least often has a ring and a line to what it is taken for."""
    figure = _page(4.8)
    axes, places = figure.subplots(), np.array(data["places"])
    loss = np.array([fleet.parse(name).loss for name in data["networks"]])
    for name in fleet.LOSSES:
        here = places[loss == name]
        axes.plot(*here.T, LOSS_MARKERS[name], color=LOSS_COLOURS[name], markersize=7, alpha=0.75, markeredgewidth=0, label=data["spelled"][name])
    worst = int(np.argmin(data["accuracy"]))
    if data["taken"][worst]:
        axes.plot(*places[[worst, data["networks"].index(data["taken"][worst])]].T, "--", color="black", linewidth=1.2)
    axes.plot(*places[worst], "o", color="none", markeredgecolor="black", markersize=15, markeredgewidth=1.5)
    bare(axes)
    axes.set(xlabel="first axis", ylabel="second axis")
    figure.legend(loc="outside upper center", ncols=3, handletextpad=0.1, columnspacing=1.2)
    return _png(figure)


@styled()
def withheld(data: dict[str, Any], column: str = "SwinIR", asks: str = "dataset") -> bytes:
    """The networks that train and test one parser, in a block for each architecture."""
    figure, cell = _page(4.5), data["cells"][f"{asks} {column}"]
    roles = dict(zip(data["networks"], map(int, cell["roles"]), strict=True))
    places = figure.subplots(2, 3).ravel()
    for axes, architecture in zip(places, fleet.ARCHITECTURES, strict=False):
        block = np.array([roles[n.model_id] for n in fleet.custom() if n.architecture == architecture]).reshape(6, 6)
        for role, (colour, marker) in enumerate((("0.75", "s"), (SKY, "s"), (RED, "o"))):
            row, left = np.nonzero(block == role)
            axes.plot(left, row, marker, color=colour if role else "none", markeredgecolor=colour, markersize=11)
        bare(axes)
        axes.set(title=architecture, xlim=(-0.6, 5.6), ylim=(5.6, -0.6), aspect="equal")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    for axes in places[::3]:
        axes.set_yticks(range(6), [f"{scale}X {name}" for scale in fleet.SCALES for name in ("L1", "VGG", "Res")])
    _roles(places[5], cell)
    return _png(figure)


def _roles(axes: Axes, cell: dict[str, Any]) -> None:
    """What the marks of `withheld` mean, and how well that parser does."""
    marks = (("training", "s", SKY, SKY), ("test", "o", RED, RED), ("left out", "s", "none", "0.75"))
    handles = [Line2D([], [], linestyle="", marker=m, markersize=11, color=fill, markeredgecolor=edge, label=words) for words, m, fill, edge in marks]
    axes.axis("off")
    axes.legend(handles=handles, loc="upper left", handletextpad=0.1)
    right = "–" if cell["accuracy"] is None else f"{100 * cell['accuracy']:.0f} %"
    axes.text(0.08, 0.1, f"right: {right}\nguessing: {100 * cell['chance']:.0f} %", transform=axes.transAxes)


@styled()
def lottery(data: dict[str, Any]) -> bytes:
    """The photographs' own accuracies, and twelve draws of as many photographs with their intervals; those that miss the mean of all are dashed."""
    figure = _page(4.4)
    axes, rates = figure.subplots(), 100 * np.array(data["rates"]["all networks"])
    truth, numbers = rates.mean(), toys.drawn(1)
    axes.plot(rates, np.zeros(len(rates)), "o", color=BLUE, alpha=0.4, markersize=9)
    axes.axvline(truth, color="black", linestyle=":", linewidth=1.5)
    for row in range(1, DRAWS + 1) if len(rates) >= LEAST else ():
        some = rates[[int(next(numbers) * len(rates)) for _ in range(min(len(rates), 40))]] / 100
        low, high = (100 * end for end in Spread(some, some.mean(keepdims=True), np.ones((1, len(some)), bool)).interval(bounds=(0.0, 1.0)))
        covers = low <= truth <= high
        colour = BLUE if covers else RED
        axes.plot([low, high], [row, row], "-" if covers else "--", color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot(100 * some.mean(), row, "o", color=colour if covers else "white", markeredgecolor=colour, markersize=7)
    axes.set(xlabel="accuracy, %", ylim=(DRAWS + 0.8, -0.8))
    axes.set_yticks([0, DRAWS / 2 + 0.5], ["photo-\ngraphs", f"{DRAWS}\ndraws" if len(rates) >= LEAST else "too few\nfor draws"])
    axes.tick_params("y", length=0)
    axes.grid(False)
    return _png(figure)


@styled()
def claims(data: dict[str, Any]) -> bytes:
    """A square for every claim, in a row for each section of the paper, with the sign of its verdict."""
    found = [(claim["section"].split("; ")[-1], claim["verdict"]) for claim in data["claims"]]
    rows = {section: [verdict for s, verdict in found if s == section] for section in sorted({s for s, _ in found})}
    figure = _page(0.36 * len(rows) + 1.5)
    axes, wide = figure.subplots(), max(map(len, rows.values()))
    for row, verdicts in enumerate(rows.values()):
        for left, verdict in enumerate(verdicts):
            sign, back, front = VERDICTS.get(verdict, OTHER)
            axes.text(left, row, sign, color=front, ha="center", va="center", fontfamily="DejaVu Sans")
            axes.plot(left, row, "s", color=back, markersize=15.5)
    bare(axes)
    axes.set_yticks(range(len(rows)), [f"section {section}" for section in rows])
    axes.set(xlim=(-0.6, wide - 0.4), ylim=(len(rows) - 0.4, -0.6))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    counts = Counter(verdict for _, verdict in found)
    marks = {name: VERDICTS.get(name, OTHER) for name in sorted(counts, key=[*VERDICTS, *counts].index)}
    handles = [Patch(color=back, label=f"{sign} {name} ({counts[name]})") for name, (sign, back, _) in marks.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=1, handleheight=1)
    return _png(figure)


@styled()
def damage(data: dict[str, Any], kind: str = "JPEG", delivery: str = "jpeg-95", scale: int = 4) -> bytes:
    """Accuracies with their intervals after one delivery, and hollow those without it, by classifier and kind of loss."""
    figure = _page(3.9)
    axes, names = figure.subplots(), data["classifiers"]
    for row, (classifier, step) in enumerate(product(names, range(2))):
        group, (colour, marker) = list(GROUPS.items())[step]
        y = row // 2 + 0.34 * step - 0.17
        before, now = (100 * np.array(data["rows"][name][classifier][f"{scale}X, {group}"], float) for name in ("png", delivery))
        axes.plot(before[0], y, marker, color="white", markeredgecolor=colour, markeredgewidth=1.5, markersize=9)
        axes.plot(now[1:], [y, y], color=colour, linewidth=4, alpha=0.45, solid_capstyle="butt")
        axes.plot(now[0], y, marker, color=colour, markersize=9, label=None if row > 1 else f"{group} networks")
    axes.axvline(100 * data["chance"], color="black", linestyle=":", linewidth=1.5, label="guessing")
    axes.plot([], [], "o", color="white", markeredgecolor="black", markeredgewidth=1.5, markersize=9, label="hollow: no delivery")
    axes.set_title(f"{data['kinds'][kind][delivery]}, {scale}X networks, run: {data['profile']}")
    axes.set(xlabel="accuracy, %", xlim=(-2, 102), ylim=(len(names) - 0.5, -0.5))
    axes.set_yticks(range(len(names)), [name.replace(", ", ",\n").replace(" with ", "\nwith ") for name in names])
    axes.tick_params("y", length=0)
    axes.grid(False, axis="y")
    figure.legend(loc="outside lower center", ncols=2, handletextpad=0.4)
    return _png(figure)

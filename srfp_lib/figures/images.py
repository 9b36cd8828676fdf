"""Figures of images, enlarged without smoothing because single pixels matter here, and of their quality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..common.names import in_figure
from ..fleet import SCALES
from . import BLUE, LOSS_COLOURS, LOSS_MARKERS, LOSS_NAMES, Picture, bare, grid, legend, single, styled


@styled()
def gallery(pixels: Sequence[np.ndarray], titles: Sequence[str], *, columns: int, zoom: float = 1.4) -> Picture:
    """Images in a grid, without smoothing."""
    rows = -(-len(pixels) // columns)
    figure, axes = grid(rows, columns, size=(columns * zoom, rows * (zoom + 0.25)))
    places = [place for row in axes for place in row]
    for place in places:
        place.axis("off")
    for place, picture, title in zip(places, pixels, titles, strict=False):
        place.imshow(picture, interpolation="none")
        place.set_title(in_figure(title), fontsize=8)
    return figure, f"{len(pixels)} images: " + ", ".join(titles) + "."


@styled()
def patches(cells: Mapping[str, Mapping[str, np.ndarray]], *, zoom: float = 1.35) -> Picture:
    """Figure 2: rows and columns of patches of one place, without smoothing."""
    rows, columns = list(cells), list(next(iter(cells.values())))
    figure, axes = grid(len(rows), len(columns), size=(len(columns) * zoom, len(rows) * zoom + 0.3))
    for name, row in zip(rows, axes, strict=True):
        for column, place in zip(columns, row, strict=True):
            place.imshow(cells[name][column], interpolation="none")
            bare(place)
        row[0].set_ylabel(name, fontsize=9)
    for column, place in zip(columns, axes[0], strict=True):
        place.set_title(column, fontsize=9)
    return figure, f"Patches of one image, rows {', '.join(rows)}, columns {', '.join(columns)}, every pixel enlarged to a square."


@styled()
def quality(networks: pd.DataFrame, spelled: Callable[[str], str] = str) -> Picture:
    """PSNR above bicubic and SSIM of every network, by scale; ``spelled`` says how the page spells a loss (`Study.spelled`)."""
    figure, (axes,) = grid(1, 2, size=(8.5, 3.6))
    described = []
    for place, scale in zip(axes, SCALES, strict=True):
        for loss, name in zip(LOSS_NAMES, map(spelled, LOSS_NAMES.values()), strict=True):
            group = networks[(networks["scale"] == scale) & (networks["loss"] == loss)]
            place.scatter(group["gain"], group["ssim"], color=LOSS_COLOURS[loss], marker=LOSS_MARKERS[loss], s=26, alpha=0.75, label=name)
            described.append(f"{scale}X {name} {group['gain'].mean():+.2f}")
        place.axvline(0, color="0.5", linestyle=":")
        place.set_title(f"{scale}X", loc="left", fontsize=11)
        place.set(xlabel="PSNR minus bicubic's, dB", ylabel="SSIM")
    legend(figure, axes[0], columns=3)
    return figure, f"PSNR above bicubic and SSIM of the networks. Mean gains in dB: {', '.join(described)}."


@styled()
def training(log: pd.DataFrame, spelled: Callable[[str], str] = str) -> Picture:
    """The training loss of every network, one thin line each, the median thick; ``log`` has scale and loss_name; ``spelled`` as in `quality`."""
    figure, axes = grid(2, 3, size=(9, 5))
    for row, scale in zip(axes, SCALES, strict=True):
        for place, (loss, name) in zip(row, LOSS_NAMES.items(), strict=True):
            part = log[(log["scale"] == scale) & (log["loss_name"] == loss)]
            curves = part.pivot(index="step", columns="model_id", values="loss")
            place.plot(curves, color=LOSS_COLOURS[loss], linewidth=0.5, alpha=0.4)
            place.plot(curves.median(axis=1), color="black", linewidth=1.5)
            place.set_title(f"{scale}X, {spelled(name)}", loc="left", fontsize=10)
            place.set(yscale="log", xlabel="step")
        row[0].set_ylabel("training loss")
    medians = log.groupby("step")["loss"].median()
    return figure, (
        "Training losses of all networks by scale and loss, the median in black "
        f"(first logged median {medians.iloc[0]:.3f}, last {medians.iloc[-1]:.3f})."
    )


@styled()
def losses(values: Sequence[float]) -> Picture:
    """The loss of one training by step, of values in 0..1, in grey levels."""
    figure, axes = single(size=(5, 2.4))
    levels = 255 * np.asarray(values)
    axes.plot(levels, color=BLUE)
    axes.set(xlabel="step", ylabel="loss, grey levels")
    axes.locator_params("x", integer=True)
    return figure, f"The loss of one training, from {levels[0]:.2f} grey levels at its first step to {levels[-1]:.2f} after {len(levels) - 1}."

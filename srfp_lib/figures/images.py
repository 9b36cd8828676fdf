"""Pictures of images: enlarged without smoothing, because one pixel is what this book is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..fleet import SCALES
from . import LOSS_COLOURS, LOSS_MARKERS, LOSS_NAMES, Picture, subplots


def gallery(pixels: Sequence[np.ndarray], titles: Sequence[str], *, columns: int, zoom: float = 1.4) -> Picture:
    """Images in a grid, each pixel a square of the same size."""
    rows = -(-len(pixels) // columns)
    figure, axes = subplots(rows, columns, size=(columns * zoom, rows * (zoom + 0.25)))
    for place in np.atleast_1d(axes).ravel():
        place.axis("off")
    for place, picture, title in zip(np.atleast_1d(axes).ravel(), pixels, titles, strict=False):
        place.imshow(picture, interpolation="nearest")
        place.set_title(title, fontsize=8)
    return figure, f"{len(pixels)} images: " + ", ".join(titles) + "."


def patches(grid: Mapping[str, Mapping[str, np.ndarray]], *, zoom: float = 1.35) -> Picture:
    """Figure 2: rows and columns of patches of one place, without smoothing."""
    rows, columns = list(grid), list(next(iter(grid.values())))
    figure, axes = subplots(len(rows), len(columns), size=(len(columns) * zoom, len(rows) * zoom + 0.3))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            place = axes[i][j]
            place.imshow(grid[row][column], interpolation="nearest")
            place.set(xticks=[], yticks=[])
            place.grid(False)
            if i == 0:
                place.set_title(column, fontsize=9)
            if j == 0:
                place.set_ylabel(row, fontsize=9)
    return figure, f"Patches of one image, rows {', '.join(rows)}, columns {', '.join(columns)}, every pixel enlarged to a square."


def quality(networks: pd.DataFrame) -> Picture:
    """PSNR above bicubic and SSIM of every network, by scale."""
    figure, axes = subplots(1, 2, size=(8.5, 3.6))
    for place, scale in zip(axes, SCALES, strict=True):
        for loss, group in networks[networks["scale"] == scale].groupby("loss"):
            place.scatter(group["gain"], group["ssim"], color=LOSS_COLOURS[loss], marker=LOSS_MARKERS[loss], s=26, alpha=0.75, label=LOSS_NAMES[loss])
        place.axvline(0, color="0.5", linestyle=":")
        place.set_title(f"{scale}X", loc="left", fontsize=11)
        place.set_xlabel("PSNR minus bicubic's, dB")
        place.set_ylabel("SSIM")
    named = {label: handle for place in axes for handle, label in zip(*place.get_legend_handles_labels(), strict=True)}
    figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=3, fontsize=9)
    means = networks.groupby(["scale", "loss"])["gain"].mean()
    return figure, "PSNR above bicubic and SSIM of the networks. Mean gains in dB: " + ", ".join(
        f"{scale}X {LOSS_NAMES[loss]} {gain:+.2f}" for (scale, loss), gain in means.items()) + "."  # fmt: skip


def training(log: pd.DataFrame) -> Picture:
    """The loss of every network over its training, one thin line each, the median thick; ``log`` has scale, loss_name."""
    figure, axes = subplots(2, 3, size=(9, 5))
    for i, scale in enumerate((2, 4)):
        for j, (loss, name) in enumerate(LOSS_NAMES.items()):
            place, part = axes[i][j], log[(log["scale"] == scale) & (log["loss_name"] == loss)]
            curves = part.pivot(index="step", columns="model_id", values="loss")
            place.plot(curves, color=LOSS_COLOURS[loss], linewidth=0.5, alpha=0.4)
            place.plot(curves.median(axis=1), color="black", linewidth=1.5)
            place.set_title(f"{scale}X, {name}", loc="left", fontsize=10)
            place.set_yscale("log")
            place.set_xlabel("step")
    axes[0][0].set_ylabel("training loss")
    axes[1][0].set_ylabel("training loss")
    first, last = (log[log["step"] == step]["loss"].median() for step in (log["step"].min(), log["step"].max()))
    return (
        figure,
        f"Training losses of all networks by scale and loss, the median in black (first logged median {first:.3f}, last {last:.3f}).",
    )

"""Pictures of fingerprints: mean residuals by position modulo 4, and mean log spectra."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .. import fleet
from ..common.names import in_figure
from . import LOSS_COLOURS, LOSS_MARKERS, LOSS_NAMES, Picture, bare, grid, legend, single, styled

DECIBEL = 10 / np.log(10)
GROUPS = [(scale, loss) for scale in fleet.SCALES for loss in fleet.LOSSES]


def colours(pattern: Float[np.ndarray, "*shape"], most: float) -> Float[np.ndarray, "*shape"]:
    """Grey levels in -most..most as red, green and blue in 0..1: 0 is middle grey, and the square root makes faint patterns visible.

    >>> colours(np.array([-1.0, 0.0, 0.25, 1.0]), 1.0).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    return (0.5 + np.sign(pattern) * np.sqrt(np.abs(pattern) / most) / 2).clip(0, 1)


def _swatch(patterns: Float32[np.ndarray, "2 4 4 3"]) -> Float32[np.ndarray, "4 4 3"]:
    """The mean of two halves, less the mean of each channel."""
    mean = patterns.mean(0)
    return mean - mean.mean((0, 1))


def _plane(half: Float32[np.ndarray, "side _"]) -> Float32[np.ndarray, "side side"]:
    """All frequencies of a real signal's spectrum, zero in the middle, from those with one axis positive."""
    side = len(half)
    mirrored = half[-np.arange(side) % side][:, side - np.arange(half.shape[1], side)]
    return np.fft.fftshift(np.concatenate([half, mirrored], 1))


def _key(figure: Figure, most: float) -> None:
    """Leaves half an inch below for a strip that says what the colours of patterns mean."""
    height = figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, 0.6 / height, 1, 1 - 0.6 / height))  # pyrefly: ignore[missing-attribute]  # constrained, by grid
    axes = figure.add_axes((0.3, 0.24 / height, 0.4, 0.12 / height))
    axes.set_in_layout(False)
    shown = np.linspace(-1, 1, 201)
    axes.imshow(colours(np.sign(shown) * shown**2, 1.0)[None, :, None].repeat(3, 2), aspect="auto", extent=(-1, 1, 0, 1))
    ticks = np.array([-1, -0.25, -0.04, 0, 0.04, 0.25, 1])
    axes.set_xticks(np.sign(ticks) * np.sqrt(np.abs(ticks)), [f"{most * tick:.2g}" for tick in ticks], fontsize=7)
    axes.set_yticks([])
    axes.grid(False)
    axes.set_title("mean residual in grey levels, in each of red, green and blue", fontsize=8, pad=2)


@styled()
def lattices(
    networks: pd.DataFrame, patterns: Float32[np.ndarray, "n 2 4 4 3"], strong: pd.DataFrame, spelled: Callable[[str], str] = str
) -> Picture:
    """The patterns of the networks that differ by architecture, scale, loss and seed: three seeds side by side in every cell."""
    place = {name: i for i, name in enumerate(networks["model_id"]) if networks["group"].iloc[i] == "custom"}
    swatches = {n.model_id: _swatch(patterns[place[n.model_id]]) for n in fleet.custom() if n.dataset == "div2k"}
    most = max(float(np.abs(s).max()) for s in swatches.values())
    power = strong[strong["group"] == "custom"].set_index("model_id")["strength"]
    figure, axes = grid(len(fleet.ARCHITECTURES), len(GROUPS), size=(9.6, 4.8))
    for architecture, row in zip(fleet.ARCHITECTURES, axes, strict=True):
        for (scale, loss), cell in zip(GROUPS, row, strict=True):
            seeds = [swatches[f"{architecture}-div2k-x{scale}-{loss}-s{seed}"] for seed in fleet.SEEDS]
            gap = np.full((4, 1, 3), np.nan)
            shown = np.concatenate([seeds[0], gap, seeds[1], gap, seeds[2]], 1)
            opaque = np.isfinite(shown[..., :1]).astype(np.float32)  # the gap is the page
            cell.imshow(np.concatenate([np.nan_to_num(colours(shown, most)), opaque], 2), interpolation="none")
            bare(cell)
            cell.spines[:].set_visible(False)
            mine = [power[f"{architecture}-div2k-x{scale}-{loss}-s{seed}"] for seed in fleet.SEEDS]
            cell.set_xlabel("   ".join(f"{value:.3f}" for value in mine), fontsize=6.5, labelpad=2)
        row[0].set_ylabel(architecture, fontsize=9)
    for (scale, loss), cell in zip(GROUPS, axes[0], strict=True):
        cell.set_title(f"{scale}X, {spelled(LOSS_NAMES[loss])}", fontsize=8.5)
    _key(figure, most)
    return figure, f"Mean residuals by position modulo 4 of 90 networks, three seeds side by side. {_medians(strong, spelled)}"


def _medians(strong: pd.DataFrame, spelled: Callable[[str], str]) -> str:
    custom = strong[strong["group"] == "custom"]
    median = custom.groupby(["scale", "loss"])["strength"].median()
    described = "; ".join(f"{scale}X {spelled(LOSS_NAMES[loss])} {median[scale, loss]:.3f}" for scale, loss in GROUPS)
    return f"Median strength in grey levels: {described}."


@styled()
def spectra(networks: pd.DataFrame, logs: Float32[np.ndarray, "n _ _"], spelled: Callable[[str], str] = str) -> Picture:
    """Mean log spectra by architecture, scale and loss, less the mean over all custom networks of the scale, in decibels."""
    custom = fleet.custom()
    place = {name: i for i, name in enumerate(networks["model_id"]) if networks["group"].iloc[i] == "custom"}
    of = {n.model_id: DECIBEL * logs[place[n.model_id]] for n in custom}
    mean = {scale: np.mean([of[n.model_id] for n in custom if n.scale == scale], 0) for scale in fleet.SCALES}
    cells = {(a, s, loss): np.mean([of[n.model_id] for n in custom if (n.architecture, n.scale, n.loss) == (a, s, loss)], 0) - mean[s]
             for a in fleet.ARCHITECTURES for s, loss in GROUPS}  # fmt: skip
    most = float(np.ceil(np.percentile(np.abs(list(cells.values())), 99)))
    figure, axes = grid(len(fleet.ARCHITECTURES), len(GROUPS), size=(9, 6.6))
    for architecture, row in zip(fleet.ARCHITECTURES, axes, strict=True):
        for (scale, loss), cell in zip(GROUPS, row, strict=True):
            _map(cell, cells[architecture, scale, loss], most)
        row[0].set_ylabel(architecture, fontsize=9)
    for (scale, loss), cell in zip(GROUPS, axes[0], strict=True):
        cell.set_title(f"{scale}X, {spelled(LOSS_NAMES[loss])}", fontsize=8.5)
    axes[-1][0].set_xticks([-0.5, len(values := cells[fleet.ARCHITECTURES[0], 2, "L1"]) / 2 - 0.5, len(values) - 0.5], ["-½", "0", "½"], fontsize=7)
    axes[-1][0].set_xlabel("cycles per pixel", fontsize=7)
    figure.colorbar(
        axes[0][0].images[0],
        ax=[cell for row in axes for cell in row],
        shrink=0.5,
        label="power relative to the mean of all networks of the scale, dB",
        extend="both",
    )
    spread = {group: float(np.mean([np.abs(cells[a, *group]).max() for a in fleet.ARCHITECTURES])) for group in GROUPS}
    return figure, (
        "Mean log spectra by architecture, scale and loss, relative to the mean of all networks of the scale. Largest difference, mean over "
        "architectures, in dB: " + "; ".join(f"{s}X {spelled(LOSS_NAMES[loss])} {value:.1f}" for (s, loss), value in spread.items()) + "."
    )


def _map(cell: Axes, values: Float32[np.ndarray, "side _"], most: float) -> None:
    cell.imshow(_plane(values), cmap="RdBu_r", vmin=-most, vmax=most, interpolation="none")
    bare(cell)
    cell.spines[:].set_visible(False)


@styled()
def published(
    networks: pd.DataFrame, patterns: Float32[np.ndarray, "n 2 4 4 3"], logs: Float32[np.ndarray, "n _ _"], strong: pd.DataFrame
) -> Picture:
    """Pattern and spectrum of every published network, side by side; spectra less the mean of these networks."""
    rows = [
        i
        for i, (group, name) in enumerate(zip(networks["group"], networks["model_id"], strict=True))
        if (group, name != fleet.HR) == ("published", True)
    ]
    names, columns = [str(networks["model_id"].iloc[i]) for i in rows], 4
    swatches, maps = [_swatch(patterns[i]) for i in rows], DECIBEL * (logs[rows] - logs[rows].mean(0))
    most, decibels = max(float(np.abs(s).max()) for s in swatches), float(np.ceil(np.percentile(np.abs(maps), 99)))
    lines = -(-len(names) // columns)
    figure, axes = grid(lines, 2 * columns, size=(9.6, 1.4 * lines + 0.9))
    cells = [cell for row in axes for cell in row]
    power = strong[strong["group"] == "published"].set_index("model_id")["strength"]
    for cell in cells:
        cell.axis("off")
    for i, (name, swatch, values) in enumerate(zip(names, swatches, maps, strict=True)):
        left, right = cells[2 * i], cells[2 * i + 1]
        left.imshow(colours(swatch, most), interpolation="none")
        _map(right, values, decibels)
        left.axis("on")
        bare(left)
        left.spines[:].set_visible(False)
        left.set_title(in_figure(fleet.short(name)), fontsize=7.5, loc="left", pad=3)
        left.set_xlabel(f"{power[name]:.3f}", fontsize=7, labelpad=2)
    figure.colorbar(cells[1].images[0], ax=cells, shrink=0.6, label="power relative to their mean, dB", extend="both")
    _key(figure, most)
    in_order = power[names].sort_values()
    weakest, strongest = (f"{fleet.short(str(in_order.index[i]))} {in_order.iloc[i]:.3f}" for i in (0, -1))
    return figure, (
        f"Pattern and spectrum of {len(names)} published networks, with the strength of the pattern in grey levels: from {weakest} to {strongest}."
    )


@styled()
def pair(
    names: Sequence[str], patterns: Float32[np.ndarray, "2 2 4 4 3"], logs: Float32[np.ndarray, "2 _ _"], true: Float32[np.ndarray, "_ _"],
    amplification: float = 1.0,
) -> Picture:  # fmt: skip
    """Patterns and spectra of two networks, and their difference; spectra of networks less that of the ``true`` photographs.

    With more ``amplification`` a pattern's colours are fuller, and cut off sooner.
    """
    swatches, maps = [_swatch(pattern) for pattern in patterns], [DECIBEL * (log - true) for log in logs]
    swatches, maps = [*swatches, swatches[0] - swatches[1]], [*maps, maps[0] - maps[1]]
    most, decibels = max(float(np.abs(s).max()) for s in swatches[:2]) / amplification, float(np.ceil(np.percentile(np.abs(maps), 99)))
    figure, (above, below) = grid(2, 3, size=(7, 5.2))
    for cell, under, swatch, values, title in zip(above, below, swatches, maps, (*names, "difference"), strict=True):
        cell.imshow(colours(swatch, most), interpolation="none")
        bare(cell)
        cell.set_title(in_figure(title), fontsize=8.5)
        _map(under, values, decibels)
    figure.colorbar(below[0].images[0], ax=below, shrink=0.8, label="power, dB", extend="both")
    _key(figure, most)
    apart = float(np.sqrt(np.square(swatches[2]).mean()))
    return figure, f"Patterns and spectra of {names[0]} and {names[1]}. Root mean square of the difference of the patterns: {apart:.3f} grey levels."


@styled()
def strong_and_known(table: pd.DataFrame, title: str, spelled: Callable[[str], str] = str) -> Picture:
    """The accuracy on each network's images by the strength of its pattern; ``table`` has loss, scale, strength and accuracy."""
    figure, axes = single(size=(7, 3.4))
    described = []
    for (loss, scale), part in table.groupby(["loss", "scale"], sort=False):
        colour, label = LOSS_COLOURS[str(loss)], f"{scale}X, {spelled(LOSS_NAMES[str(loss)])}"
        inside = "none" if scale == fleet.SCALES[0] else colour
        x, y = part["strength"], 100 * part["accuracy"]
        axes.scatter(x, y, marker=LOSS_MARKERS[str(loss)], edgecolors=colour, facecolors=inside, alpha=0.8, s=26, label=label)
        described.append(f"{label} {100 * part['accuracy'].mean():.0f} %")
    axes.set_xscale("symlog", linthresh=0.01)
    axes.set(xlabel="strength of the pattern in grey levels", ylabel="accuracy, %", ylim=(-3, 103))
    axes.set_title(title, loc="left", fontsize=10)
    legend(figure, axes, columns=3, fontsize=8)
    return figure, f"{title}: accuracy by strength of the pattern, a mark for each network. Means: {'; '.join(described)}."

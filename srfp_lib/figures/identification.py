"""How far a verdict about one image can be trusted, and where in the image it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.patches import Rectangle

from . import BLUE, GREEN, GREY, ORANGE, RED, Picture, bare, single, styled

VOTES = {"network": (BLUE, "first candidate"), "second": (ORANGE, "another candidate"), "other": (RED, "other network"),
         "photograph": (GREEN, "no network")}  # fmt: skip


@styled()
def reliability(table: pd.DataFrame) -> Picture:
    """Share right by probability of the first candidate. ``table`` has the columns probability, right, count."""
    figure, axes = single(size=(5, 4.2))
    axes.plot([0, 100], [0, 100], color=GREY, linestyle=":", label="calibrated")
    axes.plot(100 * table["probability"], 100 * table["right"], color=BLUE, marker="o", label="test images")
    for row in table.to_dict("records"):
        axes.annotate(f"{row['count']:.0f}", (100 * row["probability"], 100 * row["right"]), (4, -11), textcoords="offset points", fontsize=8)
    axes.set(xlabel="probability of the first candidate, %", ylabel="right, %", xlim=(0, 102), ylim=(0, 102))
    axes.legend(loc="upper left")
    said = ", ".join(f"{100 * r['probability']:.0f} %: {100 * r['right']:.0f} % right of {r['count']:.0f}" for r in table.to_dict("records"))
    return figure, f"Reliability by probability of the first candidate: {said}."


@styled()
def votes(pixels: UInt8[np.ndarray, "h w 3"], squares: Sequence[Mapping[str, Any]]) -> Picture:
    """An image with the squares that were looked at, coloured by their votes."""
    figure, axes = single(size=(4, 4))
    axes.imshow(pixels, interpolation="nearest")
    for n, square in enumerate(squares):
        colour, grown = VOTES[square["vote"]][0], 2 - n % 4  # side by side, where squares overlap
        place, side = (square["left"] + grown, square["top"] + grown), square["side"] - 2 * grown
        axes.add_patch(Rectangle(place, side, side, fill=True, facecolor=colour, edgecolor=colour, alpha=0.25, linewidth=2))
    bare(axes)
    counts = {name: sum(square["vote"] == vote for square in squares) for vote, (_, name) in VOTES.items()}
    return figure, "The image with its squares, which vote for: " + ", ".join(f"{name} {n}" for name, n in counts.items() if n) + "."

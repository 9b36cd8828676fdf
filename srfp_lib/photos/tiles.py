"""Photographs cut into training tiles and into the images that are super-resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .photoset import Photograph

MANY = 40  # photographs of a set from which on a quarter of the set is a quarter of its photographs


@dataclass(frozen=True)
class Cut:
    """Boxes of a photograph: top, left, height, width."""

    photograph: Photograph
    boxes: tuple[tuple[int, int, int, int], ...]


def grid(height: int, width: int, side: int) -> list[tuple[int, int, int, int]]:
    """Non-overlapping tiles, centred, their offset a multiple of 4: (row, column, top, left).

    >>> grid(200, 100, 96)
    [(0, 0, 4, 0), (1, 0, 100, 0)]
    """
    rows, columns = height // side, width // side
    top, left = ((length - n * side) // 2 // 4 * 4 for length, n in ((height, rows), (width, columns)))
    return [(r, c, top + r * side, left + c * side) for r in range(rows) for c in range(columns)]


def quotas(photographs: list[Photograph], side: int, most: int) -> list[tuple[Photograph, int, bool | None]]:
    """How many training tiles each photograph gives, and whether it is in the quarter of its set; None: every fourth tile is.

    Photographs take turns until a set has ``most`` tiles. The quarter is what a photograph says itself, or the first
    quarter of a set's photographs, or, for fewer than 40 photographs, every fourth tile of each.
    """
    planned = []
    for dataset in dict.fromkeys(p.role for p in photographs if p.fold < 0):
        members = [p for p in photographs if p.role == dataset]
        shares = _shares([len(grid(*p.size, side)) for p in members], most)
        for number, (photograph, n) in enumerate(zip(members, shares, strict=True)):
            by_order = number < len(members) // 4 if len(members) >= MANY else None
            planned.append((photograph, n, by_order if photograph.quarter is None else photograph.quarter))
    return planned


def training_tiles(planned: list[tuple[Photograph, int, bool | None]], side: int) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """The training tiles (tile, photograph, dataset, quarter) and their pixels, one photograph in memory at a time.

    Of each photograph those with the largest standard deviation come first.
    """
    for photograph, n, in_quarter in planned:
        pixels = photograph.read() if n else None
        for i, (row, column, top, left) in enumerate(_busiest(pixels, side)[:n] if n else []):
            quarter = i % 4 == 0 if in_quarter is None else in_quarter
            about = {"tile": f"{photograph.name}_r{row}_c{column}", "photograph": photograph.name, "dataset": photograph.role, "quarter": quarter}
            yield about, pixels[top : top + side, left : left + side]


def _busiest(pixels: np.ndarray, side: int) -> list[tuple[int, int, int, int]]:
    places = grid(*pixels.shape[:2], side)
    return sorted(places, key=lambda at: -float(pixels[at[2] : at[2] + side, at[3] : at[3] + side].std()))


def _shares(available: list[int], most: int) -> list[int]:
    """How many tiles each photograph gives, as evenly as what they have allows.

    >>> _shares([2, 10, 10], 12)
    [2, 5, 5]
    """
    shares = [0] * len(available)
    while sum(shares) < most and (open_ := [i for i, n in enumerate(available) if shares[i] < n]):
        for i in open_[: most - sum(shares)]:
            shares[i] += 1
    return shares


def images(photographs: list[Photograph], side: int | None, per_photograph: int, most: int) -> tuple[pd.DataFrame, list[Cut]]:
    """The images to super-resolve (image, photograph, fold) and where to cut them: tiles, or whole photographs if side is None.

    Whole photographs lose at most three rows and columns at the bottom right, so that both scales divide them (D36).
    """
    chosen = _interleaved([p for p in photographs if p.fold >= 0])
    if side is None:
        chosen = chosen[:most]
        rows = [(p.name, p.name, p.fold) for p in chosen]
        cuts = [Cut(p, ((0, 0, p.size[0] // 4 * 4, p.size[1] // 4 * 4),)) for p in chosen]
        return pd.DataFrame(rows, columns=["image", "photograph", "fold"]), cuts
    places = [_spread(grid(*p.size, side), per_photograph) for p in chosen]
    rows, cuts = [], []
    for photograph, place, n in zip(chosen, places, _shares([len(p) for p in places], most), strict=True):
        taken = _spread(place, n)
        rows += [(f"{photograph.name}_r{row}_c{column}", photograph.name, photograph.fold) for row, column, _, _ in taken]
        cuts.append(Cut(photograph, tuple((top, left, side, side) for _, _, top, left in taken)))
    return pd.DataFrame(rows, columns=["image", "photograph", "fold"]), cuts


def cut(cuts: list[Cut]) -> Iterator[np.ndarray]:
    """The pixels of the images, one photograph in memory at a time."""
    for one in cuts:
        pixels = one.photograph.read() if one.boxes else None
        for top, left, height, width in one.boxes:
            yield pixels[top : top + height, left : left + width]


def _interleaved(photographs: list[Photograph]) -> list[Photograph]:
    """Ordered so that the first n of them hold the folds in proportion, whatever n is."""
    members = {fold: [p for p in photographs if p.fold == fold] for fold in sorted({p.fold for p in photographs})}
    placed = [((i + 0.5) / len(group), fold, p) for fold, group in members.items() for i, p in enumerate(group)]
    return [p for _, _, p in sorted(placed, key=lambda place: place[:2])]


def _spread(places: list[tuple[int, int, int, int]], n: int) -> list[tuple[int, int, int, int]]:
    """n of the places, evenly spread over the list."""
    if n >= len(places):
        return places
    return [places[int((i + 0.5) * len(places) / n)] for i in range(n)]

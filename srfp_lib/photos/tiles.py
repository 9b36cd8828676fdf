"""Photographs cut into training tiles and into the images that are super-resolved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .photoset import Photograph

MANY = 40  # photographs of a set from which on a quarter of the set is a quarter of its photographs


def grid(height: int, width: int, side: int) -> list[tuple[int, int, int, int]]:
    """Non-overlapping tiles, centred, their offset a multiple of 4: (row, column, top, left).

    >>> grid(200, 100, 96)
    [(0, 0, 4, 0), (1, 0, 100, 0)]
    """
    rows, columns = height // side, width // side
    top, left = ((length - n * side) // 2 // 4 * 4 for length, n in ((height, rows), (width, columns)))
    return [(r, c, top + r * side, left + c * side) for r in range(rows) for c in range(columns)]


def training_tiles(photographs: list[Photograph], side: int, most: int) -> tuple[pd.DataFrame, np.ndarray]:
    """The training tiles of both sets (tile, photograph, dataset, quarter) and their pixels.

    Of each photograph those with the largest standard deviation come first; photographs take turns until a set has
    ``most`` tiles. The quarter of a set is the first quarter of its photographs, or, for fewer than 40 photographs,
    every fourth tile of each.
    """
    rows, pixels = [], []
    for dataset in dict.fromkeys(p.role for p in photographs if p.fold < 0):
        members = [p for p in photographs if p.role == dataset]
        queues = [_busiest(p.pixels, side) for p in members]
        quota = _shares([len(q) for q in queues], most)
        for number, (photograph, queue, n) in enumerate(zip(members, queues, quota, strict=True)):
            for i, (row, column, top, left) in enumerate(queue[:n]):
                quarter = number < len(members) // 4 if len(members) >= MANY else i % 4 == 0
                rows.append((f"{photograph.name}_r{row}_c{column}", photograph.name, dataset, quarter))
                pixels.append(photograph.pixels[top : top + side, left : left + side])
    table = pd.DataFrame(rows, columns=["tile", "photograph", "dataset", "quarter"])
    return table, np.stack(pixels) if pixels else np.empty((0, side, side, 3), np.uint8)


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


def images(photographs: list[Photograph], side: int | None, per_photograph: int, most: int) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """The images to super-resolve (image, photograph, fold) and their pixels: tiles, or whole photographs if side is None.

    Whole photographs lose at most three rows and columns at the bottom right, so that both scales divide them (D36).
    """
    chosen = _interleaved([p for p in photographs if p.fold >= 0])
    if side is None:
        chosen = chosen[:most]
        table = pd.DataFrame([(p.name, p.name, p.fold) for p in chosen], columns=["image", "photograph", "fold"])
        return table, [p.pixels[: p.pixels.shape[0] // 4 * 4, : p.pixels.shape[1] // 4 * 4] for p in chosen]
    places = [_spread(grid(*p.pixels.shape[:2], side), per_photograph) for p in chosen]
    rows, pixels = [], []
    for photograph, place, n in zip(chosen, places, _shares([len(p) for p in places], most), strict=True):
        for row, column, top, left in _spread(place, n):
            rows.append((f"{photograph.name}_r{row}_c{column}", photograph.name, photograph.fold))
            pixels.append(photograph.pixels[top : top + side, left : left + side])
    return pd.DataFrame(rows, columns=["image", "photograph", "fold"]), pixels


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

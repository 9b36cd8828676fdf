"""Photographs cut into training tiles and into the images to super-resolve."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from .paper_sets import reduce
from .photoset import TRAINING_SETS, Photograph

MANY = 40  # from so many photographs on, a quarter of a set is a quarter of its photographs

Place = tuple[int, int, int, int]  # row, column, top, left of a tile
Cut = tuple[Photograph, str, tuple[int, int, int, int]]  # the name of an image; its top, left, height, width
Window = tuple[np.ndarray, int, int]  # pixels, uint8 H x W x 3; top and left of the image in them


def grid(height: int, width: int, side: int) -> list[Place]:
    """Non-overlapping tiles, centred up to offsets that are multiples of 4.

    >>> grid(200, 100, 96)
    [(0, 0, 4, 0), (1, 0, 100, 0)]
    """
    rows, columns = height // side, width // side
    top, left = ((length - n * side) // 2 // 4 * 4 for length, n in ((height, rows), (width, columns)))
    return [(r, c, top + r * side, left + c * side) for r in range(rows) for c in range(columns)]


def quotas(photographs: list[Photograph], side: int, most: int) -> list[tuple[Photograph, int, bool | None]]:
    """Each training photograph with its number of tiles and whether it is in the quarter of its set (None: every fourth tile is).

    Photographs take turns until a set has ``most`` tiles. The quarter is fixed by a photograph itself, or is the first quarter of
    a set's photographs, or, below 40 photographs, every fourth tile of each.
    """
    planned = []
    for dataset in dict.fromkeys(p.role for p in photographs if p.role in TRAINING_SETS):
        members = [p for p in photographs if p.role == dataset]
        shares = _shares([len(grid(*p.size, side)) for p in members], most)
        for number, (photograph, n) in enumerate(zip(members, shares, strict=True)):
            by_order = number < len(members) // 4 if len(members) >= MANY else None
            planned.append((photograph, n, by_order if photograph.quarter is None else photograph.quarter))
    return planned


def training_tiles(planned: list[tuple[Photograph, int, bool | None]], side: int) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Each training tile, uint8 side x side x 3, after its row; one photograph in memory."""
    for photograph, n, in_quarter in planned:
        if not n:
            continue
        pixels = photograph.read()
        for i, (row, column, top, left) in enumerate(_richest(pixels, n, side)):
            quarter = i % 4 == 0 if in_quarter is None else in_quarter
            about = {"tile": f"{photograph.name}_r{row}_c{column}", "photograph": photograph.name, "dataset": photograph.role, "quarter": quarter}
            yield about, pixels[top : top + side, left : left + side]


def reduced_tiles(planned: list[tuple[Photograph, int, bool | None]], side: int, scale: int) -> Iterator[np.ndarray]:
    """The LR images of `training_tiles`, in their order: cut from that of the whole photograph, as in the sets' own LR files (D9)."""
    for photograph, n, _ in planned:
        if not n:
            continue
        pixels = photograph.read()
        lr, low = reduce(pixels, scale), side // scale
        for _, _, top, left in _richest(pixels, n, side):
            yield lr[top // scale : top // scale + low, left // scale : left // scale + low]


def _richest(pixels: np.ndarray, n: int, side: int) -> list[Place]:
    """The n tiles of a photograph with the largest standard deviations."""
    height, width = pixels.shape[:2]
    return sorted(grid(height, width, side), key=lambda at: -float(pixels[at[2] : at[2] + side, at[3] : at[3] + side].std()))[:n]


def _shares(available: list[int], most: int) -> list[int]:
    """``most`` tiles shared among photographs as evenly as their numbers of tiles allow.

    >>> _shares([2, 10, 10], 12)
    [2, 5, 5]
    """
    shares = [0] * len(available)
    while sum(shares) < most and (open_ := [i for i, n in enumerate(available) if shares[i] < n]):
        for i in open_[: most - sum(shares)]:
            shares[i] += 1
    return shares


def images(photographs: list[Photograph], side: int | None, per_photograph: int, most: int) -> tuple[pd.DataFrame, list[Cut]]:
    """The images to super-resolve (image, photograph, fold) and their cuts: tiles, or whole photographs if side is None.

    Whole photographs lose up to three rows and columns at the bottom right, so that both scales divide them (D36).
    """
    chosen = _interleaved([p for p in photographs if p.fold >= 0])
    if side is None:
        cuts = [(p, p.name, (0, 0, p.size[0] // 4 * 4, p.size[1] // 4 * 4)) for p in chosen[:most]]
    else:
        places = [_spread(grid(*p.size, side), per_photograph) for p in chosen]
        shares = zip(chosen, places, _shares([len(place) for place in places], most), strict=True)
        cuts = [(p, f"{p.name}_r{row}_c{column}", (top, left, side, side)) for p, place, n in shares for row, column, top, left in _spread(place, n)]
    return pd.DataFrame([(image, p.name, p.fold) for p, image, _ in cuts], columns=["image", "photograph", "fold"]), cuts


def windows(cuts: list[Cut], margin: int) -> Iterator[Window]:
    """The images with up to ``margin`` pixels of their photograph around them, one photograph in memory at a time.

    The margin is a multiple of 4, so that both scales divide every window and the grid of the LR image stays where it was.
    """
    for photograph, own in groupby(cuts, key=lambda one: one[0]):
        pixels = photograph.read()
        bottom, right = (length // 4 * 4 for length in pixels.shape[:2])
        for _, _, (top, left, height, width) in own:
            first, start = max(top - margin, 0), max(left - margin, 0)
            window = pixels[first : min(top + height + margin, bottom), start : min(left + width + margin, right)]
            yield window, top - first, left - start


def cut(cuts: list[Cut]) -> Iterator[np.ndarray]:
    """The pixels of the images."""
    return (pixels for pixels, _, _ in windows(cuts, 0))


def _interleaved(photographs: list[Photograph]) -> list[Photograph]:
    """Reordered so that the first n hold the folds in proportion, for any n."""
    members = {fold: [p for p in photographs if p.fold == fold] for fold in sorted({p.fold for p in photographs})}
    placed = [((i + 0.5) / len(group), fold, p) for fold, group in members.items() for i, p in enumerate(group)]
    return [p for _, _, p in sorted(placed, key=lambda place: place[:2])]


def _spread(places: list[Place], n: int) -> list[Place]:
    """n of the places, evenly spread over the list."""
    return places if n >= len(places) else [places[int((i + 0.5) * len(places) / n)] for i in range(n)]

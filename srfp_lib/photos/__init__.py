"""Photographs and their roles. A photograph has one role in the whole study; splits are by photograph, never by tile."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd

from ..common.errors import UserError
from ..profiles import Photographs
from . import dead_leaves, embedded, folder, paper_sets
from .photoset import TRAINING_SETS, Photograph, PhotoSet, apart, split, with_unique_names
from .reading import digest
from .tiles import cut, images, quotas, reduced_tiles, training_tiles, windows

__all__ = ["PhotoSet", "Photograph", "content_digest", "load", "sources", "split"]


def sources(settings: Photographs, *, master_seed: int) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs of a profile with their roles, and (file, reason) for each file skipped. Raises UserError.

    No two have one name, and no two near-duplicates have different roles or folds.
    """
    if settings.source == "embedded":
        found, skipped = embedded.load(rotations=settings.rotations)
    elif settings.source == "paper":
        found, skipped = paper_sets.load(settings)
    else:
        smallest = max(settings.training_tile, settings.image_size or 0)
        place = Path(settings.source).expanduser()
        found, skipped = folder.load(place, smallest=smallest, rotations=settings.rotations, master_seed=master_seed)
    kept, twins = apart(found)
    return with_unique_names(kept), skipped + twins


def load(settings: Photographs, *, master_seed: int) -> PhotoSet:
    """Read the photographs of a profile, assign their roles and cut them. Raises UserError."""
    photographs, skipped = sources(settings, master_seed=master_seed)
    photographs = with_unique_names(photographs + _dead_leaves(settings, master_seed))
    planned = quotas(photographs, settings.training_tile, settings.max_training_tiles)
    table, cuts = images(photographs, settings.image_size, settings.max_images_per_photograph, settings.max_images)
    parts = {split(fold, rotation=0, rotations=settings.rotations) for fold in table["fold"]}
    if lacking := {"train", "validation", "test"} - parts:
        raise UserError(f"no image is left for {' and '.join(sorted(lacking))}: photographs.max_images is {settings.max_images}, set it higher")
    counts = Counter({p.name: n for p, n, _ in planned}) + Counter(table["photograph"])
    return PhotoSet(
        _table(photographs, counts), table, pd.DataFrame(skipped, columns=["file", "reason"]),
        sum(n for _, n, _ in planned), partial(training_tiles, planned, settings.training_tile),
        partial(reduced_tiles, planned, settings.training_tile), partial(cut, cuts), partial(windows, cuts),
    )  # fmt: skip


def content_digest(settings: Photographs) -> str:
    """A digest of the names and content of the source's images and lists."""
    if settings.source == "paper":
        return paper_sets.content_digest(settings)
    if settings.source == "embedded":
        return digest([path for row in embedded.rows() if (path := embedded.locate(row))], embedded.LIST.read_bytes())
    return digest(folder.files(Path(settings.source).expanduser()))


def _dead_leaves(settings: Photographs, master_seed: int) -> list[Photograph]:
    drawn = []
    for role in TRAINING_SETS:
        for number in range(settings.dead_leaves):
            name = f"dead_leaves_{role}_{number:02d}"
            # Two tiles a side, so that training crops vary in place.
            pixels = dead_leaves.draw(2 * settings.training_tile, master_seed=master_seed, name=name)
            drawn.append(Photograph.of(pixels, name=name, role=role, source="dead leaves (drawn)"))
    return drawn


def _table(photographs: list[Photograph], n_tiles: Counter[str]) -> pd.DataFrame:
    rows = [
        {"photograph": p.name, "file": p.file, "role": p.role, "fold": p.fold, "source": p.source, "licence": p.licence, "credit": p.credit,
         "width": p.size[1], "height": p.size[0], "sha256": p.sha256, "n_tiles": n_tiles[p.name], "note": p.note}
        for p in photographs
    ]  # fmt: skip
    return pd.DataFrame(rows)

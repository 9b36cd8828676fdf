"""Photographs and their roles. A photograph has one role in the whole study; splits are by photograph, never by tile."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..common.errors import UserError
from ..profiles import Photographs
from . import dead_leaves, embedded, folder, paper_sets
from .photoset import TRAINING_SETS, Photograph, PhotoSet, check_roles, split
from .reading import fingerprint_of
from .tiles import cut, images, quotas, training_tiles

__all__ = ["PhotoSet", "Photograph", "fingerprint", "load", "sources", "split"]


def sources(settings: Photographs, *, master_seed: int) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """The photographs that a profile names, with their roles, and (file, reason) of those left out."""
    if settings.source == "embedded":
        return embedded.load(rotations=settings.rotations)
    if settings.source == "paper":
        return paper_sets.load(settings)
    smallest = max(settings.training_tile, settings.image_size or 0)
    return folder.load(Path(settings.source).expanduser(), smallest=smallest, rotations=settings.rotations, master_seed=master_seed)


def load(settings: Photographs, *, master_seed: int) -> PhotoSet:
    """Read, convert, assign and cut the photographs that a profile names."""
    photographs, skipped = sources(settings, master_seed=master_seed)
    drawn = _dead_leaves(settings, master_seed)
    check_roles(photographs)
    planned = quotas(photographs + drawn, settings.training_tile, settings.max_training_tiles)
    table, cuts = images(photographs, settings.image_size, settings.max_images_per_photograph, settings.max_images)
    parts = {split(fold, rotation=0, rotations=settings.rotations) for fold in table["fold"]}
    if lacking := {"train", "validation", "test"} - parts:
        raise UserError(f"no image is left for {' and '.join(sorted(lacking))}: photographs.max_images is {settings.max_images}, set it higher")
    counts = {**{p.name: n for p, n, _ in planned}, **table["photograph"].value_counts()}
    return PhotoSet(
        _table(photographs + drawn, counts), table, pd.DataFrame(skipped, columns=["file", "reason"]),
        sum(n for _, n, _ in planned), partial(training_tiles, planned, settings.training_tile), partial(cut, cuts),
    )  # fmt: skip


def fingerprint(settings: Photographs) -> str:
    """What tells one set of source files from another: a digest of the content of a folder, or of the embedded list."""
    whole = hashlib.sha256()
    if settings.source == "embedded":
        parts = [p for row in embedded.rows() if (p := embedded.locate(row))]
        whole.update(embedded.LIST.read_bytes())
    elif settings.source == "paper":
        return paper_sets.fingerprint(settings)
    else:
        parts = folder.files(Path(settings.source).expanduser())
    for path in parts:
        whole.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return whole.hexdigest()[:24]


def _dead_leaves(settings: Photographs, master_seed: int) -> list[Photograph]:
    drawn = []
    for role in TRAINING_SETS:
        for number in range(settings.dead_leaves):
            name = f"dead_leaves_{role}_{number:02d}"
            # Two tiles a side, so that training crops come from more than one place of an image.
            pixels = dead_leaves.draw(2 * settings.training_tile, master_seed=master_seed, name=name)
            drawn.append(_drawn(name, pixels, role))
    return drawn


def _drawn(name: str, pixels: np.ndarray, role: str) -> Photograph:
    return Photograph(name, pixels.shape[:2], lambda: pixels, role, -1, "", "dead leaves (drawn)", "", "", fingerprint_of(pixels))


def _table(photographs: list[Photograph], counts: dict[str, int]) -> pd.DataFrame:
    rows = [
        {"photograph": p.name, "file": p.file, "role": p.role, "fold": p.fold, "source": p.source, "licence": p.licence,
         "credit": p.credit, "width": p.size[1], "height": p.size[0], "sha256": p.sha256,
         "n_tiles": int(np.int64(counts.get(p.name, 0))), "note": p.note}
        for p in photographs
    ]  # fmt: skip
    return pd.DataFrame(rows)

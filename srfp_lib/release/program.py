"""The jobs of a workspace whose images are the authors': the images are taken over, nothing is trained to make any."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import fleet
from ..common.errors import UserError
from ..images.arrays import decoded_files
from ..profiles import Profile
from ..workflow.jobs import Unit
from .contents import SPLITS

DEPENDS_ON = ("photographs.rotations", "photographs.decoded", "release.splits", "release.copy", "release.content")


def photographs(profile: Profile) -> Iterator[Unit]:
    """The true images, and which part of the split each belongs to."""
    outputs = ("photos", f"images/{fleet.HR}", *(f"images/{file}" for file in SPLITS.values()), *_decoded(profile, fleet.HR))
    yield Unit(leaves=outputs, cost=5)


def custom_images(profile: Profile) -> Iterator[Unit]:
    """One job a custom network, whether its folder is there or not."""
    return _images(profile, fleet.custom())


def published_images(profile: Profile) -> Iterator[Unit]:
    """One job a published network, whether its folder is there or not."""
    return _images(profile, fleet.published())


def _images(profile: Profile, networks: Iterable[fleet.Network]) -> Iterator[Unit]:
    for network in networks:
        name = network.model_id
        outputs = (f"images/{name}", *_decoded(profile, name)) + ((f"published/{name}.json",) if network.origin == "published" else ())
        folder, there = Path(profile.release.folder, name), name in profile.release.networks
        content = (lambda folder=folder: state_of(folder)) if there else None
        yield Unit(name, (name,), outputs, cost=5, content=content, lacking=() if there else (name,))


def state_of(folder: Path) -> str:
    """A digest of the names, sizes and times of a network's images: 164 GB are too much to be read at every start. Raises UserError."""
    try:
        files = sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(folder))
    except OSError as error:
        raise UserError(f"'{folder}' cannot be read ({error.strerror}): bring it back, or run python -m srfp_lib release again") from None
    return hashlib.sha256(repr(files).encode()).hexdigest()[:24]


def _decoded(profile: Profile, name: str) -> tuple[str, ...]:
    """Images that are copied into the workspace are kept decoded as well; no copies are made of those that stay where they lie."""
    return decoded_files(name, tiles=False) if profile.release.copy and profile.photographs.decoded else ()

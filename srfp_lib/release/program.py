"""The jobs of a workspace whose images are the authors': the images are taken over, nothing is trained to make any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import fleet
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
        yield Unit(name, (name,), outputs, cost=5, lacking=() if name in profile.release.networks else (name,))


def _decoded(profile: Profile, name: str) -> tuple[str, ...]:
    """Images that are copied into the workspace are kept decoded as well; no copies are made of those that stay where they lie."""
    return decoded_files(name, tiles=False) if profile.release.copy and profile.photographs.decoded else ()

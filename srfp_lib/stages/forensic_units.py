"""How the kinds of work of chapters 19 to 22 divide into jobs at a profile."""

from __future__ import annotations

from collections.abc import Iterator

from ..profiles import Profile
from ..workflow.jobs import Unit


def spectra(profile: Profile) -> Iterator[Unit]:
    """One job; nothing is made of it but where something needs it."""
    yield Unit(arguments=("spectra",), leaves=("spectra",), cost=17 * min(profile.forensics.images or 10**6, profile.photographs.max_images) / 112)


def open_set(profile: Profile) -> Iterator[Unit]:
    """One job. It needs the custom networks themselves, for chains, so that the authors' images are not enough."""
    if "open-set" in profile.forensics.parts and not profile.release.folder:
        images = min(profile.forensics.images or 10**6, profile.photographs.max_images)
        yield Unit(arguments=("open_set",), leaves=("open_set",), cost=40 + 70 * images / 112)

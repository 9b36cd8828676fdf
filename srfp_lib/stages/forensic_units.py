"""How the kinds of work of chapters 19 to 22 divide into jobs at a profile."""

from __future__ import annotations

from collections.abc import Iterator

from ..profiles import Profile
from ..workflow.jobs import Unit


def spectra(profile: Profile) -> Iterator[Unit]:
    """One job; nothing is made of it but where something needs it."""
    yield Unit(arguments=("spectra",), leaves=("spectra",), cost=17 * min(profile.forensics.images or 10**6, profile.photographs.max_images) / 112)


def survival(profile: Profile) -> Iterator[Unit]:
    """One job for all deliveries and attacks, where the profile asks for it."""
    if "survival" in profile.forensics.parts:
        yield Unit(arguments=("survival",), leaves=("survival",), cost=95)

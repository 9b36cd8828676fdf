"""How the kinds of work on fingerprints and on unknown images, chapters 15 and 19 to 22, divide into jobs at a profile."""

from __future__ import annotations

from collections.abc import Iterator

from ..fetching import timm_weights
from ..profiles import Profile
from ..workflow.jobs import Unit
from .units import identity, relative_images

# CPU seconds at the demo profile.
FINGERPRINT_COSTS = {"lattice": 4, "prnu": 20, "prnu-bm3d": 20_000, "spectrum": 15, "azimuthal": 7, "cooccurrence": 5, "early-layers": 40,
                     "true-residual": 15}  # fmt: skip


def pictures(profile: Profile) -> Iterator[Unit]:
    """One job for the pictures of all fingerprints."""
    yield Unit("pictures", ("fingerprints",), ("fingerprints",), 10)


def fingerprints(profile: Profile) -> Iterator[Unit]:
    """One job a kind, that of early layers only where the weights are installed."""
    lite = timm_weights.in_package(timm_weights.LITE0)
    for kind in profile.fingerprints.kinds:
        outputs = tuple(f"predictions/fingerprint-{kind}{question}/1" for question in ("", "-published"))
        content = (lambda: identity(lite)) if kind == "early-layers" else None
        if lite or kind != "early-layers":
            yield Unit(kind, (kind, outputs), outputs, FINGERPRINT_COSTS[kind] * relative_images(profile), content=content)


def spectra(profile: Profile) -> Iterator[Unit]:
    """One job; nothing is made of it but where something needs it."""
    yield Unit(arguments=("spectra",), leaves=("spectra",), cost=17 * min(profile.forensics.images or 10**6, profile.photographs.max_images) / 112)


def verification(profile: Profile) -> Iterator[Unit]:
    """One job, where the run has that part."""
    if "verification" in profile.forensics.parts:
        yield Unit(arguments=("verification",), leaves=("verification",), cost=30)


def open_set(profile: Profile) -> Iterator[Unit]:
    """One job. It needs the custom networks themselves, for chains, so that the authors' images are not enough."""
    if "open-set" in profile.forensics.parts and not profile.release.folder:
        images = min(profile.forensics.images or 10**6, profile.photographs.max_images)
        yield Unit(arguments=("open_set",), leaves=("open_set",), cost=40 + 70 * images / 112)


def survival(profile: Profile) -> Iterator[Unit]:
    """One job for all deliveries and attacks, where the profile asks for it."""
    if "survival" in profile.forensics.parts:
        yield Unit(arguments=("survival",), leaves=("survival",), cost=95)


def identify(profile: Profile) -> Iterator[Unit]:
    """One job; nothing is made of it but where something needs it."""
    yield Unit(arguments=("identify/model",), leaves=("identify/model",), cost=105)


def identify_trial(profile: Profile) -> Iterator[Unit]:
    """One job, where the profile asks for it."""
    if "identify" in profile.forensics.parts:
        yield Unit(arguments=("identify/trial.csv",), leaves=("identify/trial.csv",), cost=205)

"""What the claims are judged by: scored answers and tables of one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ..classifiers.predictions import Predictions
from . import attribution, parsing, published, seeds, separability
from .separability import Separation
from .uncertainty import Accuracy


class Unanswered(Exception):
    """This workspace does not hold what a claim speaks of; says what."""


@dataclass(frozen=True, eq=False)
class Results:
    """Everything is optional: a chapter gives what its own claims ask for."""

    attribution: pd.DataFrame | None = None
    cnn_triplets: pd.DataFrame | None = None
    prnu_triplets: pd.DataFrame | None = None
    parsers: Mapping[str, Sequence[Predictions]] = field(default_factory=dict)
    quality: pd.DataFrame | None = None
    backbones: Mapping[str, Sequence[Predictions]] = field(default_factory=dict)
    warm: Sequence[Predictions] | None = None
    cold: Sequence[Predictions] | None = None
    unseen: Sequence[Predictions] | None = None
    parsed: pd.DataFrame | None = None
    origins: Mapping[str, int] = field(default_factory=dict)
    _kept: dict[object, object] = field(default_factory=dict)

    def cell(self, asks: str, column: str) -> Accuracy:
        """A cell of Table 4, computed once."""
        return self._once(("cell", asks, column), lambda: parsing.accuracy(self.parsers, asks, column))

    def separation(self, which: str) -> Separation:
        """The ratio of squares, "seen" or "unseen", computed once."""
        runs = self.need("warm" if which == "seen" else "unseen")
        return self._once(("separation", which), lambda: separability.ratio_of_squares(runs))

    def neighbours(self, which: str, group: str) -> Accuracy:
        """The nearest-neighbour accuracy of a group of published networks."""
        runs = self.need("warm" if which == "seen" else "unseen")
        members = separability.groups(list(dict.fromkeys(runs[0].index["model_id"]))).get(group)
        if not members:
            raise Unanswered(f"there are not two published networks in the group {group}")
        return self._once(("neighbours", which, group), lambda: Accuracy.of(pd.concat([separability.neighbours(r, members) for r in runs])))

    def need(self, name: str):
        """A field that a claim asks for."""
        value = getattr(self, name)
        if value is None:
            raise Unanswered("this run holds nothing about the published networks")
        return value

    def stand_ins(self, claim: str) -> str:
        """Why a claim about published networks or backbones is not tested by what stands in for them here; empty if it is."""
        if claim in ("C02", "C03", "C04") and any(name.startswith("small_") for name in self.backbones):
            return "small bodies stand in for the four backbones"
        return "stand-ins, not the published networks" if self.origins.get("stand-in") else ""

    def _once(self, key, make):
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


def gather(study) -> Results:
    """The results of a finished workspace; networks whose training failed stay in (the paper keeps them)."""
    runs = study.predictions("attribution")
    return Results(
        attribution=attribution.scored(runs), cnn_triplets=seeds.scored(runs), prnu_triplets=seeds.scored(study.predictions("prnu")),
        parsers=study.parsers(), quality=study.quality(everything=True), backbones=study.backbones(),
        warm=study.predictions("published"), cold=study.predictions("published-cold"), unseen=study.predictions("unseen"),
        parsed=published.parsed(study.parsers_of_published()), origins=study.published()["origin"].value_counts().to_dict(),
    )  # fmt: skip

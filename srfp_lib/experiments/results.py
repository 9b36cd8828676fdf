"""What does one workspace hold that claims can be judged by? Predictions and tables, loaded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from ..classifiers.predictions import Predictions
from . import attribution, published, seeds, separability
from .separability import Separation
from .uncertainty import Accuracy


class Unanswered(Exception):
    """The workspace lacks what a claim is about; the message names it."""


@dataclass(frozen=True, eq=False)
class Results:
    """Everything is optional: a chapter passes what its own claims need."""

    attribution: pd.DataFrame = field(default_factory=pd.DataFrame)
    cnn_triplets: pd.DataFrame = field(default_factory=pd.DataFrame)
    prnu_triplets: pd.DataFrame = field(default_factory=pd.DataFrame)
    parsers: Mapping[str, Sequence[Predictions]] = field(default_factory=dict)
    quality: pd.DataFrame = field(default_factory=pd.DataFrame)
    backbones: Mapping[str, Sequence[Predictions]] = field(default_factory=dict)
    warm: Sequence[Predictions] = ()
    cold: Sequence[Predictions] = ()
    unseen: Sequence[Predictions] = ()
    parsed: pd.DataFrame = field(default_factory=pd.DataFrame)
    origins: Mapping[str, int] = field(default_factory=dict)

    def need(self, name: str) -> Any:
        """A field about the published networks; Unanswered if it was not passed."""
        value = getattr(self, name)
        if not len(value):
            raise Unanswered("this run holds nothing about the published networks")
        return value

    @cached_property
    def warm_answers(self) -> pd.DataFrame:
        """The answers of the published networks' classifier with the warm start."""
        return attribution.scored(self.need("warm"))

    @cached_property
    def seen_ratios(self) -> Separation:
        """The ratio of squares in features trained on the published networks."""
        return separability.ratio_of_squares(self.need("warm"))

    @cached_property
    def unseen_ratios(self) -> Separation:
        """The ratio of squares in features that never saw the published networks."""
        return separability.ratio_of_squares(self.need("unseen"))

    def neighbours(self, runs: str, group: str) -> Accuracy:
        """The nearest-neighbour accuracy within a group of published networks; ``runs`` is "warm" or "unseen"."""
        found: Sequence[Predictions] = self.need(runs)
        chosen = members(list(found[0].index["model_id"].unique()), group)
        return Accuracy.of(pd.concat([separability.neighbours(run, chosen) for run in found]))


def members(networks: Sequence[str], group: str) -> list[str]:
    """The published networks of a group (`separability.groups`); Unanswered if there are fewer than two."""
    found = separability.groups(networks).get(group)
    if not found:
        raise Unanswered(f"there are not two published networks in the group {group}")
    return found


def gather(study: Any) -> Results:
    """The results of a finished `srfp_lib.study.Study`; networks whose training failed stay in, as in the paper."""
    runs = study.predictions("attribution")
    return Results(
        attribution=attribution.scored(runs), cnn_triplets=seeds.scored(runs), prnu_triplets=seeds.scored(study.predictions("prnu")),
        parsers=study.parsers(), quality=study.quality(everything=True), backbones=study.backbones(),
        warm=study.predictions("published"), cold=study.predictions("published-cold"), unseen=study.predictions("unseen"),
        parsed=published.parsed(study.parsers_of_published()), origins=study.published()["origin"].value_counts().to_dict(),
    )  # fmt: skip

"""What does one workspace hold that claims can be judged by? Predictions and tables, loaded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from .. import fleet
from ..classifiers.predictions import Predictions
from . import attribution, parsing, published, seeds, separability
from .separability import Separation
from .uncertainty import Accuracy

ADVERSARIAL = ("VGG_GAN", "ResNet_GAN")  # the adversarial losses of the custom networks
BACKBONES = {"ConvNeXt-B": "convnext_base", "XceptionNet": "legacy_xception", "EfficientNet-B2": "efficientnet_b2", "ResNet-50": "resnet50"}


class Unanswered(Exception):
    """The workspace lacks what a claim is about; the message names it."""


@dataclass(frozen=True, eq=False)
class Results:
    """Everything is optional: a chapter passes what its own claims need. `printed.Printed` answers the same questions for the paper."""

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

    def custom(self, **hyperparameters: object) -> Accuracy:
        """180-way accuracy on the custom networks with the given hyperparameters, such as ``scale=4``."""
        return attribution.accuracy(self.attribution, **hyperparameters)

    def triplets(self, method: str, **hyperparameters: object) -> Accuracy:
        """Accuracy within seed triplets, by "CNN" or "PRNU"; within the paper's 24, without NLSN (D1), unless an architecture is given."""
        answers = {"CNN": self.cnn_triplets, "PRNU": self.prnu_triplets}[method]
        if "architecture" not in hyperparameters:
            answers = answers[answers["architecture"] != "NLSN"]
        return attribution.accuracy(answers, **hyperparameters)

    def parser(self, asks: str, *, without: str) -> Accuracy:
        """A cell of Table 4."""
        return parsing.accuracy(self.parsers, asks, without)

    def backbone(self, name: str) -> Accuracy:
        """The 205-way accuracy of a backbone, by its name in Table 2; Unanswered for another backbone in its place."""
        runs = next((runs for own, runs in self.backbones.items() if own.partition(".")[0] == BACKBONES[name]), None)
        if runs is None:
            raise Unanswered(f"{name} is not among this run's backbones")
        if len(runs[0].classes) < 205:
            raise Unanswered("Table 2 of this run is not over the 205 networks")
        return attribution.accuracy(attribution.scored(runs))

    def among_published(self, group: str) -> Accuracy:
        """Accuracy among the published networks, in a group or on "all"."""
        answers = self.warm_answers
        return Accuracy.of(answers if group == "all" else answers[answers["model_id"].isin(members(self.warm[0].classes, group))])

    def from_imagenet(self) -> Accuracy:
        """The same over all of them, with a classifier that starts from ImageNet (in small profiles, from nothing)."""
        return Accuracy.of(attribution.scored(self.need("cold")))

    def psnr(self, **properties: object) -> Accuracy:
        """PSNR in dB by photograph, mean over the networks with the given properties; Unanswered if there are none."""
        networks = [fleet.parse(m) for m in self.quality["model_id"].unique()] if len(self.quality) else []
        chosen = [n.model_id for n in networks if all(getattr(n, k) == v for k, v in properties.items())]
        if not chosen:
            raise Unanswered(f"no quality was measured of networks with {', '.join(f'{k} {v}' for k, v in properties.items())}")
        by_photograph = self.quality[self.quality["model_id"].isin(chosen)].groupby("photograph")["psnr"].mean()
        return Accuracy(pd.DataFrame([by_photograph]))

    @property
    def whose(self) -> str:
        """Whether the published networks are the paper's, in words; empty if all are, or it is not known."""
        total = sum(self.origins.values())
        if "images of a folder" in self.origins:
            return f"on {total} sets of images of other people's networks"
        of_paper = sum(n for origin, n in self.origins.items() if "paper" in origin or "authors" in origin)
        return f"on {total} real networks, {of_paper or 'none'} of them the paper's" if of_paper < total else ""

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

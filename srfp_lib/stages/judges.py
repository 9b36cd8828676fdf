"""Who judges an image in chapter 22: the kept classifiers, and linear models of spectra that are trained with and without deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from .. import fleet
from ..classifiers.kept import Kept
from ..classifiers.lossy import mean_power
from ..common.randomness import numpy_generator
from ..fingerprints.linear import Linear
from ..forensics.attacks import Scores
from ..forensics.deliveries import deliver
from ..images import gallery
from ..images.gallery import Gallery
from ..images.spectrum import described, log_power
from ..images.store import Pick, evenly, pixels
from ..profiles import Profile
from ..published import sources
from ..workflow.desk import Desk

WITH = ("png", "jpeg-98", "jpeg-95", "jpeg-90", "jpeg-80", "jpeg420-90", "size-90", "size-110")
NETWORK, OTHER, SPECTRUM, TAUGHT = "network", "another network", "spectrum", "spectrum, trained with deliveries"
FEATURES = {SPECTRUM: log_power, TAUGHT: mean_power}
CUSTOM, PUBLISHED = "custom", "published"
Pixels = UInt8[np.ndarray, "n h w 3"]
Judge = Callable[[Pixels], Float32[np.ndarray, "n classes"]]


@dataclass(frozen=True)
class Sizes:
    """How many images of a network train, and are tested singly and together; among how many custom networks one is tested, one is attacked."""

    train: int = 48
    tested: int = 2
    together: int = 48
    step: int = 1
    every: int = 7

    @classmethod
    def of(cls, profile: Profile) -> Sizes:
        """Less of everything where the profile asks for few."""
        return cls() if profile.forensics.survival == "whole" else cls(train=8, tested=1, together=4, step=5, every=35)


@dataclass(frozen=True, eq=False)
class Asked:
    """A question to classifiers: which of these networks made an image? Crops begin anywhere, in training and in test."""

    desk: Desk
    question: str
    images: Gallery
    classes: tuple[str, ...]
    sizes: Sizes

    @property
    def seed(self) -> int:
        return self.desk.profile.master_seed

    @property
    def side(self) -> int:
        return self.images.whole(self.classes[0]) if self.images.tiles else self.desk.profile.fingerprints.crop

    def numbers(self, part: str) -> tuple[int, ...]:
        return self.images.numbers(part, run=1)

    def crops(self, picks: Sequence[Pick]) -> Pixels:
        """Test crops."""
        return pixels(self.images.test_crops(list(picks), self.side, seed=self.seed))

    @cached_property
    def models(self) -> dict[str, Linear]:
        """Linear models of log power spectra, trained on images as they are and on delivered ones beside them."""
        found = {name: Linear() for name in FEATURES}
        numbers = evenly(self.numbers("train"), self.sizes.train)
        for name in self.classes:
            rng = numpy_generator(self.seed, "survival", name)
            whole = pixels(self.images.random_crops([(name, i) for i in numbers], self.side, grid=1, rng=rng))
            turns = [
                np.stack([deliver(delivery, image, rng) for image in whole[turn :: len(WITH)]])
                for turn, delivery in enumerate(WITH)
                if turn < len(whole)
            ]
            found[SPECTRUM].add(described(whole))
            found[TAUGHT].add(np.concatenate([described(some, mean_power) for some in (whole, *turns)]))
        return found

    @cached_property
    def kept(self) -> list[Kept]:
        """The attribution classifiers of run 1 and, where there is one, run 2."""
        settings = self.desk.profile.classifier
        files = (self.desk.read(f"classifiers/attribution/{run}.safetensors") for run in range(1, min(settings.runs, 2) + 1))
        return [Kept(file, settings, probed=settings.probe > 0) for file in files if self.question == CUSTOM]

    @cached_property
    def judges(self) -> dict[str, Judge]:
        """By name: the log-probabilities of the classes."""
        judges: dict[str, Judge] = {
            name: lambda shown, model=model, name=name: model.scores(described(shown, FEATURES[name])) for name, model in self.models.items()
        }
        return judges | ({NETWORK: lambda shown: np.log(self.kept[0](shown) + 1e-30)} if self.kept else {})

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """The confidence below which a classifier says nothing: 95 % of its right answers on validation images reach it."""
        picks = [(name, number) for name in self.classes for number in self.drawn("validation", name, 2)]
        shown, truth = self.crops(picks), np.array([self.classes.index(name) for name, _ in picks])
        scores = {judge: ask(shown) for judge, ask in self.judges.items()}
        right = {judge: found.max(1)[found.argmax(1) == truth] for judge, found in scores.items()}
        return {judge: float(np.quantile(found, 0.05)) if len(found) else 0.0 for judge, found in right.items()}

    def drawn(self, part: str, name: str, count: int) -> tuple[int, ...]:
        """So many images of a part, drawn by the network's name: the same whatever happens to them."""
        numbers = self.numbers(part)
        drawn = numpy_generator(self.seed, "survival", part, name).permutation(len(numbers))[:count]
        return tuple(numbers[i] for i in drawn)


def questions(desk: Desk, sizes: Sizes | None = None) -> list[Asked]:
    """The custom networks, and the published ones among themselves if there are several."""
    sizes, released = sizes or Sizes.of(desk.profile), desk.profile.release
    names = [n.model_id for n in sources.networks(desk.profile.published)]
    published = tuple(name for name in names if not released.folder or name in released.networks)
    of_custom = Asked(desk, CUSTOM, gallery.custom(desk), tuple(n.model_id for n in fleet.custom()), sizes)
    return [of_custom, *([Asked(desk, PUBLISHED, gallery.published(desk), published, sizes)] if len(published) > 1 else [])]


def of_spectra(model: Linear) -> Scores:
    """The log-probabilities of a linear model of log power spectra, as a function of images in 0..1 that has a gradient."""
    weights, intercepts = map(torch.from_numpy, model.solved)
    centre = torch.from_numpy(model.centre)
    return lambda images: ((log_power(images) - centre) @ weights + intercepts).log_softmax(1)

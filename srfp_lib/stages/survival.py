"""The work of chapter 22: which fingerprints survive a delivery, and what it costs to hide or to forge them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from .. import fleet
from ..classifiers.kept import Kept
from ..classifiers.predictions import Predictions
from ..classifiers.spectrum import log_power
from ..common.randomness import numpy_generator
from ..experiments import several, survival
from ..fingerprints.linear import Linear
from ..forensics import attacks
from ..forensics.deliveries import deliver
from ..forensics.lossy import mean_power
from ..images import gallery, superresolve
from ..images.gallery import Gallery
from ..images.metrics import psnr
from ..images.store import Pick, evenly
from ..profiles import Profile
from ..published import sources
from ..workflow.desk import Desk
from .making import load_network

WITH = ("png", "jpeg-98", "jpeg-95", "jpeg-90", "jpeg-80", "jpeg420-90", "size-90", "size-110")
TESTED = (
    *("png", "jpeg-100", "jpeg-98", "jpeg-95", "jpeg-90", "jpeg-80", "jpeg-50", "jpeg420-95", "jpeg-90+crop-90", "webp-95", "messenger"),
    *("size-50", "size-90", "size-98", "size-102", "size-200", "reupscaled-90"),
    *("blur-0.5", "blur-1", "noise-1", "noise-4", "crop-50", "shift-1", "grey", "bits-6"),
)
OF_SEVERAL = ("png", "jpeg-98", "jpeg-95", "jpeg-90", "jpeg-80", "jpeg-50")
FLOORS = (54.0, 48.0, 42.0, 36.0)  # dB, of the gradient attacks
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
        """Less of everything in a smoke run."""
        return cls() if profile.photographs.max_images > 20 else cls(train=8, tested=1, together=4, step=5, every=35)


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
        return _pixels(self.images.test_crops(list(picks), self.side, seed=self.seed))

    @cached_property
    def models(self) -> dict[str, Linear]:
        """Linear models of log power spectra, trained on images as they are and on delivered ones beside them."""
        found = {name: Linear() for name in FEATURES}
        numbers = evenly(self.numbers("train"), self.sizes.train)
        for name in self.classes:
            rng = numpy_generator(self.seed, "survival", name)
            whole = _pixels(self.images.random_crops([(name, i) for i in numbers], self.side, grid=1, rng=rng))
            turns = [
                np.stack([deliver(delivery, image, rng) for image in whole[turn :: len(WITH)]])
                for turn, delivery in enumerate(WITH)
                if turn < len(whole)
            ]
            found[SPECTRUM].add(_described(whole))
            found[TAUGHT].add(np.concatenate([_described(some, mean_power) for some in (whole, *turns)]))
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
            name: lambda shown, model=model, name=name: model.scores(_described(shown, FEATURES[name])) for name, model in self.models.items()
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


def survive(desk: Desk, output: str) -> None:
    """Leaves accuracy.csv, several.csv and attacks.csv: see `experiments.survival` for their columns."""
    asked = questions(desk)
    torch.manual_seed(0)
    delivered = pd.concat([answers(one, TESTED) for one in asked], ignore_index=True)
    tables = {
        "accuracy": survival.by_delivery(delivered),
        "several": pd.concat([together(one, delivery) for one in asked for delivery in OF_SEVERAL], ignore_index=True),
        "attacks": survival.attacks(pd.concat([attacked(one) for one in asked], ignore_index=True)),
    }
    for name, table in tables.items():
        table.to_csv(desk.write(output, f"{name}.csv"), index=False, float_format="%.4f")


def questions(desk: Desk, sizes: Sizes | None = None) -> list[Asked]:
    """The custom networks, and the published ones among themselves if there are several."""
    sizes, released = sizes or Sizes.of(desk.profile), desk.profile.release
    names = [n.model_id for n in sources.networks(desk.profile.published)]
    published = tuple(name for name in names if not released.folder or name in released.networks)
    of_custom = Asked(desk, CUSTOM, gallery.custom(desk), tuple(n.model_id for n in fleet.custom()), sizes)
    return [of_custom, *([Asked(desk, PUBLISHED, gallery.published(desk), published, sizes)] if len(published) > 1 else [])]


def answers(asked: Asked, deliveries: Sequence[str]) -> pd.DataFrame:
    """What every classifier answers to test images after each delivery: the table that `survival.by_delivery` reads."""
    count, found = asked.sizes.tested * (1 if asked.question == CUSTOM else 4), []
    picks = [(name, number) for name in asked.classes[:: asked.sizes.step] for number in asked.drawn("test", name, count)]
    before, index = asked.crops(picks), asked.images.index(picks)
    for delivery in deliveries:
        shown = _delivered(delivery, before, asked.seed)
        about = index.assign(question=asked.question, delivery=delivery, n_classes=len(asked.classes), psnr=_psnr(shown, before))
        found += [about.assign(classifier=judge, **_answer(asked, judge, ask(shown))) for judge, ask in asked.judges.items()]
    return pd.concat(found, ignore_index=True)


def _answer(asked: Asked, judge: str, scores: Float32[np.ndarray, "n classes"]) -> dict[str, np.ndarray]:
    return {"predicted": np.array(asked.classes)[scores.argmax(1)], "sure": scores.max(1) >= asked.thresholds[judge]}


def together(asked: Asked, delivery: str) -> pd.DataFrame:
    """The accuracy from several delivered images of some networks: tiles of one photograph, and images of different photographs."""
    names, numbers = asked.classes[:: 5 if asked.question == CUSTOM else 1], evenly(asked.numbers("test"), asked.sizes.together)
    picks = [(name, i) for name in names for i in numbers]
    scores = asked.judges[TAUGHT](_delivered(delivery, asked.crops(picks), asked.seed))
    found = Predictions(delivery, 1, asked.classes, asked.images.index(picks), scores)
    across = several.from_several([found], counts=(2, 3, 5, 10, 20), grouped=False).assign(of="several photographs")
    within = survival.of_one_photograph(found).rename(columns={"tiles": "images"}).assign(of="one photograph")
    return pd.concat([within, across]).assign(question=asked.question, delivery=delivery, side=asked.side)


def attacked(asked: Asked) -> pd.DataFrame:
    """Single images of some networks under attack: the table that `survival.attacks` reads. A forger wants the class half way round."""
    every = asked.sizes.every if asked.question == CUSTOM else 1
    places = np.arange(0, len(asked.classes), every)
    names, goals = np.array(asked.classes)[places], (places + len(asked.classes) // 2) % len(asked.classes)
    picks = [(str(name), asked.drawn("test", name, 1)[0]) for name in names]
    before, index = asked.crops(picks), asked.images.index(picks)
    found = [_judged(asked, index, before, before, goals, "nothing", goal, np.nan) for goal in ("hide", "forge")]
    for attacker, scores in _attackers(asked).items():
        for goal, wanted in (("hide", places), ("forge", goals)):
            for floor in FLOORS:
                after = _in_batches(
                    lambda some, wanted, s=scores, g=goal, f=floor: attacks.climb(s, some, wanted, f, forge=g == "forge"), before, wanted
                )
                found.append(_judged(asked, index, after, before, goals, attacker, goal, floor))
    if asked.question == CUSTOM and not asked.desk.profile.release.folder:  # whose networks are not here
        found += _upscaled_again(asked, index, before)
    return pd.concat(found, ignore_index=True)


def _attackers(asked: Asked) -> dict[str, attacks.Scores]:
    """Whose gradient an attack follows: that of a judge, or of a classifier of another training run."""
    found = {SPECTRUM: attacks.of_spectra(asked.models[SPECTRUM])}
    return found | {name: one.log_probabilities for name, one in zip((NETWORK, OTHER), asked.kept, strict=False)}


def _judged(
    asked: Asked, index: pd.DataFrame, after: Pixels, before: Pixels, goals: np.ndarray, attack: str, goal: str, floor: float
) -> pd.DataFrame:
    """Hiding succeeds where a classifier does not name the true network, or says nothing; forging where it names the other one, and is sure."""
    truth, wanted, rows = index["model_id"].to_numpy(), np.array(asked.classes)[goals], []
    for judge in (name for name in (NETWORK, SPECTRUM) if name in asked.judges):
        answer = _answer(asked, judge, asked.judges[judge](after))
        hidden, forged = (answer["predicted"] != truth) | ~answer["sure"], (answer["predicted"] == wanted) & answer["sure"]
        rows.append(index.assign(question=asked.question, attack=attack, judge=judge, goal=goal, decibels=floor,
                                 succeeded=hidden if goal == "hide" else forged, psnr=psnr(after, before)))  # fmt: skip
    return pd.concat(rows)


def _upscaled_again(asked: Asked, index: pd.DataFrame, before: Pixels) -> list[pd.DataFrame]:
    """Images reduced by the scale and super-resolved by another network of the fleet, which hides one network and forges another."""
    after, goals = before.copy(), np.zeros(len(index), np.int64)
    for scale in fleet.SCALES:
        name = next(n.model_id for n in fleet.custom() if n.scale == scale and n.loss == "VGG_GAN" and n.seed == 2)
        mine = np.array([fleet.parse(model_id).scale == scale for model_id in index["model_id"]])
        small = superresolve.downscale(before[mine], scale)
        after[mine] = superresolve.super_resolve(load_network(asked.desk, name), small, device=asked.desk.device)
        goals[mine] = asked.classes.index(name)
    other = index["model_id"].to_numpy() != np.array(asked.classes)[goals]
    return [_judged(asked, index[other], after[other], before[other], goals[other], "upscaled again", goal, np.nan) for goal in ("hide", "forge")]


def _delivered(delivery: str, images: Pixels, seed: int) -> Pixels:
    rng = numpy_generator(seed, "delivery", delivery)
    return np.stack([deliver(delivery, image, rng) for image in images])


def _psnr(shown: Pixels, before: Pixels) -> np.ndarray:
    return psnr(shown, before) if shown.shape == before.shape else np.full(len(shown), np.nan)


def _in_batches(work: Callable[..., Pixels], images: Pixels, wanted: np.ndarray, size: int = 16) -> Pixels:
    return np.concatenate([work(images[i : i + size], wanted[i : i + size]) for i in range(0, len(images), size)])


def _described(images: Pixels, features: Callable[[Tensor], Tensor] = log_power) -> Float32[np.ndarray, "n d"]:
    several_ = (torch.from_numpy(images[i : i + 16]).permute(0, 3, 1, 2).float() / 255 for i in range(0, len(images), 16))
    return np.concatenate([features(some).numpy() for some in several_])


def _pixels(crops: Tensor) -> Pixels:
    """Crops n 3 h w in 0..1 as uint8 n h w 3."""
    return crops.mul(255).round_().byte().permute(0, 2, 3, 1).contiguous().numpy()

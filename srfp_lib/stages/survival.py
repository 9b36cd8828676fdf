"""The work of chapter 22: which fingerprints survive a delivery, and what it costs to hide or to forge them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float32

from .. import fleet
from ..classifiers.predictions import Predictions
from ..common.randomness import numpy_generator
from ..forensics import attacks
from ..forensics.deliveries import deliver
from ..images import superresolve
from ..images.metrics import psnr
from ..images.store import evenly
from ..workflow.desk import Desk
from .judges import CUSTOM, NETWORK, OTHER, SPECTRUM, TAUGHT, Asked, Judge, Pixels, of_spectra, questions
from .making import load_network

TESTED = (
    *("png", "jpeg-100", "jpeg-98", "jpeg-95", "jpeg-90", "jpeg-80", "jpeg-50", "jpeg420-95", "jpeg-90+crop-90", "webp-95", "messenger"),
    *("size-50", "size-90", "size-98", "size-102", "size-200", "reupscaled-90"),
    *("blur-0.5", "blur-1", "noise-1", "noise-4", "crop-50", "shift-1", "grey", "bits-6"),
)
OF_SEVERAL = ("png", "jpeg-98", "jpeg-95", "jpeg-90", "jpeg-80", "jpeg-50")
FLOORS = (54.0, 48.0, 42.0, 36.0)  # dB, of the gradient attacks


def survive(desk: Desk, output: str) -> None:
    """Leaves answers.parquet, cases.parquet and the predictions together/QUESTION/DELIVERY, which `experiments.survival.tables` reads."""
    asked = questions(desk)
    for name, work in (("answers", lambda one: answers(one, TESTED)), ("cases", attacked)):
        pd.concat([work(one) for one in asked], ignore_index=True).to_parquet(desk.write(output, f"{name}.parquet"), index=False)
    for one in asked:
        for delivery in OF_SEVERAL:
            together(one, delivery).save(desk.write(output, "together", one.question, delivery))


def answers(asked: Asked, deliveries: Sequence[str]) -> pd.DataFrame:
    """What every classifier answers to test images after each delivery: the table that `experiments.survival.by_delivery` reads."""
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


def together(asked: Asked, delivery: str, ask: Judge | None = None) -> Predictions:
    """Predictions on many delivered images of some networks, with the side of the images in their index.

    Without another judge the model that is trained with deliveries answers.
    """
    names, numbers = asked.classes[:: 5 if asked.question == CUSTOM else 1], evenly(asked.numbers("test"), asked.sizes.together)
    picks = [(name, i) for name in names for i in numbers]
    scores = (ask or asked.judges[TAUGHT])(_delivered(delivery, asked.crops(picks), asked.seed))
    return Predictions(delivery, 1, asked.classes, asked.images.index(picks).assign(side=asked.side), scores)


def attacked(asked: Asked) -> pd.DataFrame:
    """Single images of some networks under attack: the table that `experiments.survival.attacks` reads. A forger wants the class half way round."""
    every = asked.sizes.every if asked.question == CUSTOM else 1
    places = np.arange(0, len(asked.classes), every)
    names, goals = np.array(asked.classes)[places], (places + len(asked.classes) // 2) % len(asked.classes)
    picks = [(str(name), asked.drawn("test", name, 1)[0]) for name in names]
    before, index = asked.crops(picks), asked.images.index(picks)
    found = [_judged(asked, index, before, before, goals, "nothing", goal, np.nan) for goal in ("hide", "forge")]
    for attacker, scores in _attackers(asked).items():
        for goal, wanted in (("hide", places), ("forge", goals)):
            after = before
            for floor in FLOORS:  # a larger budget begins where the smaller one ended
                after = _climb(scores, before, wanted, floor, forge=goal == "forge", start=after)
                found.append(_judged(asked, index, after, before, goals, attacker, goal, floor))
    if asked.question == CUSTOM and not asked.desk.profile.release.folder:  # whose networks are not here
        found += _upscaled_again(asked, index, before)
    return pd.concat(found, ignore_index=True)


def _attackers(asked: Asked) -> dict[str, attacks.Scores]:
    """Whose gradient an attack follows: that of a judge, or of a classifier of another training run."""
    found = {SPECTRUM: of_spectra(asked.models[SPECTRUM])}
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
        name = _forger(scale)
        mine = np.array([fleet.parse(model_id).scale == scale for model_id in index["model_id"]])
        small = superresolve.downscale(before[mine], scale)
        after[mine] = superresolve.super_resolve(load_network(asked.desk, name), small, device=asked.desk.device)
        goals[mine] = asked.classes.index(name)
    other = index["model_id"].to_numpy() != np.array(asked.classes)[goals]
    return [_judged(asked, index[other], after[other], before[other], goals[other], "upscaled again", goal, np.nan) for goal in ("hide", "forge")]


def _forger(scale: int) -> str:
    """The network that upscales again."""
    return next(n.model_id for n in fleet.custom() if n.scale == scale and n.loss == "VGG_GAN" and n.seed == 2)


def _delivered(delivery: str, images: Pixels, seed: int) -> Pixels:
    rng = numpy_generator(seed, "delivery", delivery)
    return np.stack([deliver(delivery, image, rng) for image in images])


def _psnr(shown: Pixels, before: Pixels) -> np.ndarray:
    return psnr(shown, before) if shown.shape == before.shape else np.full(len(shown), np.nan)


def _climb(scores: attacks.Scores, images: Pixels, wanted: np.ndarray, floor: float, *, forge: bool, start: Pixels) -> Pixels:
    """`attacks.climb` in batches."""
    parts = [slice(i, i + 16) for i in range(0, len(images), 16)]
    return np.concatenate([attacks.climb(scores, images[part], wanted[part], floor, forge=forge, start=start[part]) for part in parts])

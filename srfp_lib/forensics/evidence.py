"""From scores of pairs to likelihood ratios: calibrated, bounded by what the sample supports, and in words.

A likelihood ratio (LR) says how many times more likely the findings are if one proposition holds than if the other does. Here the
first is "same": one network made both images, and the second "different". A score becomes an LR by a monotone curve, fitted on
pairs whose truth is known. All LRs are log10. How good they are is told by their cost, `cllr`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve

Scores = Float[np.ndarray, " n"]
Truth = Bool[np.ndarray, " n"]

STEP = 0.01  # of the thresholds, in log10, among which `elub` looks for its bounds
EXTREME = 9.0  # the log10 LR that stands for an infinite one when bounds are sought
WORDS = ("weak", "moderate", "moderately strong", "strong", "very strong", "extremely strong")
DECADES = (1, 2, 3, 4, 6)  # log10 LRs at which the next word begins


def verbal(log10_lr: float, first: str = "the first proposition", other: str = "the other") -> str:
    """A likelihood ratio in words, by the scale in the guideline of the European forensic institutes (ENFSI 2015, section 2.4).

    An LR below 2 either way supports nothing.

    >>> verbal(0.2), verbal(1.3, "one network"), verbal(-3.5)
    ('no support for either', 'moderate support for one network', 'strong support for the other')
    """
    size = abs(log10_lr)
    if size < np.log10(2):
        return "no support for either"
    return f"{WORDS[int(np.searchsorted(DECADES, size, side='right'))]} support for {first if log10_lr > 0 else other}"


def cllr(log10_lr: Scores, same: Truth) -> float:
    """The cost of log likelihood ratios (Bruemmer and du Preez 2006), in bits: 0 for a perfect system, 1 for one that always says LR 1.

    >>> round(cllr(np.array([1.0, -1.0]), np.array([True, False])), 4), cllr(np.zeros(2), np.array([True, False]))
    (0.1375, 1.0)
    """
    bits = np.asarray(log10_lr) * np.log2(10)
    return float(np.logaddexp2(0, -bits[same]).mean() + np.logaddexp2(0, bits[~same]).mean()) / 2


def cllr_min(scores: Scores, same: Truth) -> float:
    """The Cllr that is left when the scores are calibrated on the very pairs they are judged on: what they discriminate."""
    return cllr(pav(scores, same), same)


def pav(scores: Scores, same: Truth) -> Scores:
    """Log10 LRs of the scores by pool-adjacent-violators on themselves; infinite where no pair contradicts.

    >>> pav(np.array([0.0, 1.0, 2.0, 3.0]), np.array([False, True, False, True])).tolist()
    [-inf, 0.0, 0.0, inf]
    """
    return _odds(_isotonic(scores, same).predict(scores))


def eer(scores: Scores, same: Truth) -> float:
    """The equal error rate: the share of errors at the threshold where as many same as different pairs are judged wrongly.

    Between two thresholds the rates are interpolated.

    >>> eer(np.array([0.0, 2.0, 1.0, 3.0]), np.array([False, False, True, True]))
    0.5
    """
    false_alarms, hits, _ = roc_curve(same, scores, drop_intermediate=False)
    return float(np.interp(0.0, false_alarms + hits - 1, false_alarms))


def tippett(log10_lr: Scores, same: Truth, at: Float[np.ndarray, " k"] | None = None) -> pd.DataFrame:
    """What a Tippett plot draws: log10_lr, and the shares of same and of different pairs that have at least this LR.

    ``at``: the LRs to ask for; all that occur if None.
    """
    at = np.unique(log10_lr) if at is None else at
    shares = {name: _above(log10_lr[rows], at, side="left") for name, rows in (("same", same), ("different", ~same))}
    return pd.DataFrame({"log10_lr": at, **shares})


def elub(log10_lr: Scores, same: Truth, sizes: tuple[float, float] | None = None) -> tuple[float, float]:
    """The empirical lower and upper bounds of log10 LRs (Vergeer et al. 2016, their ELUB): beyond them an LR is extrapolation.

    One misleading pair is added to either side, as strong as can be, and the bounds lie where LRs would then cost more than always
    saying LR 1. ``sizes``: how many different and same pairs count as independent; all of them if None.

    >>> elub(np.repeat([-9.0, 9.0], 99), np.repeat([False, True], 99))
    (-1.99, 1.99)
    """
    n_different, n_same = sizes or (float((~same).sum()), float(same.sum()))
    found = np.clip(log10_lr, -EXTREME, EXTREME)
    lowest, highest = max(found.min(), -np.log10(n_same + 1)), min(found.max(), np.log10(n_different + 1))
    steps = np.arange(min(0, int(lowest // STEP)), max(0, int(highest // STEP) + 1) + 1)
    at, odds = STEP * steps, 10 ** (STEP * steps)
    missed = ((1 - _above(found[same], at)) * n_same + 1) / (n_same + 1)
    alarms = (_above(found[~same], at) * n_different + 1) / (n_different + 1)
    dearer = np.where(steps < 0, odds, 1.0) / (missed + odds * alarms) < 1
    low, high = at[(steps <= 0) & dearer] + STEP, at[(steps >= 0) & dearer] - STEP
    return float(min(low.max(initial=at[0]), 0)), float(max(high.min(initial=at[-1]), 0))


@dataclass(frozen=True)
class Basis:
    """What a calibration rests on: pairs, and the networks and photographs among them."""

    same: int
    different: int
    networks: int
    photographs: int

    @property
    def independent(self) -> tuple[float, float]:
        """How many different and same pairs count as independent: a network is in one pair only.

        Pairs share their networks, and one network that resembles all others would mislead in many pairs at once. An average over all
        pairs is known as well as one over disjoint pairs at the least (Hoeffding 1963, section 5).
        """
        return float(min(self.different, self.networks // 2)), float(min(self.same, self.networks))

    def __str__(self) -> str:
        return f"{self.same:,} same and {self.different:,} different pairs of {self.networks} networks and {self.photographs} photographs"


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A curve from scores to log10 LRs, in between ``low`` and ``high``, which the networks of the sample support.

    ``by_pairs``: the bounds that hold if every pair counts as independent, as Vergeer et al. count.
    """

    basis: Basis
    knots: Float[np.ndarray, " k"]
    values: Float[np.ndarray, " k"]
    low: float
    high: float
    by_pairs: tuple[float, float]

    @classmethod
    def fit(cls, scores: Scores, same: Truth, *, networks: int, photographs: int, by: Literal["logistic", "pav"] = "logistic") -> Calibrated:
        """Fit on pairs, in number those of ``networks`` and ``photographs``, with as much weight on same as on different ones.

        ``logistic``: the log LR is linear in the score (Morrison 2013). ``pav``: any rising curve, linear between its steps.
        Raises ValueError without pairs of both kinds.
        """
        if not (same.any() and (~same).any()):
            raise ValueError("a calibration needs same and different pairs")
        basis = Basis(int(same.sum()), int((~same).sum()), networks, photographs)
        knots, values = (_logistic if by == "logistic" else _steps)(scores, same)
        curve = cls(basis, knots, values, -EXTREME, EXTREME, (-EXTREME, EXTREME))
        found = curve.unbounded(scores)
        low, high = elub(found, same, basis.independent)
        return replace(curve, low=low, high=high, by_pairs=elub(found, same))

    def unbounded(self, scores: Scores) -> Scores:
        """The log10 LRs of scores as the curve has them."""
        return np.interp(scores, self.knots, self.values)

    def log10_lr(self, scores: Scores) -> Scores:
        """The log10 LRs of scores, within the bounds."""
        return np.clip(self.unbounded(scores), self.low, self.high)


def _logistic(scores: Scores, same: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Two points of the line; far outside of the scores, where the bounds hold anyway, it is level."""
    mean, sd = scores.mean(), scores.std() or 1.0
    model = LogisticRegression(class_weight="balanced").fit((scores[:, None] - mean) / sd, same)
    far = np.array([-100.0, 100.0])  # standard deviations
    return mean + sd * far, (model.coef_[0, 0] * far + model.intercept_[0]) / np.log(10)


def _steps(scores: Scores, same: Truth) -> tuple[np.ndarray, np.ndarray]:
    model = _isotonic(scores, same)
    return model.X_thresholds_, np.clip(_odds(model.y_thresholds_), -EXTREME, EXTREME)


def _isotonic(scores: Scores, same: Truth) -> IsotonicRegression:
    share = same.mean()
    return IsotonicRegression(out_of_bounds="clip").fit(scores, same.astype(float), sample_weight=np.where(same, 1 - share, share))


def _odds(probability: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log10(probability) - np.log10(1 - probability)


def _above(values: np.ndarray, at: np.ndarray, *, side: Literal["left", "right"] = "right") -> np.ndarray:
    """The share of values above each threshold, or from "left" at or above it."""
    return 1 - np.searchsorted(np.sort(values), at, side=side) / len(values)

"""How often do the book's 95 % intervals cover the truth? Simulated studies whose truth is known, and other methods beside.

A simulated study draws photographs, trains classifiers and counts right answers. The logit of an accuracy is normal: around the kind's
mean, with a spread between photographs, a smaller one between trainings, and one that belongs to a training on a photograph. The
spreads are about those of `demo` and `lab`. Runs test on the same photographs or, "rotating", each on others.

    python benchmarks/coverage.py [--repeats 1000] [--only "accuracy near 1" ...]

It writes benchmarks/coverage.csv, a row per kind, runs, method and number of photographs: the share of intervals that cover, the share
of studies with an interval, the median width, and the number of simulated studies. "ours" is what the book prints; the others, with
three runs on the same photographs, know photographs alone.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import separability
from srfp_lib.experiments.uncertainty import Spread

FILE = Path(__file__).with_suffix(".csv")
SIZES = (3, 5, 8, 13, 38, 100)
RUNS = {"one": (1, False), "three": (3, False), "three, rotating": (3, True)}
ANSWERS = 120  # by photograph, run and group
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)

Interval = tuple[float, float]


@dataclass(frozen=True)
class Group:
    """Logit of the accuracy: mean, and standard deviations between photographs, trainings, and trainings on one photograph."""

    mean: float
    photographs: float
    trainings: float
    both: float

    def truth(self) -> float:
        """The mean accuracy over all photographs and trainings."""
        spread = np.sqrt(self.photographs**2 + self.trainings**2 + self.both**2)
        return float((WEIGHTS * sigmoid(self.mean + spread * NODES)).sum() / WEIGHTS.sum())

    def seen_by(self, runs: int) -> Group:
        """The group as the interval means it: of a single run, its own training alone."""
        return self if runs > 1 else replace(self, trainings=0.0)

    def accuracies(self, rng: np.random.Generator, runs: int, photographs: np.ndarray) -> np.ndarray:
        """Shares of right answers, runs x photographs; ``photographs`` are standard normal."""
        n = len(photographs)
        logits = self.photographs * photographs + self.trainings * rng.normal(size=(runs, 1)) + self.both * rng.normal(size=(runs, n))
        return rng.binomial(ANSWERS, sigmoid(self.mean + logits)) / ANSWERS


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


HALF, NINE, ONE = Group(0.2, 0.8, 0.12, 0.3), Group(2.8, 1.3, 0.12, 0.4), Group(5.2, 1.6, 0.15, 0.5)
PAIRS = {"difference": (NINE, HALF), "difference near 1": (ONE, Group(3.6, 1.8, 0.15, 0.5)), "control": (NINE, NINE)}
KINDS = {"accuracy near 0.5": HALF, "accuracy near 0.9": NINE, "accuracy near 1": ONE}


def tested(runs: int, n: int, rotating: bool) -> np.ndarray:
    """Which run tests on which photograph, runs x photographs."""
    return (np.arange(n) % runs == np.arange(runs)[:, None]) if rotating else np.ones((runs, n), bool)


def spread_of(values: np.ndarray, where: np.ndarray) -> Spread:
    """Of values, runs x photographs, those of tested photographs; runs that test on nothing are left out."""
    values, where = values[where.any(axis=1)], where[where.any(axis=1)]
    kept = np.where(where, values, 0)
    return Spread(kept.sum(axis=0) / where.sum(axis=0), kept.sum(axis=1) / where.sum(axis=1), where)


def of_accuracy(rng: np.random.Generator, kind: str, n: int, runs: int, rotating: bool) -> tuple[float, Interval, np.ndarray]:
    """A study of one group: the truth, the interval, and the values by photograph."""
    group = KINDS[kind].seen_by(runs)
    spread = spread_of(group.accuracies(rng, runs, rng.normal(size=n)), tested(runs, n, rotating))
    return group.truth(), spread.interval(bounds=(0.0, 1.0)), spread.by_photograph


def of_pair(rng: np.random.Generator, kind: str, n: int, runs: int, rotating: bool) -> tuple[float, Interval, np.ndarray]:
    """The same of a difference of two groups, whose hard photographs are mostly the same; of a control only run 1 counts."""
    one, other = (group.seen_by(runs) for group in PAIRS[kind])
    shared = rng.normal(size=n)
    own = 0.9 * shared + np.sqrt(1 - 0.9**2) * rng.normal(size=n)
    where = tested(runs, n, rotating)
    plain, second = one.accuracies(rng, runs, shared), other.accuracies(rng, runs, own)
    difference, more = spread_of(plain - second, where), ()
    if kind == "control":  # as in experiments.controls.change
        difference, more = spread_of((plain - second)[:1, where[0]], where[:1, where[0]]), (spread_of(plain, where).training().times(2.0),)
    return one.truth() - other.truth(), difference.interval(*more, bounds=(-1.0, 1.0)), difference.by_photograph


RATIOS = ("ratio", "ratio of squares")
ALL = (*KINDS, *PAIRS, *RATIOS)
NETWORKS = tuple(f"{name}-NA-x2-L1-NA-pretrained" for name in "ABCD")
CENTRES = np.random.default_rng(0).normal(size=(len(NETWORKS), 6))
COMMON, OWN, NOISE, TEXTURE, SHARPNESS, IMAGES = 0.6, 0.3, 0.6, 0.4, 0.1, 3


@cache
def true_ratio(formula: str, sharpness: float) -> float:
    """The ratio for endlessly many photographs and trainings, averaged over all pairs of networks."""
    rng = np.random.default_rng(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    found: list[float] = []
    for sharp in np.exp(sharpness * nodes):
        one, two = (_points(rng, 15_000, sharp) for _ in range(2))  # photographs x networks x space
        if formula == "ratio":
            apart = np.array([[np.linalg.norm(one[:, a] - two[:, b], axis=1).mean() for b in range(len(CENTRES))] for a in range(len(CENTRES))])
            pairs = (np.diag(apart)[:, None] + np.diag(apart)) / (apart + apart.T)
        else:
            spread = one.var(axis=0).sum(axis=1)
            to_other = spread[:, None] + np.square(one.mean(0)[:, None] - one.mean(0)).sum(axis=2)
            pairs = (spread[:, None] / to_other + (spread[:, None] / to_other).T) / 2
        found.append(pairs[np.triu_indices(len(CENTRES), 1)].mean())
    return float(np.average(found, weights=weights))


def _points(rng: np.random.Generator, n: int, sharp: float) -> np.ndarray:
    """One image of each network and photograph: a network's centre shows as far as the photograph has texture."""
    texture, common = np.exp(TEXTURE * rng.normal(size=(n, 1, 1))), COMMON * rng.normal(size=(n, 1, CENTRES.shape[1]))
    return sharp * texture * CENTRES + common + np.hypot(OWN, NOISE) * rng.normal(size=(n, *CENTRES.shape))


def of_features(rng: np.random.Generator, sharpness: float, n: int, runs: int, rotating: bool) -> list[Predictions]:
    """The features of a study, some images a photograph; ``sharpness``: how much trainings differ."""
    texture, common = np.exp(TEXTURE * rng.normal(size=(n, 1, 1, 1))), COMMON * rng.normal(size=(n, 1, 1, CENTRES.shape[1]))
    own = common + OWN * rng.normal(size=(n, 1, *CENTRES.shape))
    found = []
    for run, where in enumerate(tested(runs, n, rotating), 1):
        points = np.exp(sharpness * rng.normal()) * texture * CENTRES + own + NOISE * rng.normal(size=(n, IMAGES, *CENTRES.shape))
        rows = [(m, f"{p:03d}_{i}", f"{p:03d}") for p in np.flatnonzero(where) for i in range(IMAGES) for m in NETWORKS]
        index = pd.DataFrame(rows, columns=["model_id", "image", "photograph"])
        shown = points[where].reshape(-1, CENTRES.shape[1]).astype(np.float32)
        found.append(Predictions("simulated", run, NETWORKS, index, np.zeros((len(index), len(NETWORKS)), np.float32), shown))
    return [run for run in found if len(run.index)]


def study(rng: np.random.Generator, kind: str, n: int, runs: str) -> tuple[float, Interval, np.ndarray]:
    """The truth, the book's interval, and the values by photograph for other methods, of one simulated study."""
    design = (n, *RUNS[runs])
    if kind not in RATIOS:
        return (of_accuracy if kind in KINDS else of_pair)(rng, kind, *design)
    sharpness = SHARPNESS if RUNS[runs][0] > 1 else 0.0
    ratios = getattr(separability, kind.replace(" ", "_"))(of_features(rng, sharpness, *design))
    e = ratios.estimate(ratios.among(NETWORKS))
    return true_ratio(kind, sharpness), (e.low, e.high), np.empty(0)


def others(values: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Lower and upper ends by methods that know photographs alone; ``values`` are studies x photographs."""
    n, centre = values.shape[1], values.mean(axis=1)
    error = values.std(axis=1, ddof=1) / np.sqrt(n)
    half = stats.t.ppf(0.975, n - 1) * error
    counts = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=1000)
    drawn = values @ counts.T / n
    errors = np.sqrt(np.maximum(np.square(values) @ counts.T / n - drawn**2, 1e-12) / (n - 1))
    found = {"t": (centre - half, centre + half), "percentile bootstrap": tuple(np.percentile(drawn, [2.5, 97.5], axis=1))}
    low, high = np.percentile((drawn - centre[:, None]) / errors, [2.5, 97.5], axis=1)
    found["studentised bootstrap"] = (centre - high * error, centre - low * error)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal values have no BCa interval
        bca = stats.bootstrap((values,), np.mean, axis=1, n_resamples=500, batch=50, method="BCa", rng=0).confidence_interval
    return found | {"BCa bootstrap": (bca.low, bca.high)}


def measure(kind: str, runs: str, n: int, repeats: int, *, methods: bool = True) -> list[dict[str, object]]:
    """Rows of the table: our interval, and, if wanted, for accuracies and differences the other methods."""
    rng = np.random.default_rng([ALL.index(kind), list(RUNS).index(runs), n])
    truths, intervals, values = zip(*(study(rng, kind, n, runs) for _ in range(repeats)), strict=True)
    ends = {"ours": tuple(np.array(intervals).T)} | (others(np.stack(values)) if methods and len(values[0]) > 1 else {})
    rows = []
    for method, (low, high) in ends.items():
        known = ~np.isnan(low)
        cover = ((low <= truths[0]) & (truths[0] <= high))[known]
        share, width = (cover.mean(), np.median((high - low)[known])) if known.any() else (np.nan, np.nan)
        rows.append({"kind": kind, "runs": runs, "method": method, "n_photographs": n, "coverage": share, "with_interval": known.mean(),
                     "width": width, "repeats": repeats})  # fmt: skip
    return rows


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--only", nargs="+", default=ALL, choices=ALL, metavar="KIND")
    given = parser.parse_args()
    rows = []
    for kind in given.only:
        for runs in RUNS:
            for n in SIZES:
                repeats = given.repeats // (1 if kind not in RATIOS else 5 if n < 38 else 20)
                rows += measure(kind, runs, n, repeats, methods=runs == "three")
        print(pd.DataFrame(rows).query("kind == @kind and method == 'ours'").to_string(index=False), flush=True)
        pd.DataFrame(rows).round(4).to_csv(FILE, index=False)


if __name__ == "__main__":
    main()

"""One estimate for every accuracy: a mean over photographs, the spread over classifier runs, and a bootstrap interval.

Every network sees the same photographs, so photographs are what a new study would draw again; images of one photograph
and networks are not independent. The accuracy of a group is therefore the mean over photographs of each photograph's
accuracy, each with the same weight (in the paper a photograph is one image, so that this is the paper's number), and the
95 % interval resamples photographs, all networks sharing the draw. Where runs rotate through splits, a photograph's
accuracy averages the runs in which it was a test photograph. The standard deviation is the population's (divisor n) over
the runs' own values, as the paper prints it (D29); with rotating splits it holds the change of photographs as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A value with its spread over runs, its 95 % interval, and what it rests on. NaN where there is none."""

    value: float
    sd: float
    low: float
    high: float
    n_photographs: int
    n_runs: int

    def columns(self) -> dict[str, Any]:
        """The estimate as columns of a table of accuracies."""
        return {"accuracy": self.value, "sd": self.sd, "low": self.low, "high": self.high,
                "n_photographs": self.n_photographs, "n_runs": self.n_runs}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Accuracy:
    """Accuracy of a group by run and photograph: NaN where a photograph was no test photograph of a run."""

    table: pd.DataFrame

    @classmethod
    def of(cls, scored: pd.DataFrame) -> Accuracy:
        """From one row an answer with the columns run, photograph, correct."""
        return cls(scored.pivot_table(index="run", columns="photograph", values="correct", aggfunc="mean").astype(float))

    def __sub__(self, other: Accuracy) -> Accuracy:
        """The difference photograph by photograph and run by run, so that its interval is that of paired values."""
        return Accuracy(self.table - other.table)

    def mean_with(self, *others: Accuracy) -> Accuracy:
        """The mean of several groups, each with the same weight."""
        return Accuracy(sum((o.table for o in others), self.table) / (1 + len(others)))

    def estimate(self) -> Estimate:
        """Value, spread and interval."""
        by_photograph = self.table.mean(axis=0).to_numpy()
        by_run = self.table.mean(axis=1).to_numpy()
        low, high = interval(by_photograph)
        sd = float(by_run.std()) if len(by_run) > 1 else float("nan")
        return Estimate(float(by_photograph.mean()), sd, low, high, len(by_photograph), len(by_run))


def lowest(*groups: Accuracy) -> Estimate:
    """The estimate of the group with the lowest value."""
    return min((g.estimate() for g in groups), key=lambda e: e.value)


def highest(*groups: Accuracy) -> Estimate:
    """The estimate of the group with the highest value."""
    return max((g.estimate() for g in groups), key=lambda e: e.value)


def interval(values: np.ndarray, *, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean of values, one a photograph; NaN for fewer than two.

    >>> interval(np.array([0.5, 0.5, 0.5]))
    (0.5, 0.5)
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)  # the same draws for every group: groups of the same photographs are compared fairly
    counts = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), size=resamples)
    low, high = np.percentile(counts @ values / len(values), [2.5, 97.5])
    return float(low), float(high)

"""How certain is an accuracy? Its mean over photographs, spread over classifier runs and bootstrap interval.

Every network sees the same photographs, and a new study would draw new photographs; images of one photograph are not
independent, nor are networks. The accuracy of a group is therefore the mean over photographs of each photograph's
accuracy, all with the same weight (in the paper a photograph is one image, so this is the paper's number). The 95 %
interval resamples photographs, jointly for all networks. Where runs rotate through splits, a photograph's accuracy
averages the runs in which it was a test photograph. The standard deviation is the population's (divisor n) over the
runs' own accuracies, as printed in the paper (D29); with rotating splits it includes the change of photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """A value with its SD over runs, its 95 % interval and its sample sizes; NaN where undefined."""

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
    """The accuracy (or another measure) of a group by run (rows) and photograph (columns); NaN if the run did not test on the photograph."""

    table: pd.DataFrame

    @classmethod
    def of(cls, scored: pd.DataFrame) -> Accuracy:
        """From one row per answer, with the columns run, photograph and correct."""
        return cls(scored.pivot_table(index="run", columns="photograph", values="correct", aggfunc="mean").astype(float))

    def __sub__(self, other: Accuracy) -> Accuracy:
        """The difference by run and photograph, so that its interval is that of paired values."""
        return Accuracy(self.table - other.table)

    def estimate(self) -> Estimate:
        """Mean, spread and interval."""
        by_photograph, by_run = (self.table.mean(axis=axis).to_numpy() for axis in (0, 1))
        sd = float(by_run.std()) if len(by_run) > 1 else NAN
        return Estimate(float(by_photograph.mean()), sd, *interval(by_photograph), len(by_photograph), len(by_run))

    def columns(self) -> dict[str, Any]:
        """The columns of its estimate."""
        return self.estimate().columns()


def mean(*groups: Accuracy) -> Accuracy:
    """The mean of several groups, each with the same weight."""
    first, *others = (group.table for group in groups)
    return Accuracy(sum(others, first) / len(groups))


def lowest(*groups: Accuracy) -> Estimate:
    """The estimate of the group with the lowest value."""
    return min((group.estimate() for group in groups), key=lambda e: e.value)


def highest(*groups: Accuracy) -> Estimate:
    """The estimate of the group with the highest value."""
    return max((group.estimate() for group in groups), key=lambda e: e.value)


def distance(accuracy: Accuracy, target: float = 0.0) -> Estimate:
    """The absolute distance from a target value, with the matching interval."""
    e = accuracy.estimate()
    near, far = sorted((abs(e.low - target), abs(e.high - target)))
    return Estimate(abs(e.value - target), e.sd, 0.0 if e.low <= target <= e.high else near, far, e.n_photographs, e.n_runs)


def interval(values: Float[np.ndarray, " photographs"], *, resamples: int = 2000) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean over photographs; NaN for fewer than two.

    >>> interval(np.array([0.5, 0.5, 0.5]))
    (0.5, 0.5)
    """
    if len(values) < 2:
        return NAN, NAN
    rng = np.random.default_rng(0)  # the same draws for every group, so that groups of the same photographs compare fairly
    counts = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), size=resamples)
    low, high = np.percentile(counts @ values / len(values), [2.5, 97.5])
    return float(low), float(high)


def between(low: float, high: float, *, lead: str = "95 % interval ", form: str = ".1f", unit: str = "") -> str:
    """An interval of fractions in words, in percent or points; a sentence can hold it also where there is none.

    >>> between(0.104, 0.2, unit=" %"), between(NAN, NAN)
    ('95 % interval 10.4 to 20.0 %', 'no interval: too few photographs')
    """
    return "no interval: too few photographs" if np.isnan(low) else f"{lead}{100 * low:{form}} to {100 * high:{form}}{unit}"

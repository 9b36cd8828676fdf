"""How certain is an accuracy? Its mean over photographs, its spread over trainings, and a t interval from both.

A new study would draw new photographs and train new classifiers. Images of one photograph are not independent, nor are
networks, which all see the same photographs. The accuracy of a group is therefore the mean over photographs of each
photograph's accuracy, all with the same weight (in the paper a photograph is one image, so this is the paper's number).
Where runs rotate through splits, a photograph's accuracy averages the runs in which it was a test photograph.

The variance of that mean has two parts: the spread of the photographs, and that of the runs as far as it exceeds what their
photographs explain. The 95 % interval is a t interval with Satterthwaite's degrees of freedom. Where most photographs are easy
the hard ones may be missing from the spread, so for shares of answers and their differences it counts one photograph more, which
is `UNSEEN` off. `benchmarks/coverage.csv` has how often such intervals cover the truth. With fewer than `LEAST` photographs what
covers is too wide to say anything, and the photographs' own values are printed instead. The standard deviation is the
population's (divisor n) over the runs' own accuracies, as printed in the paper (D29); with rotating splits it includes the
change of photographs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.special import stdtrit  # pyrefly: ignore[untyped-import]  # scipy has no stubs

NAN = float("nan")
LEAST = 5  # the fewest photographs that an interval takes
UNSEEN = 0.25  # how far off the mean the photograph is that intervals of shares count in addition; the least that covers


@dataclass(frozen=True)
class Estimate:
    """A value with its SD over runs, its 95 % interval and its sample sizes; NaN where undefined.

    ``each`` holds the photographs' own values where they are too few for an interval.
    """

    value: float
    sd: float
    low: float
    high: float
    n_photographs: int
    n_runs: int
    each: tuple[float, ...] = ()

    def columns(self) -> dict[str, Any]:
        """The estimate as columns of a table of accuracies; ``each`` is text, such as "0.6800 0.8100"."""
        return {"accuracy": self.value, "sd": self.sd, "low": self.low, "high": self.high, "each": " ".join(f"{value:.4f}" for value in self.each),
                "n_photographs": self.n_photographs, "n_runs": self.n_runs}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A part of the variance of a mean, and the degrees of freedom of its estimate."""

    variance: float
    freedom: int

    def times(self, factor: float) -> Part:
        """The part of so many independent terms."""
        return Part(self.variance * factor, self.freedom)


@dataclass(frozen=True, eq=False)
class Accuracy:
    """The accuracy (or another measure) of a group by run (rows) and photograph (columns); NaN if the run did not test on the photograph.

    ``bounds``: the range of shares of answers or of their differences; None for a measure without one, such as PSNR.
    """

    table: pd.DataFrame
    bounds: tuple[float, float] | None = None

    @classmethod
    def of(cls, scored: pd.DataFrame) -> Accuracy:
        """From one row per answer, with the columns run, photograph and correct."""
        return cls(scored.groupby(["run", "photograph"])["correct"].mean().unstack().astype(float), (0.0, 1.0))

    def __sub__(self, other: Accuracy) -> Accuracy:
        """The difference by run and photograph, so that its interval is that of paired values."""
        return Accuracy(self.table - other.table, (-1.0, 1.0) if self.bounds and other.bounds else None)

    def spread(self) -> Spread:
        """The means by photograph and by run."""
        values = self.table.dropna(how="all").dropna(how="all", axis=1)
        return Spread(values.mean(axis=0).to_numpy(), values.mean(axis=1).to_numpy(), values.notna().to_numpy())

    def estimate(self, *more: Part) -> Estimate:
        """Mean, spread and interval; ``more`` are parts of the variance that these runs do not show."""
        spread = self.spread()
        runs, photographs = spread.tested.shape
        value, (low, high) = float(spread.by_photograph.mean()), spread.interval(*more, bounds=self.bounds)
        return Estimate(value, spread.sd, low, high, photographs, runs, spread.each)

    def columns(self) -> dict[str, Any]:
        """The columns of its estimate."""
        return self.estimate().columns()


@dataclass(frozen=True, eq=False)
class Spread:
    """A value by photograph and by run, and which run tested on which photograph."""

    by_photograph: Float[np.ndarray, " photographs"]
    by_run: Float[np.ndarray, " runs"]
    tested: Bool[np.ndarray, "runs photographs"]

    @property
    def sd(self) -> float:
        """The population's standard deviation over runs, each with its own test photographs; NaN for a single run."""
        return float(self.by_run.std()) if len(self.by_run) > 1 else NAN

    @property
    def each(self) -> tuple[float, ...]:
        """The photographs' own values if there are several, but too few for an interval."""
        return tuple(self.by_photograph.tolist()) if 1 < len(self.by_photograph) < LEAST else ()

    def training(self) -> Part:
        """The variance of one training: that of the runs' values, less what their photographs explain; nothing is known from a single run."""
        if len(self.by_run) < 2 or len(self.by_photograph) < 2:
            return Part(0.0, 1)
        weights = self.tested / self.tested.sum(axis=1, keepdims=True)
        explained = self.by_photograph.var(ddof=1) * weights.var(axis=0, ddof=1).sum()  # 0 where all runs test on the same photographs
        return Part(max(0.0, float(self.by_run.var(ddof=1) - explained)), len(self.by_run) - 1)

    def interval(self, *more: Part, bounds: tuple[float, float] | None = None) -> tuple[float, float]:
        """The 95 % interval of the mean over photographs, within the ``bounds`` of shares; NaN if there is none.

        ``more`` are parts of the variance that these runs do not show.
        """
        n = len(self.by_photograph)
        if n < LEAST:
            return NAN, NAN
        variance = float(self.by_photograph.var(ddof=1)) + (UNSEEN**2 / (n - 1) if bounds else 0)
        low, high = t_interval(float(self.by_photograph.mean()), Part(variance / n, n - 1), self.training().times(1 / len(self.by_run)), *more)
        return (max(low, bounds[0]), min(high, bounds[1])) if bounds else (low, high)


def t_interval(centre: float, *parts: Part) -> tuple[float, float]:
    """The 95 % t interval around a mean whose variance is the sum of ``parts`` (Satterthwaite 1946); NaN if that is zero.

    >>> np.round(t_interval(0.5, Part(0.01, 4)), 4).tolist(), t_interval(0.5, Part(0.0, 4))
    ([0.2224, 0.7776], (nan, nan))
    """
    variance = sum(part.variance for part in parts)
    if not variance > 0:
        return NAN, NAN
    freedom = variance**2 / sum(part.variance**2 / part.freedom for part in parts)
    half = float(stdtrit(freedom, 0.975)) * variance**0.5
    return centre - half, centre + half


def mean(*groups: Accuracy) -> Accuracy:
    """The mean of several groups, each with the same weight."""
    first, *others = (group.table for group in groups)
    return Accuracy(sum(others, first) / len(groups), groups[0].bounds)


def lowest(*groups: Accuracy | Estimate) -> Estimate:
    """The estimate of the group with the lowest value."""
    return min(map(_estimate, groups), key=lambda e: e.value)


def highest(*groups: Accuracy | Estimate) -> Estimate:
    """The estimate of the group with the highest value."""
    return max(map(_estimate, groups), key=lambda e: e.value)


def _estimate(group: Accuracy | Estimate) -> Estimate:
    return group if isinstance(group, Estimate) else group.estimate()


def change(control: Accuracy, plain: Accuracy) -> Estimate:
    """A control, one training in run 1, minus run 1 of the plain classifier, whose runs show how much two trainings differ."""
    first = replace(plain, table=plain.table.loc[control.table.index])
    return (control - first).estimate(plain.spread().training().times(2.0))


def fractions(text: object) -> tuple[float, ...]:
    """The values in a column ``each`` of a table, which may be empty or, in an older table, missing.

    >>> fractions("0.6800 0.8100"), fractions(NAN), fractions(None)
    ((0.68, 0.81), (), ())
    """
    return tuple(float(value) for value in text.split()) if isinstance(text, str) else ()


def between(low: float, high: float, *, lead: str = "95 % interval ", form: str = ".1f", unit: str = "", each: Sequence[float] = ()) -> str:
    """An interval of fractions in words, in percent or points; where there is none, the photographs' own values if they are given.

    >>> between(0.104, 0.2, unit=" %"), between(NAN, NAN)
    ('95 % interval 10.4 to 20.0 %', 'no interval: too few photographs')
    >>> between(NAN, NAN, unit=" %", each=(0.68, 0.81, 0.914))
    '3 photographs: 68.0, 81.0, 91.4 %'
    """
    if not np.isnan(low):
        return f"{lead}{100 * low:{form}} to {100 * high:{form}}{unit}"
    if not len(each):
        return "no interval: too few photographs"
    return f"{len(each)} photographs: " + ", ".join(f"{100 * value:{form}}" for value in each) + unit

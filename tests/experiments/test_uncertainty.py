"""The estimate weighs photographs alike; its interval comes from photographs and trainings, and covers the truth as often as it says."""

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest

from srfp_lib.common.checkout import HOME
from srfp_lib.experiments.uncertainty import LEAST, NAN, Accuracy, between, fractions


@pytest.fixture(scope="module")
def coverage():
    """The simulated studies of `benchmarks/coverage.py`."""
    spec = importlib.util.spec_from_file_location("simulated_coverage", HOME / "benchmarks" / "coverage.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scored(rows):
    return pd.DataFrame(rows, columns=["run", "photograph", "correct"])


def shares(*runs):
    """A table of shares, a list of values by photograph for each run, None where it did not test."""
    return Accuracy(pd.DataFrame(runs, index=range(1, len(runs) + 1)).astype(float), (0.0, 1.0))


def test_photographs_weigh_alike_whatever_their_number_of_images():
    rows = [(1, "a", True)] * 9 + [(1, "b", False)]
    assert Accuracy.of(scored(rows)).estimate().value == 0.5


def test_rotating_runs_are_pooled_by_photograph():
    rows = [(1, "a", True), (2, "b", False), (2, "c", False)]
    estimate = Accuracy.of(scored(rows)).estimate()
    assert estimate.value == pytest.approx(1 / 3)
    assert estimate.sd == pytest.approx(0.5)  # the population's, of the runs' own values 1 and 0
    assert (estimate.n_photographs, estimate.n_runs) == (3, 2)


def test_one_run_has_no_spread_and_one_photograph_no_interval():
    estimate = Accuracy.of(scored([(1, "a", True)])).estimate()
    assert np.isnan(estimate.sd) and np.isnan(estimate.low) and estimate.each == ()


def test_too_few_photographs_are_shown_themselves():
    estimate = shares([0.68, 0.81, 0.914]).estimate()
    assert np.isnan(estimate.low) and np.isnan(estimate.high)
    assert between(estimate.low, estimate.high, unit=" %", each=estimate.each) == "3 photographs: 68.0, 81.0, 91.4 %"
    assert fractions(estimate.columns()["each"]) == estimate.each
    enough = shares([0.68, 0.81, 0.914, 0.7, 0.75]).estimate()
    assert len(enough.each) == 0 and enough.columns()["each"] == "" and enough.low < enough.value < enough.high


def test_right_everywhere_is_not_certainty():
    estimate = shares([1.0] * 13).estimate()
    assert estimate.high == 1 and 0.8 < estimate.low < 0.99


def test_an_interval_of_an_accuracy_stays_within_0_and_1():
    low, high = shares([0.0, 0.0, 0.02, 0.9, 0.1]).estimate().low, shares([1.0, 1.0, 0.98, 0.1, 0.9]).estimate().high
    assert (low, high) == (0, 1)


def test_differences_are_paired():
    a, b = scored([(1, p, v) for p, v in zip("abcd", [1, 1, 0, 0], strict=True)]), scored([(1, p, 0) for p in "abcd"])
    assert (Accuracy.of(a) - Accuracy.of(b)).estimate().value == 0.5
    hard = np.linspace(0.1, 0.9, 30)
    apart, alone = (shares(hard + 0.08) - shares(hard)).estimate(), shares(hard).estimate()
    assert 0.05 < apart.low < 0.08 < apart.high < 0.11 and alone.high - alone.low > 0.15


def test_no_difference_on_any_photograph_is_not_certainty():
    a = shares([0.5, 0.6, 0.7, 0.8, 0.9])
    found = (a - a).estimate()
    assert found.value == 0 and found.low < -0.1 and found.high > 0.1


def test_a_measure_that_is_no_share_has_a_plain_t_interval():
    psnr = Accuracy(pd.DataFrame([[28.0, 30.0, 32.0, 34.0, 36.0]])).estimate()
    assert (psnr.low, psnr.high) == pytest.approx((28.073, 35.927), abs=1e-3)
    equal = Accuracy(pd.DataFrame([[28.0] * 6])).estimate()
    assert np.isnan(equal.low) and "nan" not in between(equal.low, equal.high)


def test_trainings_count_beside_photographs():
    rng = np.random.default_rng(0)
    photographs = np.clip(rng.normal(0.7, 0.05, 40), 0, 1)
    alike, unlike = (shares(*(photographs + step * size for step in (-1, 0, 1))).estimate() for size in (0.0, 0.1))
    assert unlike.high - unlike.low > 3 * (alike.high - alike.low)


def test_rotating_runs_do_not_count_their_photographs_twice():
    """Photographs differ, trainings do not: hardly anything is left for the trainings, though the runs' own accuracies differ."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        values = rng.uniform(0.5, 1, 12)
        table = np.where(np.arange(12) % 3 == np.arange(3)[:, None], values, np.nan)
        found.append((np.var(np.nanmean(table, 1), ddof=1), shares(*table).spread().training().variance))
    runs, training = np.mean(found, axis=0)
    assert training < 0.5 * runs
    same = shares(*[[0.5, 0.7, 0.9, 0.6, 0.8]] * 3).spread()
    assert same.training().variance == pytest.approx(0)


@pytest.mark.slow
@pytest.mark.parametrize("runs", ["one", "three", "three, rotating"])
def test_intervals_cover_as_often_as_they_say(coverage, runs):
    """Every kind of interval of the book, at its numbers of photographs; nominal 95 %, tolerance three standard errors below 93 %."""
    repeats, lacking = 250, []
    for kind in coverage.ALL:
        for n in coverage.SIZES:
            some = (30 if n < 38 else 5) if kind in coverage.RATIOS else repeats
            ours = coverage.measure(kind, runs, n, some, methods=False)[0]
            if n < LEAST:
                assert ours["with_interval"] == 0, (kind, n)
            elif ours["coverage"] < 0.93 - 3 * np.sqrt(0.93 * 0.07 / some):
                lacking.append((kind, n, ours["coverage"]))
    assert lacking == []


def test_the_former_intervals_did_not_cover(coverage):
    rows = {row["method"]: row for row in coverage.measure("accuracy near 0.9", "three", 5, 400)}
    assert rows["percentile bootstrap"]["coverage"] < 0.85 < 0.9 < rows["ours"]["coverage"]


def test_nothing_prints_nan():
    assert "nan" not in between(NAN, NAN) + between(NAN, NAN, each=(0.1, 0.2))

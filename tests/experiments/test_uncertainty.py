"""The estimate weighs photographs alike and its interval comes from them."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib.experiments.uncertainty import Accuracy, interval


def scored(rows):
    return pd.DataFrame(rows, columns=["run", "photograph", "correct"])


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
    assert np.isnan(estimate.sd) and np.isnan(estimate.low)


def test_differences_are_paired():
    a, b = scored([(1, p, v) for p, v in zip("abcd", [1, 1, 0, 0], strict=True)]), scored([(1, p, 0) for p in "abcd"])
    difference = (Accuracy.of(a) - Accuracy.of(a)).estimate()
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert (Accuracy.of(a) - Accuracy.of(b)).estimate().value == 0.5


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = [low <= 0.5 <= high for low, high in (interval(rng.random(40), resamples=300) for _ in range(300))]
    assert 0.90 <= np.mean(hits) <= 0.99

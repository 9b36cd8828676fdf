"""Likelihood ratios from scores: as the package `lir` has them, bounded by the networks, and in the words of the guideline."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srfp_lib.forensics import evidence
from srfp_lib.forensics.evidence import Calibrated

LIR = pd.read_csv(Path(__file__).with_name("lir.csv"))  # benchmarks/oracle_lir.py


@pytest.mark.parametrize("case", LIR["case"].unique())
def test_as_the_netherlands_forensic_institute_computes_it(case):
    rows = LIR[LIR["case"] == case]
    found, same = rows["log10_lr"].to_numpy(), rows["same"].to_numpy(bool)
    assert evidence.pav(found, same) == pytest.approx(rows["pav"], abs=1e-6)
    theirs = rows.iloc[0]
    assert evidence.cllr(found, same) == pytest.approx(theirs["cllr"], abs=1e-6)
    assert evidence.cllr_min(found, same) == pytest.approx(theirs["cllr_min"], abs=1e-6)
    assert evidence.elub(found, same) == pytest.approx((theirs["low"], theirs["high"]), abs=1e-6)


def pairs(n: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    same = np.arange(2 * n) < n
    return rng.normal(np.where(same, apart, 0), 1), same


def test_the_equal_error_rate_of_two_normal_distributions():
    assert evidence.eer(*pairs(20_000, 2.0)) == pytest.approx(0.1587, abs=0.005)  # Phi(-1)


@pytest.mark.parametrize("by", ["logistic", "pav"])
def test_calibration_finds_the_likelihood_ratios_of_two_normal_distributions(by):
    curve = Calibrated.fit(*pairs(20_000, 2.0), networks=10_000, photographs=10_000, by=by)
    at = np.array([0.0, 1.0, 2.0])
    assert curve.log10_lr(at) == pytest.approx((2 * at - 2) / np.log(10), abs=0.1)  # the ratio of the two densities
    fresh, same = pairs(20_001, 2.0)
    assert evidence.cllr(curve.log10_lr(fresh), same) - evidence.cllr_min(fresh, same) == pytest.approx(0, abs=0.005)


def test_no_likelihood_ratio_exceeds_what_the_networks_support():
    scores, same = pairs(5000, 40.0)
    few, many = (Calibrated.fit(scores, same, networks=n, photographs=50) for n in (20, 200))
    assert few.by_pairs[1] > many.high > few.high
    assert 10**few.high <= 11 and 10**-few.low <= 21  # 10 disjoint pairs, 20 networks, and one misleading each
    assert few.log10_lr(np.array([-1e6, 1e6])).tolist() == [few.low, few.high]


def test_scores_that_say_nothing_support_nothing():
    scores, same = pairs(500, 0.0)
    curve = Calibrated.fit(scores, same, networks=100, photographs=50)
    assert max(-curve.low, curve.high) < np.log10(2)
    assert evidence.verbal(float(curve.log10_lr(np.array([9.0]))[0])) == "no support for either"


def test_a_calibration_needs_both_kinds_of_pairs():
    with pytest.raises(ValueError, match="same and different"):
        Calibrated.fit(np.arange(3.0), np.ones(3, bool), networks=3, photographs=3)


def test_the_tippett_curves_are_shares_of_pairs():
    drawn = evidence.tippett(np.array([-1.0, 0.0, 1.0, 1.0]), np.array([False, True, True, False]))
    assert drawn.to_numpy().tolist() == [[-1, 1, 1], [0, 1, 0.5], [1, 0.5, 0.5]]


def test_words_change_where_the_guideline_has_them():
    words = [evidence.verbal(np.log10(lr)).removesuffix(" support for the first proposition") for lr in (2.01, 10, 100, 1000, 10_000, 10**6)]
    assert words == ["weak", "moderate", "moderately strong", "strong", "very strong", "extremely strong"]
    assert evidence.verbal(-1.0, other="another network") == "moderate support for another network"

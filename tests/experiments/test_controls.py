"""Controls are compared with the plain classifier photograph by photograph, and one training is not taken for all."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet
from srfp_lib.experiments import attribution, controls
from tests.experiments.conftest import index_of, predict

PHOTOGRAPHS = tuple("abcdefgh")


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    """Two runs: adversarial networks always right, L1 ones on half of the photographs, in run 2 on one photograph more."""
    index = index_of(fleet.custom(), PHOTOGRAPHS, images=1)
    ids, l1 = [n.model_id for n in fleet.custom()], index["model_id"].str.contains("-L1-")
    right = {run: (~l1 | index["photograph"].isin(PHOTOGRAPHS[: 3 + run])).to_numpy() for run in (1, 2)}
    return attribution.scored([predict("attribution", run, ids, index, index["model_id"], right[run]) for run in (1, 2)])


@pytest.fixture(scope="module")
def first(plain) -> pd.DataFrame:
    return plain[plain["run"] == 1]


def row(table, control, group="all"):
    return table[(table["control"] == control) & (table["group"] == group)].iloc[0]


def test_a_control_without_effect_changes_nothing(plain, first):
    table = controls.compare(plain, {"matched": first})
    assert (table["difference"] == 0).all() and list(table["group"])[:6] == list(controls.GROUPS)
    assert "does not change measurably" in controls.verdict(table, "matched")


def test_a_loss_has_the_interval_of_paired_differences(plain, first):
    wrong = first.assign(correct=first["correct"] & first["adversarial"])  # no L1 network is recognised any more
    table = controls.compare(first, {"known-offset": wrong})
    l1 = row(table, "known-offset", "L1")
    assert l1["difference"] == -0.5 and -1 < l1["difference_low"] < -0.5 < l1["difference_high"] < 0
    assert controls.verdict(table, "known-offset", "VGG + adv.").startswith("does not change")
    assert "for L1 networks it " in controls.known_offset(table)


def test_one_training_carries_the_spread_between_trainings(plain, first):
    """A loss looks certain, until a second run of the plain classifier differs by as much."""
    rng = np.random.default_rng(0)
    control = first.assign(correct=first["correct"] & (rng.random(len(first)) < 0.5))
    alone, known = (row(controls.compare(answers, {"matched": control}), "matched", "L1") for answers in (first, plain))
    assert alone["difference"] == known["difference"] and (alone["plain_runs"], known["plain_runs"]) == (1, 2)
    assert alone["difference_high"] < 0 < known["difference_high"]
    l1 = plain[plain["loss"] == "L1"].groupby("run")["correct"].mean()
    assert known["difference_high"] - known["difference"] > 2 * np.sqrt(2 * l1.var(ddof=1))
    said = [controls.trainings(controls.compare(answers, {"matched": control})) for answers in (first, plain)]
    assert "not in the intervals" in said[0] and "2 runs" in said[1]


def test_without_a_known_offset_there_is_nothing_to_say(plain):
    assert "leaves this control out" in controls.known_offset(controls.compare(plain, {}))


def test_what_is_learned_goes_by_the_numbers(plain, first):
    blind = first.assign(correct=False)
    *seen, trainings = controls.learned(controls.compare(plain, {"colour-alone": first, "matched": first, "bits-7": blind, "photographs-50": first}))
    assert "a fingerprint of its own" in seen[0] and "does not need the cast" in seen[1] and "falls by" in seen[2] and len(seen) == 4
    assert trainings.startswith("Every control is one training")
    unseen, _ = controls.learned(controls.compare(plain, {"colour-alone": blind}))
    assert "not clearly better than chance" in unseen
    needed, _ = controls.learned(controls.compare(plain, {"matched": blind}))
    assert "does not need" not in needed


@pytest.mark.parametrize(("photographs", "words"), [(1, "(no interval: too few photographs)"), (3, "(3 photographs: +0.0, +0.0, +0.0)")])
def test_too_few_photographs_have_no_interval_and_say_so(plain, first, photographs, words):
    some, one = (answers[answers["photograph"].isin(PHOTOGRAPHS[:photographs])] for answers in (plain, first))
    names = ("known-offset", "colour-alone", "matched", "bits-7", "photographs-50")
    said = " ".join(controls.learned(controls.compare(some, dict.fromkeys(names, one))))
    assert "nan" not in said and f"changes by +0.0 points {words}" in said


def test_both_orders_are_said_with_paired_intervals(plain, first):
    said = controls.orders(plain, first)
    assert "4X minus 2X is +0.0 points (" in said and " points (+" in said and said.endswith("Of these 4 intervals 2 lie above 0.")
    assert "adversarial minus L1 is +43.8 points (" in said and " at unknown offsets and +50.0 points (" in said
    few = controls.orders(plain[plain["photograph"].isin(["a", "f"])])
    assert "adversarial minus L1 is +50.0 points (2 photographs: +0.0, +100.0) at unknown offsets." in few and "intervals" not in few

"""Controls are compared with the plain classifier photograph by photograph."""

import pytest

from srfp_lib.experiments import attribution, controls


@pytest.fixture
def plain(runs):
    return attribution.scored(runs[:1])


def test_a_control_without_effect_changes_nothing(plain):
    table = controls.compare(plain, {"matched": plain})
    assert (table["difference"] == 0).all() and list(table["group"])[:6] == list(controls.GROUPS)
    assert "does not change measurably" in controls.verdict(table, "matched")


def test_a_loss_has_the_interval_of_paired_differences(plain):
    wrong = plain.assign(correct=plain["correct"] & plain["adversarial"])  # no L1 network is recognised any more
    table = controls.compare(plain, {"known-offset": wrong})
    l1 = table[(table["control"] == "known-offset") & (table["group"] == "L1")].iloc[0]
    assert l1["difference"] == -0.5 and l1["difference_low"] == -1 and l1["difference_high"] == 0  # photographs a, b only
    assert controls.verdict(table, "known-offset", "VGG + adv.").startswith("does not change")
    assert "for L1 networks it " in controls.known_offset(table)


def test_without_a_known_offset_there_is_nothing_to_say(plain):
    assert "leaves this control out" in controls.known_offset(controls.compare(plain, {}))


def test_what_is_learned_goes_by_the_numbers(plain):
    blind = plain.assign(correct=False)
    seen = controls.learned(controls.compare(plain, {"colour-alone": plain, "matched": plain, "bits-7": blind, "photographs-50": plain}))
    assert "a fingerprint of its own" in seen[0] and "does not need the cast" in seen[1] and "falls by" in seen[2] and len(seen) == 4
    (unseen,) = controls.learned(controls.compare(plain, {"colour-alone": blind}))
    assert "not clearly better than chance" in unseen
    (needed,) = controls.learned(controls.compare(plain, {"matched": blind}))
    assert "does not need" not in needed


def test_one_photograph_has_no_interval_and_says_so(plain):
    one = plain[plain["photograph"] == plain["photograph"].iloc[0]]
    names = ("known-offset", "colour-alone", "matched", "bits-7", "photographs-50")
    said = " ".join(controls.learned(controls.compare(one, dict.fromkeys(names, one))))
    assert "nan" not in said and "changes by +0.0 points (no interval: too few photographs)" in said

"""The rules, the verdicts, and the paper's own values of what the rules measure."""

import math

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet, paper
from srfp_lib.experiments import findings
from srfp_lib.experiments.quantities import QUANTITIES
from srfp_lib.experiments.results import BACKBONES, Results
from srfp_lib.experiments.uncertainty import Estimate
from srfp_lib.pages import tables
from tests.experiments.conftest import index_of, predict

RULES = paper.table("verdict_rules").set_index("id")
CLAIMS = paper.table("claims").set_index("id")
NAN = float("nan")

# What the rule of each claim measures, worked out by hand from the numbers that the paper prints.
BY_HAND = {
    "C03": 0.929 - 0.943,  # Table 2: EfficientNet-B2 is the lower of the two
    "C04": 0.929 - 0.818,  # and the lowest of the three
    "C11": (0.992 + 0.996) / 2 - 0.892 - (0.966 - 0.954),  # Table 3: 0.102 less 0.012
    "C12": (0.992 + 0.996) / 2 - 0.892 - (0.980 - 0.947),  # 0.102 less the range from RCAN to SwinIR
    "C13": 0.980 - 0.963,  # SwinIR and RDN
    "C15": 0.998 - 0.987,  # Figure 3: steps of 0.016, 0.085 and 0.011
    "C19": 0.968 - 0.873,  # Figure 4: the row L1 4X, and the triplet of the text
    "C26": 0.879 - 0.774, "C27": 0.879 - 0.774,  # section 4.1.2: steps of 0.105 and 0.108
    "C32": 0.541, "C33": 0.746 - 0.541, "C34": 0.469 - 0.442,  # means over Figure 6, right
    "C37": 0.515, "C41": 0.742 - 0.443, "C42": 0.208,  # Table 4
    # From chance (0) to always right (1), columns other than L1: 0.116, 0.554, 0.950, 0.992.
    "C46": ((1.000 + 1.000 + 0.996 + 0.994 + 0.989) / 5 - 0.5) / 0.5 - ((0.986 + 0.984 + 0.943 + 0.955) / 4 - 0.333) / 0.667,
    "C52": 0.228,  # Figure 7
    "C56": 0.902 - 0.886,  # the smallest of 0.016, 0.092, 0.105 and 0.108
}  # fmt: skip
LOWER = {"C08", "C17", "C18", "C36", "C38", "C39", "C40", "C45", "C48", "C55"}  # of the several values that claims.csv lists
HIGHER = {"C43", "C44", "C49", "C53"}
UNPRINTED = {"C25", "C29", "C30"}


@pytest.mark.parametrize("claim", QUANTITIES)
def test_the_papers_value_is_of_the_rules_own_quantity(claim):
    (value, note), listed = findings.papers(claim), str(CLAIMS.loc[claim, "published_value"])
    if claim in UNPRINTED:
        assert math.isnan(value) and note
        return
    numbers = [float(part.removesuffix(" dB")) for part in listed.split("; ")] if claim not in BY_HAND else []
    expected = BY_HAND[claim] if claim in BY_HAND else min(numbers) if claim in LOWER else max(numbers) if claim in HIGHER else numbers[0]
    read_off = RULES.loc[claim, "unit"] == "ratio"  # Figure 6, to 0.002
    assert value == pytest.approx(expected, abs=0.003 if read_off else 0.006 if RULES.loc[claim, "unit"] == "dB" else 0.0006)


@pytest.mark.parametrize("claim", [c for c in QUANTITIES if c not in UNPRINTED])
def test_no_rule_contradicts_the_paper(claim):
    value, _ = findings.papers(claim)
    sure = Estimate(value, 0.0, value, value, 100, 3)
    assert findings.judge(sure, RULES.loc[claim].to_dict())[0] == "holds"


def test_every_rule_has_a_quantity_and_every_quantity_a_rule():
    assert list(RULES.index) == [claim for claim in CLAIMS.index if claim in QUANTITIES]
    assert set(CLAIMS.index) - set(QUANTITIES) == {"C23"}  # needs a number from outside


def test_rules_are_well_formed():
    assert set(RULES["unit"]) <= set(tables.UNITS) and set(RULES["direction"]) <= {"up", "down", "near"}
    assert set(RULES["networks"]) == {"custom", "published", "named"}
    order = RULES[["within_from", "holds_from", "holds_to", "within_to"]].to_numpy()
    for row in order:
        bounds = row[~np.isnan(row)]
        assert len(bounds) and (np.diff(bounds) >= 0).all()
    assert (RULES["opposite"].isna() == (RULES["direction"] == "near")).all()
    assert RULES.loc[RULES["direction"] == "near", ["within_from", "within_to"]].notna().all(axis=None)


UP = {"unit": "percent", "direction": "up", "holds_from": 0.9, "holds_to": 0.95, "within_from": 0.8, "opposite": 0.5, "least_photographs": 2}
DOWN = {"unit": "points", "direction": "down", "holds_from": -0.03, "holds_to": 0.0, "within_from": -0.05, "within_to": 0.02, "opposite": 0.0,
        "least_photographs": 2}  # fmt: skip
NEAR = {"unit": "percent", "direction": "near", "holds_from": 0.45, "holds_to": 0.55, "within_from": 0.4, "within_to": 0.6, "least_photographs": 2}
ORDER = {"unit": "points", "direction": "up", "holds_from": 0.0, "within_from": 0.0, "opposite": 0.0, "least_photographs": 3}


@pytest.mark.parametrize(("rule", "value", "low", "high", "verdict"), [
    (UP, 0.92, 0.85, 0.97, "holds"), (UP, 0.9, 0.81, 0.99, "holds"), (UP, 0.9 - 1e-12, 0.81, 0.99, "holds"),
    (UP, 0.92, 0.8, 0.97, "undecided"),  # in the range, but the interval reaches the bound
    (UP, 0.89, 0.85, 0.93, "weaker"), (UP, 0.51, 0.501, 0.52, "weaker"), (UP, 0.96, 0.951, 0.97, "stronger"), (UP, 0.96, 0.6, 1.0, "stronger"),
    (UP, 0.6, 0.45, 0.8, "undecided"), (UP, 0.5, 0.49, 0.51, "undecided"), (UP, 0.4, 0.3, 0.5, "undecided"), (UP, 0.4, 0.3, 0.49, "opposite"),
    (DOWN, -0.01, -0.02, 0.01, "holds"), (DOWN, 0.0, -0.01, 0.01, "holds"), (DOWN, -0.01, -0.04, 0.03, "undecided"),
    (DOWN, -0.06, -0.08, -0.04, "stronger"), (DOWN, 0.01, -0.01, 0.015, "undecided"), (DOWN, 0.01, 0.005, 0.015, "opposite"),
    (NEAR, 0.53, 0.5, 0.58, "holds"), (NEAR, 0.47, 0.41, 0.59, "holds"), (NEAR, 0.53, 0.5, 0.9, "undecided"), (NEAR, 0.53, 0.1, 0.58, "undecided"),
    (NEAR, 0.57, 0.56, 0.59, "weaker"), (NEAR, 0.43, 0.41, 0.45, "weaker"), (NEAR, 0.57, 0.5, 0.65, "undecided"),
    (NEAR, 0.7, 0.61, 0.8, "opposite"), (NEAR, 0.2, 0.1, 0.3, "opposite"),
    (ORDER, 0.02, 0.01, 0.03, "holds"), (ORDER, 0.02, 0.0, 0.03, "undecided"), (ORDER, 0.0, 0.0, 0.0, "undecided"),
    (ORDER, -0.017, -0.024, -0.01, "opposite"), (ORDER, -0.002, -0.025, 0.021, "undecided"),
    (UP, 0.92, NAN, NAN, "undecided"), (UP, 0.2, NAN, NAN, "undecided"),
    (UP, NAN, NAN, NAN, "not testable here"), (NEAR, NAN, 0.4, 0.6, "not testable here"),
])  # fmt: skip
def test_every_verdict_and_its_edges(rule, value, low, high, verdict):
    found, reason = findings.judge(Estimate(value, NAN, low, high, 9, 3), rule)
    assert found == verdict and found in findings.VERDICTS
    assert bool(reason) == (verdict != "holds") and "inf" not in reason and "nan" not in reason


def test_too_few_photographs_are_no_test():
    assert findings.judge(Estimate(0.02, NAN, 0.01, 0.03, 2, 3), ORDER) == ("not testable here", "rests on 2 photographs")


@pytest.mark.parametrize(("claim", "value", "low", "high", "verdict"), [
    ("C14", 0.0205, 0.005, 0.036, "opposite"),  # the paper: -0.8 points
    ("C14", 0.0205, -0.01, 0.05, "undecided"),
    ("C26", -0.0023, -0.0247, 0.0213, "undecided"), ("C27", -0.03, -0.05, -0.01, "opposite"),
    ("C32", 0.20, 0.18, 0.22, "stronger"), ("C32", 0.95, 0.92, 0.98, "opposite"),
    ("C34", 0.146, 0.12, 0.17, "opposite"), ("C34", 0.07, 0.05, 0.09, "weaker"),
    ("C37", 0.53, 0.10, 0.90, "undecided"), ("C37", 0.515, 0.51, 0.52, "holds"),
    ("C40", 0.26, 0.24, 0.28, "weaker"), ("C40", 0.26, 0.18, 0.34, "undecided"), ("C40", 0.14, 0.12, 0.16, "opposite"),
    ("C45", -0.0173, -0.0238, -0.0104, "opposite"),
])  # fmt: skip
def test_signs_count_and_both_ends(claim, value, low, high, verdict):
    assert findings.judge(Estimate(value, NAN, low, high, 38, 3), RULES.loc[claim].to_dict())[0] == verdict


def runs_of_205(right_share: float):
    networks = fleet.custom() + fleet.published()
    index = index_of(networks, images=1)
    right = np.arange(len(index)) % 100 < 100 * right_share
    return [predict("everything", 1, [n.model_id for n in networks], index, index["model_id"], right)]


def test_named_backbones_are_ranked_by_name():
    names = list(BACKBONES.values())
    shares = dict(zip(names, (0.99, 0.97, 0.96, 0.8), strict=True))
    named = {f"{name}.some_weights": runs_of_205(shares[name]) for name in reversed(names)}  # the order of the rows means nothing
    found = findings.claims(Results(backbones=named), only=["C01", "C02", "C03", "C04"]).set_index("id")["ours"]
    assert found["C01"] == pytest.approx(0.99, abs=0.01) and found["C02"] > 0 and found["C03"] < 0 and found["C04"] == pytest.approx(0.16, abs=0.02)


def test_other_backbones_are_not_judged_in_their_place():
    small = {f"small_{i}": runs_of_205(0.9) for i in range(4)}
    found = findings.claims(Results(backbones=small), only=["C01", "C02", "C03", "C04"])
    assert found["ours"].isna().all() and (found["verdict"] == findings.UNTESTED).all()
    assert found["paper"].tolist() == pytest.approx([0.943, 0.011, -0.014, 0.111])
    assert "ConvNeXt-B is not among" in found["reason"].iloc[0]


def test_a_page_shows_each_number_in_its_unit():
    row = {"id": "C32", "claim": "c", "quantity": "q", "unit": "ratio", "paper": 0.541, "paper_note": "", "ours": 0.1957, "low": 0.18, "high": 0.21,
           "verdict": "stronger", "reason": ""}  # fmt: skip
    points = row | {"id": "C14", "unit": "points", "paper": -0.0075, "ours": 0.0205, "low": 0.005, "high": 0.036}
    percent = row | {"id": "C05", "unit": "percent", "paper": 0.96, "ours": 0.8118, "low": NAN, "high": NAN}
    few = percent | {"each": "0.7000 0.8200 0.9154"}
    page = tables.claims(
        pd.DataFrame([row, points, percent, few, row | {"unit": NAN, "paper": NAN, "paper_note": "by eye", "ours": NAN, "low": NAN}])
    ).frame
    assert page["the paper"].tolist() == ["0.54", "-0.8 points", "96.0 %", "96.0 %", "–: by eye"]
    ours = ["0.20 (0.18 to 0.21)", "+2.1 points (+0.5 to +3.6)", "81.2 %", "81.2 % (photographs: 70.0, 82.0, 91.5)", "–"]
    assert page["ours (95 % interval)"].tolist() == ours


def test_a_reference_run_is_shown_where_it_measured_the_same():
    row = {"id": "C37", "claim": "c", "quantity": "accuracy", "unit": "percent", "paper": 0.5, "paper_note": "", "ours": 0.5, "low": 0.4,
           "high": 0.6, "verdict": "holds", "reason": ""}  # fmt: skip
    now = pd.DataFrame([row])
    assert tables.claims(now, now).frame["reference run"].iloc[0] == "50.0 % (40.0 to 60.0); holds"
    assert tables.claims(now, now.assign(quantity="distance")).frame["reference run"].iloc[0] == "–"

"""The formulas that chapters spell out agree with the package's whatever the numbers are, not only those of a run."""

from __future__ import annotations

import jupytext
import numpy as np
import pandas as pd
import pytest

from srfp_lib import paper
from srfp_lib.common.checkout import HOME
from srfp_lib.experiments import findings
from srfp_lib.experiments.uncertainty import Estimate
from srfp_lib.figures import closer


def cell(name: str, containing: str) -> str:
    (found,) = [c.source for c in jupytext.read(HOME / "notebooks" / f"{name}.md").cells if c.cell_type == "code" and containing in c.source]
    return found


RULES = paper.table("verdict_rules").set_index("id")


@pytest.mark.parametrize("claim", RULES.index)
def test_a_claim_is_judged_by_hand_as_by_the_package(claim):
    """The cell of chapter 13 itself, on values in, at and out of the rule's range with narrow, wide and missing intervals."""
    code, rule = compile(cell("13_findings", "by_hand = "), "cell", "exec"), RULES.loc[claim].to_dict()
    marks = [rule[name] for name in ("holds_from", "holds_to", "within_from", "within_to", "opposite") if not np.isnan(rule[name])]
    verdicts = set()
    for value in (*marks, *(mark + shift for mark in marks for shift in (-0.3, -1e-12, 1e-12, 0.004)), np.nan):
        for half in (0.001, 0.02, 0.5, np.nan):
            for photographs in (1, 9):
                about = {"value": value, "low": value - half, "high": value + half, "photographs": photographs, "rule": rule}
                names = {"np": np, "pd": pd, "findings": findings, "Estimate": Estimate} | about
                exec(code, names)  # the cell asserts that both agree
                verdicts.add(names["by_hand"])
    assert {"holds", "undecided", findings.UNTESTED} <= verdicts


@pytest.mark.parametrize("claim", ["C01", "C10", "C32"])  # upwards, near, downwards with two bounds
def test_a_rule_can_be_drawn(claim):
    figure, alt = closer.judged(0.3, (0.2, 0.4), RULES.loc[claim].to_dict(), "weaker")
    assert "from" in alt and figure.axes

"""Do the paper's claims hold here? Each claim beside our number, judged by a rule that was written down beforehand.

`data/paper/verdict_rules.csv` has a rule for each claim: one quantity (`quantities.QUANTITIES`) and its unit; the range in which
the claim *holds*, `holds_from` to `holds_to`; the bounds within which the interval must lie for that, `within_from` to `within_to`;
and the value `opposite` that divides the claim's direction from the other one, such as chance, or 0 for a difference. An empty
bound bounds nothing. `direction` says which way is stronger: "up", "down", or "near" for a claim that something is near a value,
whose other direction is all that lies without the bounds. `judge` applies the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from .. import paper
from ..pages.tables import in_unit
from .printed import printed
from .quantities import QUANTITIES
from .results import Results, Unanswered
from .uncertainty import NAN, Accuracy, Estimate

COLUMNS = ["id", "section", "claim", "quantity", "unit", "paper", "paper_note", "ours", "low", "high", "each", "n_photographs",
           "verdict", "reason"]  # fmt: skip
UNTESTED = "not testable here"
VERDICTS = ("holds", "weaker", "stronger", "opposite", "undecided", UNTESTED)
TOUCHING = 1e-9  # a value this near to a bound is on it

Rule = Mapping[Any, Any]


def claims(results: Results, only: Sequence[str] = ()) -> pd.DataFrame:
    """One row per claim with the columns `COLUMNS`; ``only`` restricts it to some ids, and ``results`` to what these need.

    ``paper`` is the paper's value of the same quantity as ``ours``, in the same unit; where it is NaN, ``paper_note`` says why.
    """
    rules = paper.table("verdict_rules").set_index("id").to_dict("index")
    rows = []
    for claim in paper.table("claims").to_dict("records"):
        if only and claim["id"] not in only:
            continue
        row = {name: claim[name] for name in ("id", "section", "claim", "quantity")}
        rule = rules.get(claim["id"])
        answer = {"verdict": UNTESTED, "reason": "needs a number from outside this study"}
        if rule is not None:
            value, note = papers(claim["id"])
            row |= {"quantity": rule["quantity"], "unit": rule["unit"], "paper": value, "paper_note": note}
            answer = _answer(results, claim["id"], rule)
        rows.append(row | answer)
    numbers = dict.fromkeys(("paper", "ours", "low", "high"), float) | {"n_photographs": "Int64"}
    return pd.DataFrame(rows).reindex(columns=COLUMNS).astype(numbers)


@cache
def papers(claim: str) -> tuple[float, str]:
    """The paper's value of a claim's quantity; NaN and a reason where it prints nothing from which the value follows."""
    try:
        return _estimate(QUANTITIES[claim](printed())).value, ""
    except Unanswered as lack:
        return NAN, str(lack)


def _estimate(quantity: Accuracy | Estimate) -> Estimate:
    return quantity.estimate() if isinstance(quantity, Accuracy) else quantity


def _answer(results: Results, claim: str, rule: Rule) -> dict[str, Any]:
    try:
        ours = _estimate(QUANTITIES[claim](results))
    except Unanswered as lack:
        return {"verdict": UNTESTED, "reason": str(lack)}
    verdict, reason = judge(ours, rule)
    if rule["networks"] == "published" and (whose := results.whose):
        reason = "; ".join(filter(None, (reason, whose)))
    numbers = ours.columns()
    return {"ours": ours.value, **{name: numbers[name] for name in ("low", "high", "each", "n_photographs")}, "verdict": verdict, "reason": reason}


def judge(ours: Estimate, rule: Rule) -> tuple[str, str]:
    """The verdict by the rule, one of `VERDICTS`, and the reason in words.

    - holds: the value lies in the range, and the whole interval within the bounds;
    - weaker, stronger: the value lies outside of the range, and the whole interval in the claim's direction;
    - opposite: the whole interval lies in the other direction;
    - undecided: any other interval, or none;
    - not testable here: too few photographs, or no value.

    >>> rule = {"unit": "percent", "direction": "up", "holds_from": 0.9, "within_from": 0.8, "opposite": 0.5, "least_photographs": 2}
    >>> [judge(Estimate(v, 0.0, v - 0.02, v + 0.02, 9, 3), rule)[0] for v in (0.95, 0.6, 0.51, 0.4)]
    ['holds', 'weaker', 'undecided', 'opposite']
    """
    if ours.n_photographs < rule["least_photographs"]:
        return UNTESTED, f"rests on {ours.n_photographs} photograph{'s' * (ours.n_photographs != 1)}"
    if pd.isna(ours.value):
        return UNTESTED, "has no value in this run"
    holds, within, rightly = (_bounds(rule, name) for name in ("holds", "within", "opposite"))
    inside = holds[0] - TOUCHING <= ours.value <= holds[1] + TOUCHING
    asked = f"asked for {_range(*holds, rule['unit'])}"
    if pd.isna(ours.low) or pd.isna(ours.high):
        return "undecided", "no interval: too few photographs, or all alike"
    if ours.high < rightly[0] or ours.low > rightly[1]:
        return "opposite", asked
    if inside and within[0] < ours.low and ours.high < within[1]:
        return "holds", ""
    if not inside and rightly[0] < ours.low and ours.high < rightly[1]:
        return ("stronger" if (ours.value > holds[1]) == (rule["direction"] == "up") and rule["direction"] != "near" else "weaker"), asked
    bounds = within if inside else rightly
    reached = f"below {in_unit(bounds[0], rule['unit'])}" if ours.low <= bounds[0] else f"above {in_unit(bounds[1], rule['unit'])}"
    return "undecided", f"{'in the range' if inside else asked}, and the interval reaches {reached}"


def _bounds(rule: Rule, name: str) -> tuple[float, float]:
    """A lower and an upper bound of a rule; "opposite" is one of the two by the claim's direction, for "near" those of "within"."""
    if name == "opposite" and rule["direction"] != "near":
        rule = {"opposite_from" if rule["direction"] == "up" else "opposite_to": rule["opposite"]}
    elif name == "opposite":
        name = "within"
    low, high = rule.get(f"{name}_from", NAN), rule.get(f"{name}_to", NAN)
    return (-float("inf") if pd.isna(low) else low), (float("inf") if pd.isna(high) else high)


def _range(low: float, high: float, unit: str) -> str:
    """A range in words.

    >>> _range(0.9, float("inf"), "percent"), _range(-0.02, 0.02, "points"), _range(-float("inf"), 0.6, "ratio")
    ('at least 90.0 %', '-2.0 to +2.0 points', 'at most 0.60')
    """
    if low == -float("inf"):
        return f"at most {in_unit(high, unit)}"
    if high == float("inf"):
        return f"at least {in_unit(low, unit)}"
    return f"{in_unit(low, unit, bare=True)} to {in_unit(high, unit)}"

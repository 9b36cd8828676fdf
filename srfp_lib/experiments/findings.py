"""Do the paper's claims hold here? Each claim beside our number, judged by a rule that was written down beforehand.

`data/paper/verdict_rules.csv` has for each claim one quantity (`quantities.QUANTITIES`), the range in which it *holds*, a
bound for its interval, the wider range of the *same direction*, and the fewest photographs that it takes. `judge` applies it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import paper
from .quantities import QUANTITIES
from .results import Results, Unanswered
from .uncertainty import Accuracy, Estimate

COLUMNS = ["id", "section", "claim", "quantity", "paper", "ours", "low", "high", "n_photographs", "verdict", "reason"]


def claims(results: Results, only: Sequence[str] = ()) -> pd.DataFrame:
    """One row per claim with the columns `COLUMNS`; ``only`` restricts it to some ids, and ``results`` to what these need."""
    rules = paper.table("verdict_rules").set_index("id").to_dict("index")
    rows = []
    for claim in paper.table("claims").to_dict("records"):
        if only and claim["id"] not in only:
            continue
        rule = rules.get(claim["id"])
        row = {"id": claim["id"], "section": claim["section"], "claim": claim["claim"], "paper": claim["published_value"]}
        row["quantity"] = rule["quantity"] if rule else claim["quantity"]
        rows.append(row | _answer(results, claim, rule))
    return pd.DataFrame(rows).reindex(columns=COLUMNS).astype({"n_photographs": "Int64"})


def _answer(results: Results, claim: Mapping[Any, Any], rule: Mapping[Any, Any] | None) -> dict[str, Any]:
    if rule is None:
        return {"verdict": "not testable", "reason": "needs a number from outside this study"}
    try:
        quantity = QUANTITIES[claim["id"]](results)
    except Unanswered as lack:
        return {"verdict": "not testable", "reason": str(lack)}
    ours = quantity.estimate() if isinstance(quantity, Accuracy) else quantity
    verdict, reason = judge(ours, rule)
    if stand_ins := _stand_ins(results, claim):
        verdict, reason = "not testable", f"{stand_ins} (by the rule: {verdict})"
    return {"ours": ours.value, "low": ours.low, "high": ours.high, "n_photographs": ours.n_photographs, "verdict": verdict, "reason": reason}


def _stand_ins(results: Results, claim: Mapping[Any, Any]) -> str:
    """The stand-ins that keep a claim from being tested; empty if there are none."""
    if claim["networks_needed"] == "custom fleet":
        return ""
    if "four classifiers" in claim["experiment"] and any(name.startswith("small_") for name in results.backbones):
        return "small bodies stand in for the four backbones"
    return "stand-ins, not the published networks" if results.origins.get("stand-in") else ""


def judge(ours: Estimate, rule: Mapping[Any, Any]) -> tuple[str, str]:
    """The verdict by the rule ("not testable", "holds", "same direction" or "differs"), and the reason in words.

    >>> rule = {"holds_from": 0.9, "holds_to": 1, "beyond": 0.1, "direction_from": 0.5, "direction_to": 1, "least_photographs": 2}
    >>> judge(Estimate(0.95, 0.0, 0.93, 0.97, 9, 3), rule)[0], judge(Estimate(0.6, 0.0, 0.5, 0.7, 9, 3), rule)[0]
    ('holds', 'same direction')
    """
    if ours.n_photographs < rule["least_photographs"]:
        return "not testable", f"rests on {ours.n_photographs} photographs"
    inside = rule["holds_from"] <= ours.value <= rule["holds_to"]
    clear = np.isnan(rule["beyond"]) or ours.low > rule["beyond"]
    if inside and clear:
        return "holds", ""
    if rule["direction_from"] <= ours.value <= rule["direction_to"]:
        return "same direction", "the interval reaches the bound" if inside else "weaker or stronger than asked for"
    return "differs", ""

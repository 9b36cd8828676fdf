"""Did one network make both images? Error rates and costs of the answers by what two networks differ in, with intervals (chapter 20).

Intervals count photographs and splits: a pair has several photographs, so the spread over these is a jackknife's, which leaves
out all pairs with a photograph; what the splits, each with its own networks, add to it counts too (`uncertainty`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from jaxtyping import Bool

from ..forensics import evidence
from ..forensics.pairs import APART, KINDS, SCENES
from ..forensics.verifying import REAL
from .separability import pseudo_values
from .uncertainty import NAN, Spread

ALL = (*KINDS, REAL)
LOSSES = ("all", "L1", "adversarial")
LEAST_PAIRS = 30  # of either sort in all splits together: with fewer a row is left out
MEASURES: dict[str, Callable[[pd.DataFrame], float]] = {
    "eer": lambda rows: evidence.eer(rows["score"].to_numpy(), rows["same"].to_numpy()),
    "cllr_min": lambda rows: evidence.cllr_min(rows["score"].to_numpy(), rows["same"].to_numpy()),
    "cllr": lambda rows: evidence.cllr(rows["own_log10_lr"].to_numpy(), rows["same"].to_numpy()),
    "cllr_any": lambda rows: evidence.cllr(rows["log10_lr"].to_numpy(), rows["same"].to_numpy()),
    "eer_plain": lambda rows: evidence.eer(rows["plain"].to_numpy(), rows["same"].to_numpy()),
}


def table(pairs: pd.DataFrame) -> pd.DataFrame:
    """A row for each kind of pair and losses, one image of other photographs on either side: `row`'s columns."""
    single = pairs[(pairs["scene"] == APART) & (pairs["left"] == 1) & (pairs["right"] == 1)]
    return _rows((kind, losses, single[single["kind"] == kind]) for kind in ALL for losses in LOSSES)


def by_scene(pairs: pd.DataFrame) -> pd.DataFrame:
    """The same for one image on either side of other photographs, of one photograph, and of one photograph by two networks."""
    return _rows((kind, "all", pairs[(pairs["kind"] == kind) & (pairs["scene"] == scene)]) for kind in ALL for scene in SCENES[1:])


def by_number(pairs: pd.DataFrame) -> pd.DataFrame:
    """The same for one and several, and several and several images."""
    several = pairs[(pairs["right"] > 1) & (pairs["scene"] == APART)]
    return _rows((kind, "all", rows) for kind in ALL for _, rows in several[several["kind"] == kind].groupby(["left", "right"]))


def _rows(questions: Iterable[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    found = []
    for kind, losses, rows in questions:
        chosen = rows if losses == "all" else rows[rows["losses"] == losses]
        if min(chosen["same"].sum(), (~chosen["same"].astype(bool)).sum()) >= LEAST_PAIRS:
            about = {column: chosen[column].iloc[0] for column in ("scene", "left", "right")}
            found.append({"kind": kind, "losses": losses, **about, **row(chosen)})
    return pd.DataFrame(found)


def row(pairs: pd.DataFrame) -> dict[str, float]:
    """Of pairs of several splits: eer, cllr_min, cllr (calibrated on pairs of the same kind) and cllr_any (on pairs of any networks),
    each with _low and _high, eer_plain of the cosine, and sizes. Of each measure the mean over splits.
    """
    splits = [rows.reset_index(drop=True) for _, rows in pairs.groupby("split") if rows["same"].nunique() == 2]
    shown = [_shown(rows) for rows in splits]
    names = sorted({name for found in shown for name in found})
    tested = np.array([[name in found for name in names] for found in shown])
    numbers: dict[str, float] = {}
    for measure, of in MEASURES.items():
        usable = [k for k, rows in enumerate(splits) if rows["own_log10_lr"].notna().all()] if measure == "cllr" else [*range(len(splits))]
        if not usable:
            numbers |= {measure: NAN, f"{measure}_low": NAN, f"{measure}_high": NAN}
            continue
        whole = {k: of(splits[k]) for k in usable}
        numbers[measure] = float(np.mean([*whole.values()]))
        if measure != "eer_plain":
            numbers[f"{measure}_low"], numbers[f"{measure}_high"] = _interval(of, splits, shown, whole, names, tested)
    networks = {*pairs["first"], *pairs["second"]}
    same = int(pairs["same"].sum())
    return numbers | {"same": same, "different": len(pairs) - same, "networks": len(networks), "photographs": len(names), "splits": len(splits)}


def _interval(
    of: Callable[[pd.DataFrame], float], splits: list[pd.DataFrame], shown: list[dict[str, np.ndarray]], whole: dict[int, float], names: list[str],
    tested: Bool[np.ndarray, "splits photographs"],
) -> tuple[float, float]:  # fmt: skip
    """A jackknife over photographs, and the splits; NaN where there are too few photographs or one leaves a single kind of pair."""
    usable = [*whole]
    rows = tested[usable]
    if len(names) < 8 or rows.sum(1).min() < 4:  # as in `separability`
        return NAN, NAN
    left_out = []
    for name in names:
        values = dict(whole)
        for k in usable:
            if name in shown[k]:
                kept = splits[k][~shown[k][name]]
                if kept["same"].nunique() < 2:
                    return NAN, NAN
                values[k] = of(kept)
        left_out.append(np.mean([*values.values()]))
    value = float(np.mean([*whole.values()]))
    found = rows.any(0)
    spread = Spread(pseudo_values(value, np.array(left_out))[found], np.array([whole[k] for k in usable]), rows[:, found])
    return tuple(np.clip(spread.interval(), 0, None).tolist())


def _shown(pairs: pd.DataFrame) -> dict[str, np.ndarray]:
    """Of each photograph, which pairs show it."""
    exploded = pairs["photographs"].str.split("\n").explode()
    return {str(name): np.isin(np.arange(len(pairs)), rows) for name, rows in exploded.groupby(exploded).groups.items()}

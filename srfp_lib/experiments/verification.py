"""Did one network make both images? Error rates and costs of the answers by what two networks differ in, with intervals (chapter 20).

Intervals count photographs and splits: a pair has several photographs, so the spread over these is a jackknife's, which leaves
out all pairs with a photograph; what the splits, each with its own networks, add to it counts too (`uncertainty`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from ..forensics import evidence
from ..forensics.pairs import ANY, APART, KINDS, SCENES
from ..forensics.verifying import REAL
from .separability import pseudo_values
from .uncertainty import NAN, Spread

ALL = (*KINDS, REAL)
DRAWN = (ANY, "seed")  # kinds of pairs in figures
LOSSES = ("all", "L1", "adversarial")
LEAST_PAIRS = 30  # of either sort in all splits together: with fewer a row is left out
MEASURES = {"eer": "score", "cllr_min": "score", "cllr": "own_log10_lr", "cllr_any": "log10_lr", "eer_plain": "plain"}  # and of which column


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


def sample(pairs: pd.DataFrame, splits: int = 2) -> pd.DataFrame:
    """The pairs of `DRAWN` kinds of the first splits, one image of other photographs on either side, for figures: kind, losses, split,
    same, score, log10_lr, own_log10_lr.
    """
    single = pairs[(pairs["scene"] == APART) & (pairs["right"] == 1) & pairs["kind"].isin(DRAWN) & (pairs["split"] <= splits)]
    return single[["kind", "losses", "split", "same", "score", "log10_lr", "own_log10_lr"]].reset_index(drop=True)


def examples(pairs: pd.DataFrame, calibrations: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """For either sort of networks a pair by one and a pair by two of any networks, each with the median LR of its sort in the first split.

    Columns: those of the pair, first_photograph, second_photograph, and those of its calibration.
    """
    first = pairs[(pairs["split"] == 1) & (pairs["scene"] == APART) & (pairs["right"] == 1) & (pairs["kind"] == ANY)]
    chosen = []
    for _, rows in first[first["losses"].isin(LOSSES[1:])].groupby(["losses", "same"]):
        chosen.append(rows.sort_values("log10_lr", kind="stable").iloc[len(rows) // 2])
    shown = images["photograph"].to_numpy()
    found = pd.DataFrame(chosen).drop(columns=["photographs", "plain", "score"]).reset_index(drop=True)
    for side in ("first", "second"):
        found[f"{side}_photograph"] = shown[found[f"{side}_images"].astype(int)]
    return found.merge(calibrations.drop(columns=["same", "different"]), on=["split", "kind", "left", "right"])


def _rows(questions: Iterable[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    found = []
    for kind, losses, rows in questions:
        chosen = rows if losses == "all" else rows[rows["losses"] == losses]
        if min(chosen["same"].sum(), (~chosen["same"].astype(bool)).sum()) >= LEAST_PAIRS:
            about = {column: chosen[column].iloc[0] for column in ("scene", "left", "right")}
            found.append({"kind": kind, "losses": losses, **about, **row(chosen)})
    return pd.DataFrame(found)


def row(pairs: pd.DataFrame) -> dict[str, float]:
    """Of pairs of several splits: eer, cllr_min, cllr (calibrated on pairs of the same kind), cllr_any (on pairs of any networks) and
    eer_plain (of the cosine), each the mean over splits with _low and _high; and the sizes.
    """
    splits = [rows for _, rows in pairs.groupby("split") if rows["same"].nunique() == 2]
    names = sorted({name for text in pairs["photographs"].unique() for name in text.split("\n")})
    numbers: dict[str, float] = {}
    for measure, column in MEASURES.items():
        known = [rows for rows in splits if rows[column].notna().all()]  # a split may have no networks to calibrate for this kind
        value, low, high = _estimate([_judged(rows, measure, column) for rows in known], [_shown(rows, names) for rows in known])
        numbers |= {measure: value, f"{measure}_low": low, f"{measure}_high": high}
    same, networks = int(pairs["same"].sum()), {*pairs["first"], *pairs["second"]}
    return numbers | {"same": same, "different": len(pairs) - same, "networks": len(networks), "photographs": len(names), "splits": len(splits)}


class Judged(NamedTuple):
    """A measure of a split's pairs, and what each pair costs: the mean of the two kinds' means is the measure, or nearly so.

    A threshold, or the curve of pool-adjacent-violators, stays that of all pairs where a photograph is left out. As both are where the
    measure is least, that changes it little, while its steps from pair to pair would spoil the jackknife.
    """

    value: float
    costs: Float[np.ndarray, " pairs"]
    same: Bool[np.ndarray, " pairs"]

    def without(self, shown: Bool[np.ndarray, "photographs pairs"]) -> Float[np.ndarray, " photographs"]:
        """The measure with the pairs of each photograph left out; NaN where none of a kind would be left."""
        with np.errstate(invalid="ignore"):
            kept = ~shown
            means = [(kept[:, rows] @ self.costs[rows]) / kept[:, rows].sum(1) for rows in (self.same, ~self.same)]
        return (means[0] + means[1]) / 2 + self.value - (self.costs[self.same].mean() + self.costs[~self.same].mean()) / 2


def _judged(rows: pd.DataFrame, measure: str, column: str) -> Judged:
    found, same = rows[column].to_numpy(float), rows["same"].to_numpy(bool)
    if measure.startswith("eer"):
        return Judged(evidence.eer(found, same), evidence.errors(found, same).astype(float), same)
    lrs = evidence.pav(found, same) if measure == "cllr_min" else found
    return Judged(evidence.cllr(lrs, same), evidence.costs(lrs, same), same)


def _estimate(splits: list[Judged], shown: list[np.ndarray]) -> tuple[float, float, float]:
    """The mean over splits, and its interval; none where there are too few photographs or one leaves a single kind of pair."""
    if not splits:
        return NAN, NAN, NAN
    by_split = np.array([one.value for one in splits])
    tested = np.stack([found.any(1) for found in shown])
    left_out = np.stack([one.without(found) for one, found in zip(splits, shown, strict=True)]).mean(0)[tested.any(0)]
    if tested.any(0).sum() < 8 or tested.sum(1).min() < 4 or np.isnan(left_out).any():  # as in `separability`
        return float(by_split.mean()), NAN, NAN
    value = float(by_split.mean())
    low, high = Spread(pseudo_values(value, left_out), by_split, tested[:, tested.any(0)]).interval()
    return value, max(low, 0.0), high


def _shown(rows: pd.DataFrame, names: list[str]) -> Bool[np.ndarray, "photographs pairs"]:
    """Which pair shows which photograph."""
    place = {name: k for k, name in enumerate(names)}
    found = np.zeros((len(names), len(rows)), bool)
    for pair, text in enumerate(rows["photographs"]):
        found[[place[name] for name in text.split("\n")], pair] = True
    return found

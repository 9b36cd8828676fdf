"""How often is a verdict about one image right? Rates, calibration and reliability of judgements whose truth is known.

A judgement is a row: source, delivery, verdict, first, top1, top3, probability, plain, strangeness, state, flipped, photograph, withheld.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..fleet import HR, parse
from .uncertainty import Accuracy, Estimate, between

ADVERSARIAL, L1, REAL, PHOTOGRAPHS, PLAIN = "adversarial networks", "L1 networks", "published networks", "photographs", "plain enlargements"
BINS = 10


def group(source: str) -> str:
    """What made an image.

    >>> group("EDSR-div2k-x2-L1-s1"), group("HR-HR-HR-HR-HR"), group("bicubic-x2")
    ('L1 networks', 'photographs', 'plain enlargements')
    """
    if source == HR:
        return PHOTOGRAPHS
    if not source.endswith("-pretrained") and source.count("-") < 4:
        return PLAIN
    network = parse(source)
    return REAL if network.origin == "published" else ADVERSARIAL if network.adversarial else L1


def truths(judged: pd.DataFrame) -> pd.DataFrame:
    """The judgements with their group and what is right or wrong about them."""
    found = judged.assign(group=judged["source"].map(group))
    network = ~found["group"].isin((PHOTOGRAPHS, PLAIN))
    named = (found["verdict"] == "known") & (found["first"] == found["source"])
    found["right"] = np.where(network, named, found["verdict"] == "not super-resolved")
    found["wrong"] = ~found["right"] & (found["verdict"] != "unsure")
    return found.assign(unsure=found["verdict"] == "unsure", unknown=found["verdict"] == "unknown", contradicted=found["flipped"] > 0)


def rates(judged: pd.DataFrame, networks: int = 0) -> pd.DataFrame:
    """One row for each question, group and delivery: asked, group, delivery, rate, interval in words, chance in words, images, photographs.

    ``networks``: how many the model knows, among which a guess would choose; 0: those that were tried, which may be fewer.
    """
    found, rows = truths(judged), []
    chance = 1 / (networks or found.loc[found["group"].isin((ADVERSARIAL, L1, REAL)), "source"].nunique())
    for (way, name), part in found.groupby(["delivery", "group"], sort=False):
        network = name not in (PHOTOGRAPHS, PLAIN)
        arrived = "as it is" if way == "png" else f"as {way}"
        if network:
            rows.append(
                _rate(part, "top3", f"image of {name}, {arrived}: the right network among the first three", name, way, f"{300 * chance:.1f} %")
            )
        rows.append(_rate(part, "right", f"image of {name}, {arrived}: the verdict is right", name, way, "–"))
        rows.append(_rate(part, "unsure", f"image of {name}, {arrived}: unsure", name, way, "–"))
        rows.append(_rate(part, "wrong", f"image of {name}, {arrived}: the verdict is wrong and not unsure", name, way, "–"))
    return pd.DataFrame(rows)


def withheld(judged: pd.DataFrame) -> pd.DataFrame:
    """By published network, and for all of them: how often its images are called unknown by a model that never saw it, and what else.

    Each share is a mean over photographs, so that the four of a row add up to 1.
    """
    found = truths(judged)
    found = found.assign(plain=found["verdict"] == "not super-resolved", known=found["verdict"] == "known")
    parts = [("all", found), *found.groupby("source", sort=False)]
    others = ("unsure", "plain", "known")
    return pd.DataFrame([_rate(part, "unknown", "unknown", str(name), "png", "–") | {c: _estimate(part, c).value for c in others}
                         for name, part in parts])  # fmt: skip


def _rate(part: pd.DataFrame, column: str, asked: str, name: str, way: str, chance: str) -> dict[str, Any]:
    estimate = _estimate(part, column)
    interval = between(estimate.low, estimate.high, lead="", unit=" %", each=estimate.each)
    return {"asked": asked, "what": column, "group": name, "delivery": way, "rate": estimate.value, "low": estimate.low, "high": estimate.high,
            "interval": interval, "chance": chance, "images": len(part), "photographs": estimate.n_photographs}  # fmt: skip


def _estimate(part: pd.DataFrame, column: str) -> Estimate:
    return Accuracy.of(part.assign(run=1, correct=part[column])).estimate()


def reliability(judged: pd.DataFrame, bins: int = BINS) -> pd.DataFrame:
    """Images of networks by the probability of their first candidate: probability, share right, count, of each bin that has any."""
    found = truths(judged)
    found = found[found["group"].isin((ADVERSARIAL, L1, REAL))]
    at = np.minimum((found["probability"] * bins).astype(int), bins - 1)
    table = found.groupby(at).agg(probability=("probability", "mean"), right=("top1", "mean"), count=("top1", "size"))
    return table.rename_axis("bin").reset_index()


def calibration_error(judged: pd.DataFrame) -> float:
    """The expected calibration error (Guo et al. 2017): the mean distance of probability and share right over bins, weighted by their images."""
    table = reliability(judged)
    return float((table["count"] * (table["probability"] - table["right"]).abs()).sum() / table["count"].sum())

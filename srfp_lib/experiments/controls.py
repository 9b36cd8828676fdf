"""What do the attribution classifiers lock on to? Controls that change one thing each. (Not in the paper; D17, D36, D50.)

A control repeats run 1 of the attribution classifier: same photographs, networks and, where the profile says so, steps.
Differences are taken by photograph, so that their intervals are those of paired values. A control is trained once. Its interval
therefore has the variance of two trainings too, its own and that of the plain run 1, as the runs of the plain classifier show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from . import attribution
from .uncertainty import NAN, Estimate, between, change, fractions

GROUPS: dict[str, dict[str, object]] = {
    "all": {}, "2X": {"scale": 2}, "4X": {"scale": 4}, "L1": {"loss": "L1"},
    "VGG + adv.": {"loss": "VGG_GAN"}, "ResNet + adv.": {"loss": "ResNet_GAN"},
}  # fmt: skip
WORDS = {
    "plain": "run 1 of chapter 07",
    "known-offset": "known offset",
    "matched": "channel means matched to HR",
    "colour-alone": "mean colour alone",
}


def words(control: str) -> str:
    """A control's name on a page.

    >>> words("bits-7"), words("photographs-50"), words("matched")
    ('7 bits', '50 % of the training photographs', 'channel means matched to HR')
    """
    if control in WORDS:
        return WORDS[control]
    kind, _, number = control.partition("-")
    return f"{number} bits" if kind == "bits" else f"{number} % of the training photographs"


def compare(plain: pd.DataFrame, controls: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per control and group, run 1 of the plain classifier first, with the difference from it; of answers (`attribution.scored`).

    ``plain`` has all runs of the plain classifier; ``plain_runs`` in the table is their number.
    """
    rows = []
    for name, answers in {"plain": plain[plain["run"] == 1], **controls}.items():
        for group, chosen in GROUPS.items():
            accuracy, usual = attribution.accuracy(answers, **chosen), attribution.accuracy(plain, **chosen)
            own, e = accuracy.estimate(usual.spread().training()), change(accuracy, usual)
            low, high = (e.low, e.high) if name != "plain" else (NAN, NAN)  # it differs from itself by nothing
            rows.append({
                "control": name, "group": group, **own.columns(), "chance": 1 / plain["model_id"].nunique(),
                "difference": e.value, "difference_low": low, "difference_high": high, "difference_each": e.columns()["each"],
                "plain_runs": plain["run"].nunique(),
            })  # fmt: skip
    return pd.DataFrame(rows)


def trainings(table: pd.DataFrame) -> str:
    """What the intervals of the controls hold, in words."""
    runs = int(table["plain_runs"].max()) if "plain_runs" in table else 1
    if runs < 2:
        return "Every control is one training, beside one plain training; how much a training alone changes is not in the intervals."
    return f"Every control is one training; what a training alone changes is in the intervals, as {runs} runs of the plain classifier show it."


def _row(table: pd.DataFrame, control: str, group: str = "all") -> pd.Series:
    return table[(table["control"] == control) & (table["group"] == group)].iloc[0]


def verdict(table: pd.DataFrame, control: str, group: str = "all") -> str:
    """How a control's accuracy differs from the plain one, in words: "falls by 3.1 points (1.0 to 5.2)"."""
    row = _row(table, control, group)
    change, low, high = (100 * row[name] for name in ("difference", "difference_low", "difference_high"))
    if pd.isna(low):
        return f"changes by {change:+.1f} points ({between(low, high, form='+.1f', each=fractions(row.get('difference_each')))})"
    if low <= 0 <= high:
        return f"does not change measurably ({change:+.1f} points, {low:+.1f} to {high:+.1f})"
    near, far = sorted((abs(low), abs(high)))
    return f"{'rises' if change > 0 else 'falls'} by {abs(change):.1f} points ({near:.1f} to {far:.1f})"


def known_offset(table: pd.DataFrame) -> str:
    """What knowing the place in the sub-pixel grid is worth, in words."""
    if "known-offset" not in set(table["control"]):
        return "This profile leaves this control out."
    return (
        f"With a known offset the accuracy {verdict(table, 'known-offset')}, for L1 networks it {verdict(table, 'known-offset', 'L1')}. "
        "All claims are judged on images whose offset is not known."
    )


def orders(plain: pd.DataFrame, known: pd.DataFrame | None = None) -> str:
    """Whether 4X networks are recognised better than 2X ones, and adversarial ones better than L1, in words, with paired intervals.

    Of answers (`attribution.scored`): those of the plain classifier, and of the control that knows the offset, if there is one.
    """
    found = {}
    for label, effect in {"4X minus 2X": attribution.scale_effect, "adversarial minus L1": attribution.loss_effect}.items():
        usual = effect(partial(attribution.accuracy, plain))
        found[label] = {"at unknown offsets": usual.estimate()}
        if known is not None:
            found[label]["at the known one"] = effect(partial(attribution.accuracy, known)).estimate(usual.spread().training())
    lines = [label + " is " + " and ".join(f"{_points(e)} {where}" for where, e in effects.items()) for label, effects in found.items()]
    lows = [e.low for effects in found.values() for e in effects.values() if not pd.isna(e.low)]
    above = sum(low > 0 for low in lows)
    count = f" Of these {len(lows)} intervals {above} {'lies' if above == 1 else 'lie'} above 0." if lows else ""
    return f"In paired differences over photographs, {'; '.join(lines)}.{count}"


def _points(e: Estimate) -> str:
    return f"{100 * e.value:+.1f} points ({between(e.low, e.high, lead='', form='+.1f', each=e.each)})"


def learned(table: pd.DataFrame) -> list[str]:
    """One paragraph per kind of control in the table, with its numbers."""
    controls = list(dict.fromkeys(table["control"]))
    found = [f"**The sub-pixel grid.** {known_offset(table)}"] if "known-offset" in controls else []
    found += [_mean_colour(table)] if "colour-alone" in controls else []
    found += [_without_cast(table)] if "matched" in controls else []
    if bits := [c for c in controls if c.startswith("bits-")]:
        lines = [f"With {words(c)} instead of 8 the accuracy {verdict(table, c)}, that of L1 networks {verdict(table, c, 'L1')}." for c in bits]
        found.append("**Rounding.** " + " ".join(lines))
    if shares := [c for c in controls if c.startswith("photographs-")]:
        lines = [f"Trained on {words(c)}, for as many steps, the accuracy {verdict(table, c)}." for c in shares]
        found.append("**Photographs.** " + " ".join(lines))
    return [*found, trainings(table)] if found else found


def _mean_colour(table: pd.DataFrame) -> str:
    def percent(group: str) -> str:
        row = _row(table, "colour-alone", group)
        return f"{100 * row['accuracy']:.1f} % ({between(row['low'], row['high'], lead='', each=fractions(row.get('each')))})"

    row = _row(table, "colour-alone")
    own = "The cast of D50 is a fingerprint of its own." if row["low"] > row["chance"] else "That is not clearly better than chance."
    return (
        f"**Mean colour.** The offsets of an image's three channel means from the true image's identify the network in {percent('all')} of "
        f"cases (chance {100 * row['chance']:.2f} %): {percent('L1')} for L1 networks, {percent('VGG + adv.')} and {percent('ResNet + adv.')} "
        f"for the two adversarial losses. {own}"
    )


def _without_cast(table: pd.DataFrame) -> str:
    row = _row(table, "matched")
    needless = " So attribution does not need the cast." if row["difference_low"] <= 0 <= row["difference_high"] else ""
    return (
        f"**Without the cast.** With channel means matched to the true image the accuracy {verdict(table, 'matched')}.{needless} "
        "(The small classifiers see an image minus its blur, which hides a constant cast from them.)"
    )

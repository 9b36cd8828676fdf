"""Attribution with one thing changed at a time: what do the classifiers lock on to? (Not in the paper; D17, D36, D50.)

Every control has the same steps as the first run of the attribution classifier where the profile says so, the same
photographs and networks. Differences are taken photograph by photograph, so that their intervals are those of paired values.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from . import attribution
from .uncertainty import Accuracy

GROUPS: dict[str, dict[str, object]] = {
    "all": {}, "2X": {"scale": 2}, "4X": {"scale": 4}, "L1": {"loss": "L1"},
    "VGG + adv.": {"loss": "VGG_GAN"}, "ResNet + adv.": {"loss": "ResNet_GAN"},
}  # fmt: skip
WORDS = {"plain": "as in chapter 07", "free-crops": "free crops", "matched": "channel means matched to HR", "colour-alone": "mean colour alone"}


def words(control: str) -> str:
    """A control's name on a page.

    >>> words("bits-7"), words("photographs-50"), words("matched")
    ('7 bits', '50 % of the training photographs', 'channel means matched to HR')
    """
    kind, _, number = control.partition("-")
    if kind == "bits":
        return f"{number} bits"
    return f"{number} % of the training photographs" if kind == "photographs" else WORDS[control]


def compare(plain: pd.DataFrame, controls: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a control and group: accuracy with its interval, and the difference to the plain classifier with its own.

    ``plain`` and the values of ``controls`` are scored answers (`attribution.scored`) of run 1; the first rows are the plain ones.
    """
    rows = []
    for name, answers in {"plain": plain, **controls}.items():
        for group, chosen in GROUPS.items():
            accuracy, baseline = (attribution.group(a, **chosen) if chosen else Accuracy.of(a) for a in (answers, plain))
            change = (accuracy - baseline).estimate()
            rows.append({
                "control": name, "group": group, **accuracy.estimate().columns(), "chance": 1 / plain["model_id"].nunique(),
                "difference": change.value, "difference_low": change.low, "difference_high": change.high,
            })  # fmt: skip
    return pd.DataFrame(rows)


def verdict(table: pd.DataFrame, control: str, group: str = "all") -> str:
    """In words, how far a control's accuracy lies from the plain one: "falls by 3.1 points (1.0 to 5.2)"."""
    row = _row(table, control, group)
    ends = sorted((100 * abs(row.difference_low), 100 * abs(row.difference_high)))
    if row.difference_low <= 0 <= row.difference_high:
        return f"does not change measurably ({100 * row.difference:+.1f} points, {100 * row.difference_low:+.1f} to {100 * row.difference_high:+.1f})"
    return f"{'rises' if row.difference > 0 else 'falls'} by {100 * abs(row.difference):.1f} points ({ends[0]:.1f} to {ends[1]:.1f})"


def free_crops(table: pd.DataFrame) -> str:
    """What free crops in the place of grid crops mean for the paper's two orders, in words."""
    if "free-crops" not in set(table["control"]):
        return "This profile cuts crops at free positions already, or asks for no control."
    free = table[table["control"] == "free-crops"].set_index("group")["accuracy"]
    orders = free["4X"] > free["2X"] and min(free["VGG + adv."], free["ResNet + adv."]) > free["L1"]
    return (
        f"With free crops the accuracy {verdict(table, 'free-crops')}, for L1 networks it {verdict(table, 'free-crops', 'L1')}. "
        + ("Both orders of the paper survive, so they do not rest on the grid;" if orders else "Not both orders of the paper survive;")
        + (" what is lost does rest on it, within this training budget." if _row(table, "free-crops").difference < 0 else " nothing is lost.")
    )


def learned(table: pd.DataFrame) -> list[str]:
    """A sentence for each question that the controls in a table answer, with its numbers."""
    asked = set(table["control"])
    said = [f"**The grid.** {free_crops(table)}"] if "free-crops" in asked else []
    said += [_mean_colour(table)] if "colour-alone" in asked else []
    if "matched" in asked:
        said.append(_without_cast(table))
    if bits := _kind(table, "bits"):
        lines = [f"With {words(c)} instead of 8 the accuracy {verdict(table, c)}, that of L1 networks {verdict(table, c, 'L1')}." for c in bits]
        said.append("**Rounding.** " + " ".join(lines))
    if shares := _kind(table, "photographs"):
        lines = [f"Trained on {words(c)}, for as many steps, the accuracy {verdict(table, c)}." for c in shares]
        said.append("**Photographs.** " + " ".join(lines))
    return said


def _mean_colour(table: pd.DataFrame) -> str:
    row = _row(table, "colour-alone")
    whole, l1, vgg, resnet = (_percent(table, "colour-alone", g) for g in ("all", "L1", "VGG + adv.", "ResNet + adv."))
    return (
        f"**Mean colour.** Three numbers an image, how far its channel means are from the true image's, name the right network in {whole} of "
        f"cases, where guessing gives {100 * table['chance'].iloc[0]:.2f} %: {l1} of L1 networks, {vgg} and {resnet} of the two kinds of "
        "adversarial ones. " + ("The cast of D50 is a fingerprint of its own." if row.low > row.chance else "That is not clearly more than guessing.")
    )


def _without_cast(table: pd.DataFrame) -> str:
    row = _row(table, "matched")
    needless = " So attribution does not need the cast." if row.difference_low <= 0 <= row.difference_high else ""
    return (
        f"**Without the cast.** With channel means matched to the true image the accuracy {verdict(table, 'matched')}.{needless} "
        "(The small classifiers look at an image minus its blur, which hides a constant cast from them.)"
    )


def _row(table: pd.DataFrame, control: str, group: str = "all") -> pd.Series:
    return table[(table["control"] == control) & (table["group"] == group)].iloc[0]


def _kind(table: pd.DataFrame, kind: str) -> list[str]:
    return [c for c in dict.fromkeys(table["control"]) if c.startswith(f"{kind}-") and c[-1].isdigit()]


def _percent(table: pd.DataFrame, control: str, group: str = "all") -> str:
    row = _row(table, control, group)
    return f"{100 * row.accuracy:.1f} % ({100 * row.low:.1f} to {100 * row.high:.1f})"

"""Every claim of the paper beside our number, with a verdict by a rule that was written down before (claims.csv).

`data/paper/verdict_rules.csv` gives each claim one quantity, the range in which it *holds*, the value its interval must
lie above, the wider range of the *same direction*, and the number of photographs it takes to judge. The rule:

- "not testable": the quantity rests on fewer photographs than the rule asks for, or the claim needs what is not there;
- "holds": the value is in the range, and the whole interval lies above the given bound if there is one;
- "same direction": the value is in the wider range;
- "differs": anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from .. import fleet, paper, tasks
from . import attribution, seeds
from . import findings_published as published
from .results import Results, Unanswered
from .uncertainty import Accuracy, Estimate, highest, interval, lowest

Quantity = Callable[[Results], Estimate]


def claims(results: Results, only: Sequence[str] = ()) -> pd.DataFrame:
    """One row a claim: id, claim, quantity, paper, ours, low, high, n_photographs, verdict, reason.

    ``only`` names the claims that a chapter speaks to; ``results`` then needs no more than these ask for.
    """
    rules = paper.verdict_rules().set_index("id")
    rows = []
    for claim in paper.claims().itertuples():
        if only and claim.id not in only:
            continue
        row = {"id": claim.id, "section": claim.section, "claim": claim.claim, "paper": claim.published_value}
        if claim.id not in rules.index:
            rows.append(row | {"quantity": claim.quantity, "verdict": "not testable", "reason": "needs a number from outside this study"})
            continue
        rule = rules.loc[claim.id]
        try:
            ours = (QUANTITIES | published.QUANTITIES)[claim.id](results)
        except Unanswered as lack:
            rows.append(row | {"quantity": rule["quantity"], "verdict": "not testable", "reason": str(lack)})
            continue
        verdict, reason = judge(ours, rule)
        if claim.id in published.QUANTITIES and (stand_ins := results.stand_ins(claim.id)):
            verdict, reason = "not testable", f"{stand_ins} (by the rule: {verdict})"
        rows.append(row | {
            "quantity": rule["quantity"], "ours": ours.value, "low": ours.low, "high": ours.high,
            "n_photographs": ours.n_photographs, "verdict": verdict, "reason": reason,
        })  # fmt: skip
    columns = ["id", "section", "claim", "quantity", "paper", "ours", "low", "high", "n_photographs", "verdict", "reason"]
    return pd.DataFrame(rows).reindex(columns=columns).astype({"n_photographs": "Int64"})


def judge(ours: Estimate, rule: pd.Series) -> tuple[str, str]:
    """The verdict of the rule and, in words, why.

    >>> rule = pd.Series({"holds_from": 0.9, "holds_to": 1, "beyond": 0.1, "direction_from": 0.5, "direction_to": 1, "least_photographs": 2})
    >>> judge(Estimate(0.95, 0, 0.93, 0.97, 9, 3), rule)[0], judge(Estimate(0.6, 0, 0.5, 0.7, 9, 3), rule)[0]
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


def _positive(accuracy: Accuracy, target: float = 0.0) -> Estimate:
    """The distance of a value from a target, its interval turned the same way."""
    e = accuracy.estimate()
    ends = sorted((abs(e.low - target), abs(e.high - target)))
    low = 0.0 if e.low <= target <= e.high else ends[0]
    return Estimate(abs(e.value - target), e.sd, low, ends[1], e.n_photographs, e.n_runs)


def _both_ways(accuracy: Accuracy) -> tuple[Accuracy, Accuracy]:
    return accuracy, Accuracy(-accuracy.table)


def _range_over(answers: pd.DataFrame, name: str, values: Sequence[object]) -> Accuracy:
    """Best minus worst value of a hyperparameter."""
    groups = sorted((attribution.group(answers, **{name: v}) for v in values), key=lambda g: g.estimate().value)
    return groups[-1] - groups[0]


def _steps(answers: pd.DataFrame) -> Estimate:
    """The smallest of the three steps of Figure 3's order."""
    order = [(2, False), (4, False), (2, True), (4, True)]
    panels = [attribution.group(answers, scale=s, adversarial=a) for s, a in order]
    return lowest(*(b - a for a, b in zip(panels, panels[1:], strict=False)))


def _swinir(answers: pd.DataFrame) -> Estimate:
    return lowest(
        *(
            attribution.group(answers, architecture="SwinIR") - attribution.group(answers, architecture=a)
            for a in fleet.ARCHITECTURES
            if a != "SwinIR"
        )
    )


def _quarters(answers: pd.DataFrame) -> Estimate:
    full = attribution.group(answers, dataset="div2k").mean_with(attribution.group(answers, dataset="flickr2k"))
    quarter = attribution.group(answers, dataset="quarter_div2k").mean_with(attribution.group(answers, dataset="quarter_flickr2k"))
    return (quarter - full).estimate()


def _triplets(answers: pd.DataFrame, **values: object) -> Accuracy:
    return attribution.group(seeds.without_nlsn(answers), **values)


def _hard_nlsn(answers: pd.DataFrame) -> Estimate:
    """The lowest other triplet minus the NLSN 4X L1 triplet."""
    groups = {key: Accuracy.of(group) for key, group in answers.groupby(["architecture", "scale", "loss"])}
    nlsn = groups.pop(("NLSN", 4, "L1"))
    return lowest(*(other - nlsn for other in groups.values()))


def _prnu_reversal(answers: pd.DataFrame) -> Estimate:
    chosen = seeds.without_nlsn(answers)
    return (attribution.group(chosen, loss="L1") - Accuracy.of(chosen[chosen["loss"] != "L1"])).estimate()


def _parsing_order(results: Results) -> Estimate:
    """The smallest step between neighbours in the order of difficulty, on the scale from chance (0) to always right (1)."""
    means = []
    for asks in ("dataset", "architecture", "loss", "scale"):
        chance = 1 / len(tasks.CLASSES[asks])
        cells = [results.cell(asks, column).table for column, (_, _, asked) in tasks.COLUMNS.items() if asks in asked]
        means.append(Accuracy((sum(cells[1:], cells[0]) / len(cells) - chance) / (1 - chance)))
    return lowest(*(b - a for a, b in zip(means, means[1:], strict=False)))


def _psnr_price(table: pd.DataFrame) -> Estimate:
    """PSNR of 4X networks, L1 minus adversarial, in dB."""
    at_4x = table[table["model_id"].map(lambda m: fleet.parse(m).scale == 4)]
    adversarial = at_4x["model_id"].map(lambda m: fleet.parse(m).adversarial)
    by_photograph = at_4x[~adversarial].groupby("photograph")["psnr"].mean() - at_4x[adversarial].groupby("photograph")["psnr"].mean()
    low, high = interval(by_photograph.to_numpy())
    return Estimate(float(by_photograph.mean()), float("nan"), low, high, len(by_photograph), 1)


QUANTITIES: dict[str, Quantity] = {
    "C05": lambda r: attribution.overall(r.attribution).estimate(),
    "C06": lambda r: attribution.scale_effect(r.attribution).estimate(),
    "C07": lambda r: attribution.loss_effect(r.attribution).estimate(),
    "C08": lambda r: lowest(*(attribution.group(r.attribution, loss=v) for v in ("VGG_GAN", "ResNet_GAN"))),
    "C09": lambda r: attribution.group(r.attribution, loss="L1").estimate(),
    "C10": lambda r: _positive(attribution.group(r.attribution, loss="ResNet_GAN") - attribution.group(r.attribution, loss="VGG_GAN")),
    "C11": lambda r: lowest(*(attribution.loss_effect(r.attribution) - effect for effect in _both_ways(attribution.scale_effect(r.attribution)))),
    "C12": lambda r: (attribution.loss_effect(r.attribution) - _range_over(r.attribution, "architecture", fleet.ARCHITECTURES)).estimate(),
    "C13": lambda r: _swinir(r.attribution),
    "C14": lambda r: _quarters(r.attribution),
    "C15": lambda r: _steps(r.attribution),
    "C16": lambda r: Accuracy.of(seeds.without_nlsn(r.cnn_triplets)).estimate(),
    "C17": lambda r: lowest(*(_triplets(r.cnn_triplets, loss="L1", scale=s) for s in fleet.SCALES)),
    "C18": lambda r: lowest(*(_triplets(r.cnn_triplets, loss=v, scale=s) for v in ("VGG_GAN", "ResNet_GAN") for s in fleet.SCALES)),
    "C19": lambda r: _hard_nlsn(r.cnn_triplets),
    "C20": lambda r: seeds.advantage(r.cnn_triplets, r.prnu_triplets).estimate(),
    "C21": lambda r: Accuracy.of(seeds.without_nlsn(r.prnu_triplets)).estimate(),
    "C22": lambda r: _prnu_reversal(r.prnu_triplets),
    "C36": lambda r: lowest(*(r.cell("scale", c) for c in ("s3", "flickr2k", "SwinIR", "RCAN", "VGG_GAN"))),
    "C37": lambda r: _positive(r.cell("scale", "L1"), 0.5),
    "C38": lambda r: lowest(r.cell("loss", "s3"), r.cell("loss", "flickr2k")),
    "C39": lambda r: lowest(r.cell("loss", "SwinIR"), r.cell("loss", "RCAN")),
    "C40": lambda r: lowest(r.cell("architecture", "s3"), r.cell("architecture", "flickr2k")),
    "C41": lambda r: (r.cell("architecture", "s3") - r.cell("architecture", "VGG_GAN")).estimate(),
    "C42": lambda r: _positive(r.cell("architecture", "L1"), 0.2),
    "C43": lambda r: highest(r.cell("dataset", "SwinIR"), r.cell("dataset", "RCAN")),
    "C44": lambda r: r.cell("dataset", "VGG_GAN").estimate(),
    "C45": lambda r: lowest(*(r.cell(a, "VGG_GAN") - r.cell(a, "L1") for a in ("scale", "architecture", "dataset"))),
    "C46": _parsing_order,
    "C54": lambda r: _psnr_price(r.quality),
    "C55": lambda r: lowest(attribution.overall(r.attribution), Accuracy.of(r.cnn_triplets)),
}  # fmt: skip

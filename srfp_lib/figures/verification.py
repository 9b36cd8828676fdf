"""Evidence: how often likelihood ratios are at least so large, and whether they say what they mean."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..forensics import evidence
from . import BLUE, GREY, ORANGE, Picture, grid, legend, single, styled, whiskers


@styled()
def tippett(pairs: pd.DataFrame, titles: dict[str, str]) -> Picture:
    """For each kind of pair in ``titles`` the shares of same and of different pairs with at least an LR, within its own bounds.

    ``pairs`` has the columns kind, same and own_log10_lr.
    """
    figure, (places,) = grid(1, len(titles), size=(9, 3.6))
    said = []
    for axes, (kind, title) in zip(places, titles.items(), strict=True):
        rows = pairs[pairs["kind"] == kind]
        found, same = rows["own_log10_lr"].to_numpy(), rows["same"].to_numpy(bool)
        drawn = evidence.tippett(found, same)
        for name, style in (("same", "-"), ("different", "--")):
            axes.step(drawn["log10_lr"], 100 * drawn[name], where="pre", color=BLUE if name == "same" else ORANGE, ls=style, label=f"{name} network")
        axes.axvline(0, color=GREY, linestyle=":", label="ratio 1")
        axes.set(xlabel="log10 of the likelihood ratio", ylim=(0, 101), title=title)
        misled = 100 * (found[same] < 0).mean(), 100 * (found[~same] > 0).mean()
        said.append(f"{title}: {misled[0]:.0f} % of the same pairs lie below ratio 1 and {misled[1]:.0f} % of the different ones above")
    places[0].set_ylabel("pairs with at least this ratio, %")
    legend(figure, places[0], columns=3)
    return figure, "Tippett plot. " + "; ".join(said) + "."


@styled()
def reliability(pairs: pd.DataFrame, titles: dict[str, str]) -> Picture:
    """LRs as computed beside the LRs that pool-adjacent-violators makes of them; on the diagonal they say what they mean.

    ``pairs`` has the columns kind, same, log10_lr (calibrated on pairs of any networks) and own_log10_lr (of the same kind).
    """
    figure, (places,) = grid(1, len(titles), size=(9, 3.8))
    limit = max(0.5, float(pairs[["log10_lr", "own_log10_lr"]].abs().max().max()) * 1.15)
    said = []
    for axes, (kind, title) in zip(places, titles.items(), strict=True):
        rows = pairs[pairs["kind"] == kind]
        same = rows["same"].to_numpy(bool)
        for column, colour, style, name in (("own_log10_lr", BLUE, "-", "this kind of pair"), ("log10_lr", ORANGE, "--", "pairs of any networks")):
            found = rows[column].to_numpy()
            order = np.argsort(found, kind="stable")
            axes.plot(found[order], np.clip(evidence.pav(found, same), -limit, limit)[order], color=colour, ls=style, label=f"calibrated on {name}")
            said.append(f"{title}, calibrated on {name}: Cllr {evidence.cllr(found, same):.2f}, at the least {evidence.cllr_min(found, same):.2f}")
        axes.axline((0, 0), slope=1, color=GREY, linestyle=":", label="as it should be")
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="log10 likelihood ratio as computed", title=title)
    places[0].set_ylabel("log10 ratio as observed (PAV)")
    legend(figure, places[0], columns=3)
    return figure, "Likelihood ratios beside those that pool-adjacent-violators makes of them. " + "; ".join(said) + "."


@styled()
def kinds(table: pd.DataFrame, spelled: dict[str, str]) -> Picture:
    """The equal error rate by what two networks differ in, for L1 and adversarial networks apart, with intervals."""
    figure, axes = single(size=(8, 3.8))
    names = [kind for kind in spelled if kind in set(table["kind"])]
    for shift, losses, colour, marker in ((-0.15, "L1", BLUE, "o"), (0.15, "adversarial", ORANGE, "s")):
        part = table[table["losses"] == losses].set_index("kind").reindex(names).reset_index()
        y = np.arange(len(names))[::-1] - shift
        shown = part.rename(columns={"eer": "accuracy", "eer_low": "low", "eer_high": "high"})
        axes.errorbar(100 * shown["accuracy"], y, xerr=whiskers(shown), fmt=marker, color=colour, capsize=3, label=losses)
    axes.axvline(50, color=GREY, linestyle=":", label="chance, 50 %")
    axes.set_yticks(range(len(names)), [spelled[name] for name in names][::-1])
    axes.set(xlabel="equal error rate, %", xlim=(0, 60))
    legend(figure, axes, columns=3)
    rows = table[table["losses"].isin(["L1", "adversarial"])].to_dict("records")
    return figure, "Equal error rates: " + "; ".join(f"{spelled[r['kind']]}, {r['losses']} {100 * r['eer']:.0f} %" for r in rows) + "."

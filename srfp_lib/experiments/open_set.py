"""The open set: intervals of measures that are no means over photographs, such as areas under curves."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..classifiers.predictions import Predictions
from .several import enrolled
from .uncertainty import Accuracy

ENROLLED = (1, 5, 20)  # images of each network
MEASURES = ("auroc", "fpr95", "oscr", "ccr1", "ccr5", "accuracy", "alarms1", "found1", "right1", "alarms5", "found5", "right5")


def estimates(measured: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Means over splits with intervals by photographs and splits, a row for each group ``by`` and measure.

    ``measured`` has a row for each split (columns split, left_out and `MEASURES`) of all test photographs, where left_out is empty,
    and with each photograph left out in turn. What a photograph adds is its jackknife pseudo-value (Tukey 1958): n times the measure
    of all less n - 1 times that of the others, here shifted so that their mean is the measure of all.
    """
    rows = []
    for names, group in measured.groupby(list(by), sort=False):
        about = dict(zip(by, names, strict=True)) | {name: group[name].mean() for name in ("n_known", "n_unknown") if name in group}
        for measure in MEASURES:
            table = group.pivot(index="split", columns="left_out", values=measure)
            whole, others = table.pop(""), table
            values = others.sub(others.mean(axis=1), axis=0).mul(1 - others.notna().sum(axis=1), axis=0).add(whole, axis=0)
            found = Accuracy(values, (0.0, 1.0)).estimate() if values.shape[1] > 1 else None
            low, high = (found.low, found.high) if found else (float("nan"), float("nan"))
            rows.append(about | {"measure": measure, "value": whole.mean(), "low": low, "high": high,
                                 "n_photographs": values.shape[1], "n_splits": len(values)})  # fmt: skip
    return pd.DataFrame(rows)


def enrolment(kinds: dict[str, Sequence[Predictions]], *, seed: int = 1) -> pd.DataFrame:
    """How well unknown networks are told apart that are enrolled from a few images each: `enrolled` for each kind and split."""
    tables = [enrolled([run], ENROLLED, seed=seed).assign(kind=kind, split=run.run) for kind, runs in kinds.items() for run in runs]
    return pd.concat([table[table["group"] == "all"] for table in tables], ignore_index=True)

"""Writes tests/forensics/lir.csv: what `lir` 1.3.1 of the Netherlands Forensic Institute (Apache-2.0) makes of a few sets of log10 LRs.

Its dependencies (optuna, KDEpy, pydantic ...) are too many for the tests, so that its answers are kept:
``pip install lir==1.3.1`` into an environment of its own and run this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from lir.algorithms.bayeserror import elub
from lir.algorithms.isotonic_regression import IsotonicCalibrator
from lir.data.models import LLRData
from lir.metrics import cllr, cllr_min

FILE = Path(__file__).parents[1] / "tests" / "forensics" / "lir.csv"
CASES = {"good": (1.5, 40, 60), "weak": (0.3, 30, 50), "apart": (9.0, 25, 25), "extreme": (4.0, 20, 80)}  # distance of means, same, different


def main() -> None:
    rng, tables = np.random.default_rng(1), []
    for case, (apart, same, different) in CASES.items():
        found = (
            np.round(np.concatenate([rng.normal(-apart / 2, 1, different), rng.normal(apart / 2, 1, same)]), 2) + 0.0037
        )  # ties, off the thresholds that are tried for bounds
        truth = np.repeat([0, 1], [different, same])
        data = LLRData(features=found, labels=truth)
        low, high = elub(found.copy(), truth)
        measures = {"cllr": cllr(data), "cllr_min": cllr_min(data), "low": low, "high": high}
        pav = IsotonicCalibrator().fit_transform(found, truth)
        tables.append(pd.DataFrame({"case": case, "log10_lr": found, "same": truth, "pav": pav} | measures))
    pd.concat(tables).to_csv(FILE, index=False, float_format="%.9g")


if __name__ == "__main__":
    main()

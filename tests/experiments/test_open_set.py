"""The open set in experiments: enrolment in the space of known networks, and the figure."""

import numpy as np
import pandas as pd

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments.open_set import enrolment
from srfp_lib.figures import open_set


def test_unknown_networks_are_enrolled_by_kind_and_split():
    names, photographs = [f"A-div2k-x2-L1-s{i}" for i in (1, 2, 3)], [f"p{i}" for i in range(8)]
    index = pd.DataFrame([{"model_id": n, "image": p, "photograph": p} for n in names for p in photographs])
    rng = np.random.default_rng(0)
    features = (9 * np.repeat(np.eye(3), 8, axis=0) + rng.normal(size=(24, 3))).astype(np.float32)
    run = Predictions("open-set", 2, ("K", "L"), index, np.zeros((24, 2), np.float32), features)
    table = enrolment({"real": [run]})
    assert table["images"].tolist() == [1, 5] and set(table["split"]) == {2} and (table["accuracy"] > 0.9).all()


def test_the_figure_names_every_baseline_and_kind():
    rows = [{"kind": kind, "baseline": b, "value": 0.5, "low": 0.4, "high": 0.6} for kind in ("seed", "another real") for b in ("x", "y")]
    _, alt = open_set.by_kind(pd.DataFrame(rows), "AUROC")
    assert alt == "AUROC by kind of unknown. x: seed 50 %, another real 50 %; y: seed 50 %, another real 50 %."

"""Distance ratios against their definitions, written out."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import separability

NAMES = ["A-div2k-x2-L1-NA-pretrained", "B-div2k-x2-L1-NA-pretrained", "C-div2k-x4-GAN-NA-pretrained", "D-div2k-x4-GAN-NA-pretrained"]
PHOTOS = ["p", "p", "q", "r"]


def made(seed: int, shift: float = 0.0, photos=PHOTOS) -> Predictions:
    rng = np.random.default_rng(seed)
    rows = [(n, f"{p}_{i}", p) for n in NAMES for i, p in enumerate(photos)]
    index = pd.DataFrame(rows, columns=["model_id", "image", "photograph"])
    order = rng.permutation(len(index))  # the order of the rows must not matter
    features = rng.normal(size=(len(index), 5)) + shift * index["model_id"].map(NAMES.index).to_numpy()[:, None]
    return Predictions(
        "t", seed, tuple(NAMES), index.iloc[order].reset_index(drop=True), np.zeros((len(index), 4), np.float32), features[order].astype(np.float32)
    )


def points(run: Predictions, name: str) -> np.ndarray:
    return run.features[(run.index["model_id"] == name).to_numpy()].astype(float)


def by_definition(run: Predictions, a: str, b: str) -> tuple[float, float]:
    one, two = points(run, a), points(run, b)
    inside = [np.mean([np.linalg.norm(x - y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j]) for s in (one, two)]
    between = np.mean([np.linalg.norm(x - y) for x in one for y in two])

    def to(s, centre):
        return ((s - centre.mean(0)) ** 2).sum(1).mean()

    return sum(inside) / (2 * between), (to(one, one) / to(one, two) + to(two, two) / to(two, one)) / 2


def test_both_ratios_are_their_definitions_averaged_over_runs():
    runs = [made(1, 1.0), made(2, 0.5)]
    ratio, squares = separability.ratio(runs), separability.ratio_of_squares(runs)
    for i, a in enumerate(ratio.networks):
        for j, b in enumerate(ratio.networks):
            if i != j:
                wanted = np.mean([by_definition(run, a, b) for run in runs], axis=0)
                assert (ratio.matrix[i, j], squares.matrix[i, j]) == pytest.approx(tuple(wanted), rel=1e-6)
    assert np.allclose(np.diag(ratio.matrix), 1) and np.allclose(np.diag(squares.matrix), 1)


def test_networks_far_apart_have_small_ratios():
    near, far = (separability.ratio_of_squares([made(1, shift, list("pqrstuvw"))]) for shift in (0.0, 20.0))
    everything = near.among(NAMES)
    assert everything(near.matrix) > 0.3 and everything(far.matrix) < 0.01
    estimate = far.estimate(everything)
    assert estimate.low <= estimate.value <= estimate.high and estimate.n_photographs == 8


def test_trainings_count_in_the_interval_of_a_ratio():
    photos = list("pqrstuvw")
    everything = separability.ratio_of_squares([made(1, 1.0, photos)]).among(NAMES)
    alike, unlike = (separability.ratio_of_squares([made(1, 1.0, photos), made(1, shift, photos)]).estimate(everything) for shift in (1.0, 3.0))
    assert alike.sd == pytest.approx(0) and unlike.sd > 0.05
    assert unlike.high - unlike.low > 2 * (alike.high - alike.low)


def test_too_few_photographs_have_no_interval_of_a_ratio():
    few, rotating = [made(1)], [made(run, 1.0, list(photos)) for run, photos in enumerate(("pqr", "stu", "vw"), 1)]
    for runs in (few, rotating):
        found = separability.ratio_of_squares(runs)
        assert np.isnan(found.estimate(found.among(NAMES)).low)


def test_a_run_whose_only_photograph_is_left_out_has_no_say():
    runs = [made(1, 1.0, ["p", "p"]), made(2, 1.0, ["q", "q"])]
    found = separability.ratio_of_squares(runs)
    assert found.n_photographs == 2 and np.isfinite(found.left_out).all()
    alone = separability.ratio_of_squares(runs[1:])
    order = [alone.networks.index(n) for n in found.networks]
    assert np.allclose(found.left_out[0], alone.matrix[np.ix_(order, order)])


def test_nearest_neighbours_come_from_other_photographs():
    run = made(3, 50.0)
    assert separability.neighbours(run, NAMES)["correct"].all()
    blurred = Predictions(run.task, run.run, run.classes, run.index, run.scores, np.zeros_like(run.features))
    assert separability.neighbours(blurred, NAMES)["correct"].mean() < 1


def test_groups_are_the_papers():
    from srfp_lib import fleet

    found = separability.groups([n.model_id for n in fleet.published()])
    assert {k: len(v) for k, v in found.items()} == {"2X, L1": 7, "2X, all": 8, "4X, L1": 10, "4X, adversarial": 7}

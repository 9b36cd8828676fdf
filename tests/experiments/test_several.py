"""Several images of one source, and enrolled networks."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import several
from srfp_lib.experiments.uncertainty import Accuracy
from tests.experiments.conftest import index_of

NETWORKS = fleet.published()[:6]
IDS = tuple(n.model_id for n in NETWORKS)
PHOTOGRAPHS = tuple(f"p{i:02d}" for i in range(30))


def noisy(run: int, spread: float, photographs=PHOTOGRAPHS, images: int = 2) -> Predictions:
    """Features at a place of each network's own plus noise; scores are minus the distances to these places."""
    index = index_of(NETWORKS, photographs, images)
    rng = np.random.default_rng(run)
    places = 3 * np.eye(len(IDS))
    features = places[[IDS.index(m) for m in index["model_id"]]] + rng.normal(0, spread, (len(index), len(IDS)))
    scores = -np.square(features[:, None] - places).sum(2) / 2
    return Predictions("published", run, IDS, index, scores.astype(np.float32), features.astype(np.float32))


RUNS = [noisy(1, 3.0), noisy(2, 3.0)]


def test_one_image_is_the_accuracy_of_the_other_pages_and_several_know_more():
    table = several.from_several(RUNS).set_index(["group", "images"])
    answers = pd.concat([run.answers() for run in RUNS]).assign(correct=lambda t: t["model_id"] == t["predicted"])
    whole = table.loc["all"]
    assert whole.loc[1, "accuracy"] == pytest.approx(Accuracy.of(answers).estimate().value)
    assert whole["accuracy"].is_monotonic_increasing and whole.loc[5, "accuracy"] > whole.loc[1, "accuracy"] + 0.2
    assert whole.loc[5, "low"] < whole.loc[5, "accuracy"] < whole.loc[5, "high"] and np.isnan(whole.loc[10, "low"])  # three sets of ten photographs
    assert (whole["n_photographs"] == 30).all() and (table["chance"] == 1 / 6).all()


def test_the_sum_over_all_photographs_is_what_one_adds_up_by_hand():
    run = noisy(3, 3.0, PHOTOGRAPHS[:4], images=1)
    sums = pd.DataFrame(run.scores, columns=list(IDS)).groupby(run.index["model_id"]).sum()
    by_hand = (sums.idxmax(axis=1) == sums.index).mean()
    table = several.from_several([run], (4,))
    assert table.set_index("group").loc["all", "accuracy"] == pytest.approx(by_hand) and np.isnan(table["low"]).all()


def test_draws_are_repeatable_differ_by_seed_and_end_where_the_photographs_do():
    first, again, other = (several.from_several(RUNS, (3,), seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["accuracy"].equals(other["accuracy"])
    few = [noisy(1, 1.0, PHOTOGRAPHS[:4]), noisy(2, 1.0, PHOTOGRAPHS[4:7])]
    assert set(several.from_several(few)["images"]) == {1, 2, 3} and set(several.enrolled(few)["images"]) == {1, 2}


def test_splits_that_rotate_are_dealt_each_by_itself():
    table = several.from_several([noisy(1, 2.0, PHOTOGRAPHS[:15]), noisy(2, 2.0, PHOTOGRAPHS[15:])], (1, 3)).set_index(["group", "images"])
    assert (table["n_photographs"] == 30).all() and 0 < table.loc[("all", 3), "accuracy"] <= 1 and table.loc[("all", 3), "low"] > 0


def test_enrolled_networks_are_recognised_the_better_the_more_images_are_enrolled():
    table = several.enrolled(RUNS).set_index(["group", "images"]).loc["all"]
    assert table["accuracy"].is_monotonic_increasing and table.loc[10, "low"] > table.loc[10, "chance"]
    sure = several.enrolled([noisy(1, 0.1)], (1,)).set_index("group").loc["all"]
    assert sure["accuracy"] == 1


def test_no_enrolled_photograph_is_tested():
    """Features that say nothing but which photograph an image shows do not help."""
    index = index_of(NETWORKS, PHOTOGRAPHS[:10], 1)
    rng = np.random.default_rng(0)
    features = np.eye(10)[[PHOTOGRAPHS.index(p) for p in index["photograph"]]] * 9 + rng.normal(0, 0.1, (len(index), 10))
    run = Predictions("unseen", 1, IDS, index, np.zeros((len(index), 6), np.float32), features.astype(np.float32))
    table = several.enrolled([run], (1, 5)).set_index("group").loc["all"]
    assert ((table["low"] < 1 / 6) & (1 / 6 < table["high"])).all()


def test_with_one_photograph_nothing_is_left_to_test():
    run = noisy(1, 1.0, PHOTOGRAPHS[:1], images=1)
    table = several.enrolled([run])
    assert table.empty and list(table.columns) == list(several.enrolled(RUNS, (1,)).columns)
    assert set(several.from_several([run])["images"]) == {1}

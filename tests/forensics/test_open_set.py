"""The open set: splits as they are kept, measures with ties, baselines on classes that are plain to see, and the one function that scores."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet
from srfp_lib.common.errors import UserError
from srfp_lib.experiments.open_set import MEASURES, estimates
from srfp_lib.forensics import benchmark, scores, splits
from srfp_lib.forensics.described import Described
from srfp_lib.forensics.measures import Ranked, threshold

DIGESTS = {
    "seed": "1089d2a0b962155e",
    "dataset": "51bcfaf45383e716",
    "loss": "fe21a6095780779f",
    "architecture": "998ef98b77bbb267",
    "scale": "c9b309fb5ef4f55e",
    "real": "d89c8dce7f42eeef",
    "untouched": "4beef122fa925120",
    "bicubic": "47c855f4e26dd45f",
    "lanczos": "3de3e027cf919b08",
    "chain": "ac6ab6d6009ca773",
    "another real": "f49078d5c45f83b5",
}


def drawn(classes=4, images=30, d=12, distance=6.0, seed=0):
    """Gaussian classes."""
    rng = np.random.default_rng(seed)
    means = distance * rng.normal(size=(classes, d))
    y = np.repeat(np.arange(classes), images)
    return means[y] + rng.normal(size=(len(y), d)), y


@pytest.mark.parametrize("kind", splits.KINDS)
def test_the_kept_splits_are_as_they_were_drawn(kind):
    """Whoever changes them changes the benchmark: older rows of a leaderboard are of another one."""
    assert hashlib.sha256(splits.path(kind).read_bytes()).hexdigest()[:16] == DIGESTS[kind]
    assert splits.read(kind) == tuple(splits.draw(kind, number) for number in range(1, splits.SPLITS + 1))


@pytest.mark.parametrize("kind", splits.FACTORS)
def test_no_known_network_has_what_was_left_out(kind):
    for split in splits.read(kind):
        known, unknown = ([fleet.parse(n) for n in group] for group in (split.known, split.unknown))
        assert (len(set(known)), len(set(unknown))) == (splits.KNOWN, splits.UNKNOWN)
        if kind != "seed":
            assert not {getattr(n, kind) for n in known} & {getattr(n, kind) for n in unknown}
            continue
        for one in unknown:  # both siblings are known, and no known network has the initial weights of an unknown one
            siblings = [n for n in known if (n.architecture, n.scale, n.loss) == (one.architecture, one.scale, one.loss)]
            stack = [n for n in known if (n.architecture, n.scale) == (one.architecture, one.scale)]
            assert len(siblings) == 2 and one.seed not in {n.seed for n in stack}


def test_kinds_beside_the_fleet_have_the_same_known_networks_and_chains_end_in_one():
    for number in range(splits.SPLITS):
        assert len({splits.read(kind)[number].known for kind in splits.BESIDE}) == 1
        chain = splits.read("chain")[number]
        assert all(name.split(splits.THEN)[1] in chain.known for name in chain.unknown)
        assert not {fleet.parse(n).architecture for n in splits.read(splits.REAL)[number].known} & {
            fleet.parse(n).architecture for n in splits.read(splits.REAL)[number].unknown
        }


def test_a_chain_is_in_a_run_that_has_both_networks():
    split = splits.Split("chain", 1, ("A", "B"), ("A then B", "A then C"))
    assert split.within(["A", "B"]) == splits.Split("chain", 1, ("A", "B"), ("A then B",))


def test_measures_by_hand_with_ties():
    """Known 3 (right), 2 (right), 2 (wrong), 0 (right); unknown 2, 1."""
    curve = Ranked.of(np.array([3.0, 2, 2, 0]), np.array([True, True, False, True]), np.array([2.0, 1])).curve()
    assert curve.auroc() == pytest.approx((2 + 1.5 + 1.5 + 0) / 8)  # pairs won, a tie by half
    assert curve.oscr() == pytest.approx((2 + 1.5 + 0) / 8)
    assert curve.fpr_at_tpr(0.75) == 0.5 and curve.fpr_at_tpr() == 1.0
    assert curve.ccr_at_fpr(0.05) == 0.25 and curve.ccr_at_fpr(0.5) == 0.5


def test_equal_scores_tell_nothing():
    curve = Ranked.of(np.ones(6), np.ones(6, bool), np.ones(3)).curve()
    assert (curve.auroc(), curve.oscr(), curve.fpr_at_tpr(), curve.ccr_at_fpr(0.05)) == (0.5, 0.5, 1.0, 0.0)


def test_a_curve_without_some_images_is_that_of_the_others():
    rng = np.random.default_rng(1)
    known, right, unknown = rng.integers(0, 9, 40).astype(float), rng.random(40) < 0.7, rng.integers(0, 7, 30).astype(float)
    kept = rng.random(70) < 0.6
    some, alone = Ranked.of(known, right, unknown).curve(kept), Ranked.of(known[kept[:40]], right[kept[:40]], unknown[kept[40:]]).curve()
    for measure in ("auroc", "oscr", "fpr_at_tpr"):
        assert getattr(some, measure)() == pytest.approx(getattr(alone, measure)())


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="1 of them without a score"):
        Ranked.of(np.array([1.0, np.nan]), np.ones(2, bool), np.ones(1))


def test_a_threshold_rejects_at_most_the_share():
    known = np.array([1.0, 1, 1, 2, 3, 4, 5, 6, 7, 8])
    assert (known < threshold(known, 0.05)).mean() == 0 and (known < threshold(known, 0.3)).mean() == 0.3


def test_baselines_name_plain_classes_and_find_an_unknown_one():
    x, y = drawn()
    space = scores.Space().fit(x, y)
    unknown = drawn(classes=1, seed=9)[0]
    for name, baseline in scores.fitted(space(x), y).items():
        judged, other = baseline.scores(space(x)), baseline.scores(space(unknown))
        assert (judged.answer == y).mean() > 0.95, name
        assert Ranked.of(judged.known, judged.answer == y, other.known).curve().auroc() > 0.8, name


def test_the_space_is_white_within_classes():
    x, y = drawn(images=200)
    z = scores.Space().fit(x, y)(x)
    within = z - np.stack([z[y == k].mean(0) for k in range(4)])[y]
    assert np.allclose(within.T @ within / len(z), np.eye(z.shape[1]), atol=1e-3)


@pytest.fixture(scope="module")
def described():
    """Spectra of four known networks, an unknown one and photographs, of 14 photographs."""
    names = (fleet.HR, *(n.model_id for n in fleet.custom()[:5]))
    parts = ["train"] * 6 + ["validation"] * 2 + ["test"] * 6
    images = pd.DataFrame({"image": [f"i{i}" for i in range(28)], "photograph": [f"p{i // 2}" for i in range(28)], "part": np.repeat(parts, 2)})
    rng = np.random.default_rng(3)
    spectra = 4 * rng.normal(size=(6, 1, 20)) + rng.normal(size=(1, 28, 20)) + rng.normal(size=(6, 28, 20))
    return Described(names, images, spectra.astype(np.float16))


@pytest.fixture()
def split(described, monkeypatch):
    found = splits.Split("real", 1, described.networks[1:5], (described.networks[5], fleet.HR))
    monkeypatch.setattr(splits, "read", lambda kind: (found,))
    return found


def test_rows_of_a_split_are_scored_with_each_photograph_left_out(described, split):
    rows = benchmark.Fitted(described, split).judged(split, {})
    assert set(rows.loc[rows["part"] == "validation", "model_id"]) == set(split.known)  # no unknown one sets a threshold
    found = benchmark.measured(rows)
    assert len(found) == 7 * (1 + 6) and (found[found["left_out"] == ""]["auroc"] > 0.8).all()
    table = estimates(found, "kind", "baseline").set_index(["baseline", "measure"])
    assert set(table.index.get_level_values(1)) == set(MEASURES) and set(table["n_photographs"]) == {6}
    row = table.loc[("Mahalanobis", "oscr")]
    assert row["low"] <= row["value"] <= row["high"]


def test_estimates_of_a_mean_are_those_of_its_photographs():
    """For a plain mean the pseudo-values are the photographs' own values."""
    values = np.array([0.2, 0.4, 0.9, 0.5, 0.6])
    left = [("", values.mean()), *((f"p{i}", np.delete(values, i).mean()) for i in range(5))]
    measured = pd.DataFrame([{"kind": "k", "split": 1, "left_out": name} | dict.fromkeys(MEASURES, value) for name, value in left])
    row = estimates(measured, "kind").iloc[0]
    from srfp_lib.experiments.uncertainty import Accuracy

    whole = Accuracy(pd.DataFrame([values], columns=[f"p{i}" for i in range(5)]), (0.0, 1.0)).estimate()
    assert (row["value"], row["low"], row["high"]) == pytest.approx((whole.value, whole.low, whole.high))


def test_photographs_of_another_sort(described, split):
    found = benchmark.shifted(described, split)
    whole = found[found["left_out"] == ""]
    assert set(whole["shown"]) == {"like those of training", "of the other sort"} and len(whole) == 14
    assert sum(benchmark.busy(described).values()) >= 3


def test_a_row_of_the_leaderboard_from_a_file(described, split, tmp_path):
    rows = benchmark.Fitted(described, split).judged(split, {})
    file = tmp_path / "mine.csv"
    rows[rows["baseline"] == "energy"].to_csv(file, index=False)
    row = splits.score_row(file).iloc[0]
    assert row["kind"] == "real" and 0.8 < row["auroc"] <= 1 and row["n_known"] == 4
    rows.drop(columns="score").to_csv(file, index=False)
    with pytest.raises(UserError, match="lacks the column score"):
        splits.score_row(file)


def test_networks_of_another_split_are_refused(split):
    rows = pd.DataFrame({"kind": "real", "split": 1, "part": "test", "model_id": ["X"], "photograph": "p", "score": 1.0, "predicted": "X"})
    with pytest.raises(UserError, match="X: give its networks and no others"):
        splits.score(rows)
    with pytest.raises(UserError, match="1 to 5"):
        splits.score(rows.assign(split=7))


def test_a_kind_that_does_not_exist():
    with pytest.raises(UserError, match="there is no kind of unknown 'loose': choose one of seed"):
        splits.read("loose")

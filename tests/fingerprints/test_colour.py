"""The colour control sees casts and nothing else."""

import numpy as np
import pytest

from srfp_lib.fingerprints import colour


def test_casts_are_told_apart_and_texture_is_not_seen():
    rng = np.random.default_rng(0)
    hr = rng.integers(40, 200, (24, 8, 8, 3), dtype=np.uint8)
    casts = {"red": (5, 0, 0), "green": (0, 5, 0), "none": (0, 0, 0)}
    noise = {name: rng.integers(-1, 2, hr.shape) for name in casts}
    offsets = {name: colour.offset((hr + noise[name] + cast).astype(np.uint8), hr) for name, cast in casts.items()}
    train, test = (np.concatenate([o[part] for o in offsets.values()]) for part in (slice(0, 16), slice(16, 24)))
    scores = colour.log_probabilities(train, np.repeat(list(casts), 16).tolist(), test, list(casts))
    assert (scores.argmax(1) == np.repeat(range(3), 8)).all()
    assert abs(offsets["red"].mean(0) - (5, 0, 0)).max() < 0.1


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_blank_pictures_give_chance(value):
    blank = np.full((6, 3), value, np.float32)
    scores = colour.log_probabilities(blank, ["a", "a", "b", "b", "c", "c"], blank, ["a", "b", "c"])
    assert np.allclose(np.exp(scores), 1 / 3)


def test_classes_without_spread_are_told_apart_by_their_means():
    offsets = np.repeat(np.float32([0, 2, 5]), 2)[:, None] * np.ones(3, np.float32)
    scores = colour.log_probabilities(offsets, ["a", "a", "b", "b", "c", "c"], offsets, ["c", "a", "b"])
    assert scores.argmax(1).tolist() == [1, 1, 2, 2, 0, 0]


def test_equal_means_give_chance_without_a_warning():
    offsets = np.tile(np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32), (3, 1))
    assert np.allclose(np.exp(colour.log_probabilities(offsets, list("aaaabbbbcccc"), offsets, list("abc"))), 1 / 3, atol=1e-4)

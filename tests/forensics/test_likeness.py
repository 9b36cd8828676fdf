"""The score of a pair is the likelihood ratio of two normal models, and images of networks never learnt are told apart by it."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from srfp_lib.forensics import evidence
from srfp_lib.forensics.likeness import Likeness


def images(networks: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Networks vary in two directions of 42 only, and of the noise most is common to all features."""
    rng = np.random.default_rng(seed)
    means = np.pad(rng.normal(0, 5, (networks, 2)), ((0, 0), (0, 40)))
    found = means[:, None] + rng.normal(0, np.repeat([1, 5], [2, 40]), (networks, each, 42))
    mixed = found.reshape(-1, 42) @ np.random.default_rng(7).normal(0, 1, (42, 42))
    return mixed.astype(np.float32), np.repeat(np.arange(networks).astype(str), each)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 5), (3, 3)])
def test_the_score_is_the_ratio_of_the_two_densities(sizes):
    likeness = Likeness(np.zeros(2), np.ones(2), np.eye(2), np.array([3.0, 0.5]))
    first, second = np.array([[1.0, -2.0]]), np.array([[0.5, 1.0]])
    expected = 0.0
    for k, between in enumerate(likeness.between):
        shared = np.array([[0, between], [between, 0]])
        alone = np.diag([between + 1 / n for n in sizes])
        point = [first[0, k], second[0, k]]
        expected += multivariate_normal.logpdf(point, cov=alone + shared) - multivariate_normal.logpdf(point, cov=alone)
    assert likeness.score(first, second, images=sizes)[0] == pytest.approx(expected)


def test_networks_never_learnt_are_told_apart_though_most_of_a_spectrum_is_noise():
    likeness = Likeness.fit(*images(60, 20, 1))
    found, names = images(40, 2, 2)
    one, other = (np.concatenate([found[::2], found[::2]]), np.concatenate([found[1::2], np.roll(found[1::2], 1, 0)]))
    same = np.repeat([True, False], 40)
    learnt = evidence.eer(likeness.score(likeness.place(one), likeness.place(other)), same)
    plain = evidence.eer(likeness.cosine(one.astype(float), other.astype(float)), same)
    assert learnt < 0.35 < plain


def test_two_networks_are_too_few():
    with pytest.raises(ValueError, match="three networks"):
        Likeness.fit(*images(2, 20, 1))

"""Support vector machines as plain arrays, beside scikit-learn's own."""

import numpy as np
import pytest
from sklearn.svm import SVC

from srfp_lib.forensics import kernel
from srfp_lib.forensics.kernel import Machine


@pytest.fixture
def points():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(120, 5)).astype(np.float32) * [1, 2, 3, 4, 5] + 7
    return x.astype(np.float32), (np.square((x - 7) / [1, 2, 3, 4, 5]).sum(1) < 4)


@pytest.mark.parametrize("linear", [False, True])
def test_scores_are_those_of_scikit_learn(points, linear):
    x, inside = points
    machine = Machine.fit(x[:100], inside[:100], linear=linear)
    standard = (x - machine.mean) / machine.sd
    its = SVC(C=kernel.LINEAR if linear else kernel.GAUSSIAN, kernel="linear" if linear else "rbf", gamma=1 / 5, class_weight="balanced")
    if linear:
        its.set_params(C=kernel.LINEAR / 5)  # its products are not divided by the number of features
    expected = its.fit(standard[:100], inside[:100]).decision_function(standard)
    assert np.allclose(machine.scores(x), expected, atol=1e-2) and len(machine.support) == (0 if linear else len(its.support_))


def test_a_curved_border_is_found_by_one_of_the_two(points):
    x, inside = points
    right = [(Machine.fit(x[:100], inside[:100], linear=linear).scores(x[100:]) > 0) == inside[100:] for linear in (False, True)]
    assert right[0].mean() > 0.75 > right[1].mean()


def test_one_side_alone_gives_everything_zero(points):
    x, _ = points
    assert not Machine.fit(x, np.ones(len(x), bool)).scores(x).any()


def test_a_machine_comes_back_from_tensors(points):
    x, inside = points
    machine = Machine.fit(x, inside)
    expected, tensors = machine.scores(x), machine.tensors("a")
    assert (Machine.of(tensors, "a").scores(x) == expected).all()
    with pytest.raises(KeyError):
        Machine.of(tensors, "b")

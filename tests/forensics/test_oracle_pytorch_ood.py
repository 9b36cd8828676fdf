"""The baselines and measures of the open set, compared with those of pytorch-ood (Apache-2.0), which knows unknown images by high scores."""

import warnings

import numpy as np
import pytest
import torch

from srfp_lib.forensics import scores
from srfp_lib.forensics.measures import Ranked

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    detector = pytest.importorskip("pytorch_ood.detector", reason="pytorch-ood, of the extra test, is not installed")
    functional = pytest.importorskip("pytorch_ood.metrics.functional")

RNG = np.random.default_rng(5)
Y = np.repeat(np.arange(5), 80)
X = 2 * RNG.normal(size=(5, 16))[Y] + RNG.normal(size=(400, 16))
NEW = 2 * RNG.normal(size=(100, 16))
LOGITS = 3 * RNG.normal(size=(100, 5))


def tensor(array):
    return torch.from_numpy(np.asarray(array))


@pytest.mark.parametrize("ours, theirs", [(scores.MaximumSoftmax, "MaxSoftmax"), (scores.MaximumLogit, "MaxLogit"), (scores.Energy, "EnergyBased")])
def test_scores_of_logits(ours, theirs):
    found = ours(np.eye(5), np.zeros(5)).scores(LOGITS)
    assert np.allclose(found.known, -getattr(detector, theirs).score(tensor(LOGITS)).numpy(), rtol=1e-6, atol=1e-6)
    assert (found.answer == LOGITS.argmax(1)).all()


def test_mahalanobis_and_relative_mahalanobis():
    """Theirs takes sums of squares for covariances, and half the distance for the first; it works in single precision inside."""
    x, new = X.astype(np.float32), NEW.astype(np.float32)
    plain = detector.Mahalanobis(None).fit_features(tensor(x), tensor(Y))
    assert np.allclose(
        scores.Mahalanobis().fit(X, Y).scores(NEW).known / len(X) / 2, -plain.predict_features(tensor(new)).numpy(), rtol=1e-4, atol=1e-6
    )
    relative = detector.RMD(None).fit_features(tensor(x), tensor(Y))
    assert np.allclose(scores.RelativeMahalanobis().fit(X, Y).scores(NEW).known / len(X), -relative.predict_features(tensor(new)).numpy(), atol=1e-6)


def test_nearest_neighbour():
    """Of unit vectors the squared distance is twice one less the cosine."""
    theirs = detector.KNN(None, k=1).fit_features(tensor(X), tensor(Y)).predict_features(tensor(NEW)).numpy()
    assert np.allclose(2 - 2 * scores.Neighbours(1).fit(X, Y).scores(NEW).known, theirs**2, atol=1e-6)


@pytest.mark.parametrize("decimals", [12, 0])
def test_measures(decimals):
    """With many equal scores as well."""
    known, right, unknown = RNG.normal(2, 1, 300).round(decimals), RNG.random(300) < 0.7, RNG.normal(0, 1, 200).round(decimals)
    curve = Ranked.of(known, right, unknown).curve()
    theirs, labels = tensor(-np.concatenate([known, unknown])), tensor(np.repeat([0, -1], [300, 200]))
    assert curve.auroc() == pytest.approx(float(functional.auroc(theirs, labels)), abs=1e-6)
    # Theirs counts how many known images are rejected where 95 % of the unknown are; ours is the other way round.
    assert curve.fpr_at_tpr() == pytest.approx(float(functional.fpr_at_tpr(-theirs, -1 - labels)), abs=1e-6)
    predicted = tensor(np.concatenate([~right, np.zeros(200)]).astype(int))
    assert curve.oscr() == pytest.approx(functional.oscr_score(theirs, predicted, labels), abs=1e-6)

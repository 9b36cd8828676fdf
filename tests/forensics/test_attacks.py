"""Attacks reach their goal within their budget; without a budget they change nothing."""

import numpy as np
import pytest
import torch

from srfp_lib.fingerprints.linear import Linear
from srfp_lib.forensics.attacks import climb
from srfp_lib.images.metrics import psnr
from srfp_lib.images.spectrum import log_power
from srfp_lib.stages.judges import of_spectra


@pytest.fixture(scope="module")
def images(tiles):
    return np.clip(tiles, 20, 235)


@pytest.fixture(scope="module")
def model(images):
    """Three classes that differ by the strength of their noise."""
    rng, fitted = np.random.default_rng(0), Linear()
    for sigma in (0, 3, 9):
        noisy = np.clip(images + rng.normal(0, sigma, (2, *images.shape)), 0, 255).astype(np.uint8).reshape(-1, *images.shape[1:])
        fitted.add(log_power(as_floats(noisy)).numpy())
    return fitted


def as_floats(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def test_the_scores_are_those_of_the_linear_model(model, images):
    shown = as_floats(images)
    assert np.allclose(of_spectra(model)(shown).numpy(), model.scores(log_power(shown).numpy()), atol=1e-3)


@pytest.mark.parametrize("decibels", [36.0, 42.0])
def test_the_budget_is_kept_and_used(model, images, decibels):
    found = climb(of_spectra(model), images, np.zeros(6, np.int64), decibels, forge=False)
    assert found.dtype == np.uint8 and found.shape == images.shape
    assert (psnr(found, images) > decibels - 0.7).all() and psnr(found, images).min() < decibels + 3


def test_hiding_lowers_and_forging_raises_the_probability_and_more_budget_does_more(model, images):
    scores, third = of_spectra(model), np.full(6, 2)
    before = scores(as_floats(images)).numpy()
    after = {d: scores(as_floats(climb(scores, images, third, d, forge=True))).numpy()[:, 2] for d in (50.0, 40.0)}
    assert (after[50.0] > before[:, 2]).all() and (after[40.0] >= after[50.0]).all()
    hidden = scores(as_floats(climb(scores, images, np.zeros(6, np.int64), 40.0, forge=False))).numpy()[:, 0]
    assert (hidden < before[:, 0]).all()


def test_a_larger_budget_that_begins_with_a_smaller_one_is_never_worse(model, images):
    scores, third = of_spectra(model), np.full(6, 2)
    small = climb(scores, images, third, 50.0, forge=True)
    large = climb(scores, images, third, 30.0, forge=True, start=small, steps=2)
    assert (scores(as_floats(large))[:, 2] >= scores(as_floats(small))[:, 2] - 1e-3).all()


def test_without_a_budget_nothing_changes(model, images):
    assert np.array_equal(climb(of_spectra(model), images, np.zeros(6, np.int64), 60.0, forge=True), images)

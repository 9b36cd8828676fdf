"""A linear probe of features and spectrum."""

import numpy as np
import pytest
import torch

from srfp_lib.classifiers import probe, recipe
from srfp_lib.classifiers.bodies import SMALL, Classifier
from srfp_lib.classifiers.spectrum import Probe
from srfp_lib.images.spectrum import SPECTRUM, WINDOW, HighPass, log_power
from tests.classifiers.test_classifiers import fitting_on, store  # noqa: F401  # a fixture


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(32, 32), (40, 70), (20, 36)])
def test_a_log_power_spectrum_has_the_same_length_for_every_size(size):
    assert log_power(noise(2, 3, *size)).shape == (2, SPECTRUM) and torch.isfinite(log_power(torch.zeros(1, 3, *size))).all()


def test_the_log_power_is_welchs_of_the_residual():
    image = noise(1, 3, 48, 32)
    residual = HighPass()(image)[0, 1].numpy()
    hann = np.hanning(WINDOW + 1)[:-1]
    powers = [np.abs(np.fft.rfft2(residual[top : top + 32] * np.outer(hann, hann))) ** 2 for top in (0, 16)]
    expected = np.mean(np.log(np.array(powers) + 1e-6), axis=0).ravel()
    np.testing.assert_allclose(log_power(image)[0].reshape(3, -1)[1], expected, rtol=1e-3, atol=1e-3)


def test_the_spectrum_of_a_pattern_of_period_4_does_not_depend_on_where_an_image_begins():
    image = noise(1, 3, 4, 4).tile(1, 1, 32, 32)
    found = torch.stack([log_power(image[..., row : row + 98, column : column + 98])[0] for row, column in ((1, 2), (2, 7), (8, 3))])
    strong = found[0] > -2
    assert strong.sum() > 100 and (found - found[0])[:, strong].abs().max() < 1e-2 * found[0, strong].std()


def test_the_gradient_of_the_log_power_is_that_of_finite_differences():
    image, direction = noise(1, 3, 32, 32).double().mul(0.1).requires_grad_(True), noise(1, 3, 32, 32, seed=1).double() - 0.5
    log_power(image).mean().backward()
    with torch.no_grad():
        ahead, behind = (log_power(image + step * direction).mean() for step in (1e-6, -1e-6))
    assert float((image.grad * direction).sum()) == pytest.approx(float(ahead - behind) / 2e-6, rel=1e-3)


def test_a_fitted_probe_reaches_the_optimum_and_separates_what_a_line_separates():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    found = torch.randn(60, 4 + SPECTRUM, generator=generator) + 3 * torch.nn.functional.one_hot(labels, 4 + SPECTRUM)
    fitted = Probe(4, 3)
    assert torch.allclose(fitted(found).exp(), torch.tensor(1 / 3))  # it says nothing before
    fitted.fit(found, labels)
    assert (fitted(found).argmax(1) == labels).all()
    loss = torch.nn.functional.nll_loss(fitted(found), labels) + 0.01 * fitted.linear.weight.square().sum()
    assert max(float(g.abs().max()) for g in torch.autograd.grad(loss, list(fitted.parameters()))) < 1e-3


@pytest.mark.parametrize("name", SMALL)
def test_the_probe_counts_in_evaluation_alone(name):
    model, image = Classifier(name, {"a": 3}, probed=True), noise(2, 3, 40, 40)
    plain = Classifier(name, {"a": 3})
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if "probes" not in k})
    torch.nn.init.normal_(model.probes["a"].linear.weight)
    assert torch.allclose(model(image)[1]["a"], plain(image)[1]["a"])
    features, logits = model.eval()(image)
    without = plain.eval()(image)
    assert torch.equal(features, without[0]) and features.shape == (2, 384) and not torch.allclose(logits["a"], without[1]["a"])


def test_probes_are_fitted_on_a_few_images_of_each_network_and_help(store):  # noqa: F811
    fitting = fitting_on(store, probed=True)
    model = recipe.fit_steps(fitting, 2)
    body = {k: v.clone() for k, v in model.body.state_dict().items()}
    probe.fit(fitting, 3)
    assert all(torch.equal(v, body[k]) for k, v in model.body.state_dict().items()) and model.probes["model_id"].linear.weight.any()
    picks = [(name, i) for name in fitting.ids for i in (4, 5)]
    scores = recipe.evaluate(model, store, picks, side=None, seed=1, precision="float32")[1]["model_id"]
    assert (scores.argmax(1) == np.repeat([0, 1, 2], 2)).all()

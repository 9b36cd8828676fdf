"""Noise residuals, and where the images that they are taken of begin."""

import numpy as np
import pytest
from skimage.restoration import denoise_wavelet

from srfp_lib.common.errors import UserError
from srfp_lib.fingerprints import prnu


def test_the_wavelet_residual_is_that_of_scikit_image(tiles):
    ours = prnu.wavelet_residual(tiles)
    for tile, residual in zip(tiles, ours, strict=True):
        denoised = denoise_wavelet(tile.astype(float), wavelet="db4", method="BayesShrink", mode="soft", channel_axis=-1, rescale_sigma=False)
        assert np.abs(tile - denoised - residual).max() < 0.02


def fingerprint_of(residuals):
    found = prnu.Fingerprint()
    for residual in residuals:
        found.add(residual)
    return found


def test_a_network_is_found_by_its_mean_residual():
    rng = np.random.default_rng(0)
    patterns = rng.normal(0, 3, (2, 8, 8, 3)).astype(np.float32)
    noisy = [pattern + rng.normal(0, 1, (20, 8, 8, 3)).astype(np.float32) for pattern in patterns]
    fingerprints = np.stack([fingerprint_of(part[:10]).mean for part in noisy])
    assert prnu.scores(noisy[1][10:], fingerprints).argmax(1).tolist() == [1] * 10


def test_residuals_can_be_cropped_and_stored_as_whole_levels(tiles):
    whole = prnu.residuals(prnu.centre(tiles, 16), "wavelet", int8=True)
    assert whole.shape == (6, 16, 16, 3) and np.array_equal(whole, np.trunc(whole))


@pytest.mark.parametrize(("name", "sentence"), [("wavelets", "there is no denoiser 'wavelets'"), ("bm3d", "the package is not installed")])
def test_denoisers_that_cannot_be_had_are_named(name, sentence, tiles, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bm3d", None)
    with pytest.raises(UserError, match=sentence):
        prnu.residuals(tiles, name, int8=False)


def test_out_of_phase_images_differ_by_image_and_not_by_network():
    image = np.arange(24 * 20 * 3, dtype=np.uint8).reshape(24, 20, 3)
    same = prnu.out_of_phase(np.stack([image] * 12), range(12), master_seed=1)
    assert same.shape == (12, 17, 13, 3) and len({cut.tobytes() for cut in same}) > 6
    assert np.array_equal(same, prnu.out_of_phase(np.stack([image] * 12), range(12), master_seed=1))


PLACE = np.stack(np.broadcast_arrays(*np.ogrid[:40, :44], 0), -1).astype(np.uint8)  # every pixel holds its row and column


def corners(numbers=range(12), images=None, **how):
    """Where the cut images begin."""
    images = np.stack([PLACE] * len(numbers)) if images is None else images
    shown = prnu.cut(images, numbers, master_seed=1, **{"crop": None, "tiles": True, "known_offset": False} | how)
    return {tuple(image[0, 0, :2].tolist()) for image in shown}, shown.shape


def test_the_baseline_sees_tiles_in_unknown_offsets_and_the_control_in_one():
    places, shape = corners()
    assert len(places) > 6 and len({(row % 4, column % 4) for row, column in places}) > 6 and shape == (12, 33, 37, 3)
    assert corners(known_offset=True) == ({(8, 8)}, (12, 24, 28, 3))  # no pixel at the border
    assert len(corners(crop=16)[0]) > 6 and corners(crop=16, known_offset=True) == ({(8, 8)}, (12, 16, 16, 3))
    assert corners((5,)) == corners((5,)) != corners((6,))  # by the number of the image, for all networks alike


def test_photographs_are_cropped_at_their_centre_as_by_the_authors():
    assert corners((1,), crop=21, tiles=False)[0] == {(9, 11)}
    assert corners((1,), crop=21, tiles=False, known_offset=True) == ({(8, 8)}, (1, 21, 21, 3))
    assert len(corners(tiles=False)[0]) > 6  # whole images of one size are all in one phase

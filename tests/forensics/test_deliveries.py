"""Deliveries change what they promise, and nothing else; they repeat themselves."""

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.forensics.deliveries import DELIVERIES, MILD, deliver
from srfp_lib.images.metrics import psnr


@pytest.fixture(scope="module")
def image(tiles):
    return np.ascontiguousarray(tiles[0, :44])  # 44 x 48


def arriving(name, image, seed=0):
    return deliver(name, image, np.random.default_rng(seed))


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_delivery_repeats_itself_and_leaves_its_image_alone(image, name):
    before = image.copy()
    found = arriving(name, image)
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3
    assert np.array_equal(found, arriving(name, image)) and np.array_equal(image, before)
    assert not np.shares_memory(found, image)
    assert name == "png" or found.shape != image.shape or not np.array_equal(found, image)


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_single_pixel_arrives(name):
    assert arriving(name, np.full((1, 1, 3), 90, np.uint8)).size >= 3


@pytest.mark.parametrize(("name", "shape"), [
    ("size-50", (22, 24)), ("size-98", (43, 47)), ("size-200", (88, 96)), ("crop-75", (33, 36)), ("shift-1", (43, 47)), ("reupscaled-50", (44, 48)),
    ("messenger", (33, 36)), ("crop-50+size-200", (44, 48)),
])  # fmt: skip
def test_sizes(image, name, shape):
    assert arriving(name, image).shape[:2] == shape


def test_a_crop_and_a_shift_move_pixels_only(image):
    assert np.array_equal(arriving("shift-1", image), image[1:, 1:])
    cut = arriving("crop-90", image)
    places = [(r, c) for r in range(44 - 40 + 1) for c in range(48 - 43 + 1) if np.array_equal(image[r : r + 40, c : c + 43], cut)]
    assert len(places) == 1
    assert any(not np.array_equal(arriving("crop-90", image, seed), cut) for seed in range(1, 4))


@pytest.mark.parametrize("kind", ["jpeg", "jpeg420", "webp", "blur", "noise", "bits"])
def test_stronger_deliveries_lose_more(image, kind):
    names = [name for name in DELIVERIES if name.startswith(f"{kind}-")]
    found = [psnr(arriving(name, image)[None], image[None])[0] for name in names]
    assert len(found) >= 3 and all(a > b for a, b in zip(found, found[1:], strict=False))


def test_less_colour_is_kept_where_it_is_subsampled(image):
    assert psnr(arriving("jpeg-90", image)[None], image[None]) > psnr(arriving("jpeg420-90", image)[None], image[None])


def test_the_grid_of_jpeg_begins_at_the_first_pixel():
    image = np.repeat(np.repeat(np.random.default_rng(0).integers(60, 200, (6, 6, 3), np.uint8), 8, 0), 8, 1)  # flat blocks of 8 x 8
    on, off = arriving("jpeg-50", image), arriving("jpeg-50", np.ascontiguousarray(image[3:, 3:]))
    assert psnr(on[None], image[None]) > psnr(off[None], image[None, 3:, 3:]) + 10


def test_the_mean_colour_goes(image):
    dim = image // 4 + 20
    found = arriving("grey", dim)
    assert np.allclose(found.mean((0, 1)), 127.5, atol=0.1) and np.allclose(found.std((0, 1)), dim.std((0, 1)), rtol=0.02)


def test_bits_leave_so_many_levels(image):
    assert len(np.unique(arriving("bits-4", image))) <= 16 and {0, 255} <= set(np.unique(arriving("bits-4", np.array([[[0, 255, 9]]], np.uint8))))


def test_mild_ones_exist_and_are_mild(image):
    assert 8 <= len(MILD) <= 12
    same_size = [arriving(name, image) for name in MILD if arriving(name, image).shape == image.shape]
    assert len(same_size) >= 5 and all(psnr(a[None], image[None]) > 25 for a in same_size)


def test_names_that_do_not_exist_are_refused(image):
    with pytest.raises(UserError, match="no delivery 'jpeg-97'"):
        arriving("png+jpeg-97", image)

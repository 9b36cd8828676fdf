"""Crops of images of different sizes: the same from decoded pixels and from PNG files."""

import numpy as np
import pytest
import torch
from PIL import Image

from srfp_lib.common.errors import UserError
from srfp_lib.images.arrays import ArrayFile
from srfp_lib.images.store import Images, ahead

NAMES = [f"i{i}" for i in range(5)]
PICKS = [("B", 4), ("A", 0), ("A", 3), ("B", 1), ("A", 2), ("A", 0)]


@pytest.fixture
def folders(tmp_path):
    """Five images of 20 x 30 to 24 x 26 of the networks A and B and the true ones, decoded and as PNG."""
    rng = np.random.default_rng(0)
    (tmp_path / "decoded").mkdir()
    for network in ("A", "B", "true"):
        (tmp_path / "images" / network).mkdir(parents=True)
        with ArrayFile(tmp_path / "decoded" / f"{network}.npy", 5) as file:
            for i, name in enumerate(NAMES):
                pixels = rng.integers(0, 256, (20 + i, 30 - i, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "images" / network / f"{name}.png")
                file.add(pixels)
    return tmp_path / "images", tmp_path / "decoded"


def both(folders, **settings):
    return Images(*folders, NAMES, **settings), Images(folders[0], folders[0] / "nothing", NAMES, **settings)


@pytest.mark.parametrize("match", ["", "true"])
@pytest.mark.parametrize("grid", [1, 4])
def test_decoded_pixels_and_png_files_give_the_same_crops(folders, match, grid):
    decoded, png = both(folders, match=match)
    a, b = (images.random_crops(PICKS, 16, grid=grid, rng=np.random.default_rng(1)) for images in (decoded, png))
    assert torch.equal(a, b) and a.shape == (6, 3, 16, 16)
    assert torch.equal(decoded.test_crops(PICKS, 10, seed=1), png.test_crops(PICKS, 10, seed=1))
    assert [decoded.size(p) for p in PICKS] == [png.size(p) for p in PICKS]
    assert decoded.kept("A") is not None and png.kept("A") is None


def test_whole_images_come_one_at_a_time_and_may_be_written_to(folders):
    for images in both(folders):
        batches = list(images.batches("A", (0, 2), most=16))
        assert [batch.shape for batch in batches] == [(1, 20, 30, 3), (1, 22, 28, 3)] and batches[0].flags.writeable


def test_tiles_come_several_at_a_time_from_png_files_too(folders):
    for images in both(folders, tiles=True):
        assert [len(batch) for batch in images.batches("A", (0, 0, 0), most=2)] == [2, 1]


def test_the_threads_that_decode_are_started_once(folders):
    png = both(folders)[1]
    png.test_crops(PICKS, 8, seed=1)
    pool = png._pool
    png.test_crops(PICKS, 8, seed=1)
    assert png._pool is pool and 0 < len(pool._threads) <= 16


def test_a_crop_larger_than_one_of_the_images_is_named(folders):
    for images in both(folders):
        with pytest.raises(UserError, match="image 'i1' of B is 21 x 29, smaller than the crop of 22 pixels: set classifier.crop lower"):
            images.random_crops(PICKS[3:], 22, grid=1, rng=np.random.default_rng(0))


def test_a_damaged_decoded_file_is_named(folders):
    (folders[1] / "B.npy").write_bytes((folders[1] / "B.npy").read_bytes()[:-1])
    with pytest.raises(UserError, match="B.npy' is damaged"):
        Images(*folders, NAMES).test_crops(PICKS, 8, seed=1)


def test_one_item_is_made_ahead_and_no_more():
    made = []
    items = ahead(made.append(n) or n for n in range(5))
    assert next(items) == 0 and next(items) == 1
    items.close()  # waits for the thread
    assert made == [0, 1, 2]


def test_what_goes_wrong_ahead_is_told_in_its_turn():
    def broken():
        yield 1
        raise UserError("the image is damaged")

    items = ahead(broken())
    assert next(items) == 1
    with pytest.raises(UserError, match="the image is damaged"):
        next(items)

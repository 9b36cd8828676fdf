"""The training sets of Table A.1: which images they are, and their LR images."""

import numpy as np
import pytest
from PIL import Image

from srfp_lib.common.errors import UserError
from srfp_lib.photos.paper_sets import members, reduce, write_lr
from srfp_lib.photos.reading import read


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Folders with the file names of both sets and nothing in the files."""
    root = tmp_path_factory.mktemp("sets")
    for name, count, width in (("div2k", 900, 4), ("flickr2k", 2650, 6)):
        (root / name).mkdir()
        for number in range(1, count + 1):
            (root / name / f"{number:0{width}d}.png").touch()
    return root


def test_the_first_800_train_and_the_next_are_held_out(sets):
    names = [p.stem for p in members("div2k", sets / "div2k")]
    assert (len(names), names[0], names[-1]) == (800, "0001", "0800")
    assert [p.stem for p in members("div2k", sets / "div2k", "validation")][::99] == ["0801", "0900"]
    parts = [members("flickr2k", sets / "flickr2k", part) for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [800, 100, 100] and len(set(sum(parts, []))) == 1000
    assert parts[2][-1].stem == "001000"


@pytest.mark.parametrize("name", ["div2k", "flickr2k"])
def test_a_quarter_is_the_first_200_of_the_800(sets, name):
    assert members(f"quarter_{name}", sets / name) == members(name, sets / name)[:200]


def test_images_are_found_below_the_folder_of_the_archive(sets, tmp_path):
    (tmp_path / "Flickr2K").mkdir()
    (sets / "flickr2k").rename(tmp_path / "Flickr2K" / "Flickr2K_HR")
    try:
        assert len(members("flickr2k", tmp_path)) == 800
    finally:
        (tmp_path / "Flickr2K" / "Flickr2K_HR").rename(sets / "flickr2k")


@pytest.mark.parametrize(("dataset", "arguments", "sentence"), [
    ("div3k", {}, "there is no set 'div3k'"), ("div2k", {"part": "test"}, "no set 'div2k' with a part 'test'"),
    ("flickr2k", {"part": "test"}, "has 900 images, and test of flickr2k are images 901 to 1000"),
])  # fmt: skip
def test_what_is_not_there_is_said(sets, dataset, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        members(dataset, sets / "div2k", **arguments)


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        members("div2k", tmp_path / "nowhere")


@pytest.fixture
def hr(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (42, 61, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "0001.png")
    return tmp_path / "0001.png", pixels


def test_lr_images_are_matlabs_and_are_not_made_twice(hr, tmp_path):
    path, pixels = hr
    (lr,) = write_lr([path], tmp_path / "lr", 2)
    assert lr.name == "0001x2.png" and np.array_equal(read(lr)[0], reduce(pixels, 2))
    made = lr.stat().st_mtime_ns
    write_lr([path], tmp_path / "lr", 2)
    assert lr.stat().st_mtime_ns == made


def test_a_damaged_image_is_named(tmp_path):
    (tmp_path / "0001.png").write_bytes(b"damaged")
    with pytest.raises(UserError, match="0001.png' cannot be decoded.*fetch the set again"):
        write_lr([tmp_path / "0001.png"], tmp_path / "lr", 2)

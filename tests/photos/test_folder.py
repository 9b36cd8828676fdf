"""A folder of one's own: roles depend on the pictures alone, and what cannot be used is named."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srfp_lib import photos
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE


def fill(folder, names, size=(120, 100)):
    folder.mkdir(exist_ok=True)
    for i, name in enumerate(names):
        pixels = np.random.default_rng(i).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return replace(SMOKE.photographs, source=str(folder), max_images=20)


NAMES = [f"p{i:02d}.png" for i in range(12)]


def test_every_photograph_has_one_role_and_every_part_has_images(tmp_path):
    found = photos.load(fill(tmp_path, NAMES), master_seed=1)
    own = found.photographs[found.photographs["source"] == "folder"]
    assert own["role"].value_counts().to_dict() == {"classify": 7, "div2k": 2, "flickr2k": 2, "stand-ins": 1}
    assert set(found.images["fold"]) == {0, 1, 2, 3}
    rows, tiles = zip(*found.training(), strict=True)
    assert {row["dataset"] for row in rows} == {"div2k", "flickr2k", "stand-ins"}
    assert len(found.images) == len(list(found.image_pixels())) and {tile.shape for tile in tiles} == {(48, 48, 3)}
    assert found.n_training == len(tiles) and not set(found.images["photograph"]) & {row["photograph"] for row in rows}


def test_roles_do_not_depend_on_names_or_order(tmp_path):
    first = photos.load(fill(tmp_path / "a", NAMES), master_seed=1).photographs.set_index("sha256")
    second = photos.load(fill(tmp_path / "b", [f"z{99 - i}.png" for i in range(12)]), master_seed=1).photographs.set_index("sha256")
    assert first[["role", "fold"]].sort_index().equals(second[["role", "fold"]].sort_index())


def test_the_same_bits_twice(tmp_path):
    settings = fill(tmp_path, NAMES)
    a, b = (photos.load(settings, master_seed=1) for _ in range(2))
    pairs = zip(a.training(), b.training(), strict=True)
    assert all(x == y and np.array_equal(p, q) for (x, p), (y, q) in pairs) and a.images.equals(b.images)


def test_unusable_files_are_skipped_and_named(tmp_path):
    settings = fill(tmp_path, NAMES)
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    Image.new("RGB", (20, 200)).save(tmp_path / "small.png")
    (tmp_path / "twin.png").write_bytes((tmp_path / "p00.png").read_bytes())
    (tmp_path / "notes.txt").write_text("other files are ignored")
    skipped = photos.load(settings, master_seed=1).skipped.set_index("file")["reason"]
    assert set(skipped.index) == {"broken.jpg", "small.png", "twin.png"}
    assert (
        "cannot be decoded" in skipped["broken.jpg"] and "smaller than" in skipped["small.png"] and "same picture as p00.png" in skipped["twin.png"]
    )


def test_files_of_one_stem_are_two_photographs(tmp_path):
    settings = fill(tmp_path, [*NAMES, "p00.tif"])
    assert photos.load(settings, master_seed=1).photographs["photograph"].is_unique


@pytest.mark.parametrize(("count", "sentence"), [(0, "0 usable photographs and 10 are needed"), (5, "5 usable photographs and 10 are needed")])
def test_too_few_is_an_error_that_says_how_many(tmp_path, count, sentence):
    with pytest.raises(UserError, match=sentence):
        photos.load(fill(tmp_path, NAMES[:count]), master_seed=1)


def test_a_missing_folder_and_a_file_are_refused(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        photos.load(replace(SMOKE.photographs, source=str(tmp_path / "none")), master_seed=1)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file"):
        photos.load(replace(SMOKE.photographs, source=str(tmp_path / "file")), master_seed=1)


def test_a_cap_that_leaves_a_part_empty_is_refused(tmp_path):
    with pytest.raises(UserError, match="no image is left for"):
        photos.load(replace(fill(tmp_path, NAMES), max_images=1), master_seed=1)


def test_a_cap_keeps_the_folds_in_proportion(tmp_path):
    settings = replace(fill(tmp_path, [f"p{i:02d}.png" for i in range(40)]), max_images=12, max_images_per_photograph=1, rotations=1)
    assert photos.load(settings, master_seed=1).images["fold"].value_counts().to_dict() == {0: 8, 1: 1, 2: 3}

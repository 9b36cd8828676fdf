"""A folder of one's own: roles depend on the pictures alone, and what cannot be used is named."""

import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srfp_lib import photos
from srfp_lib.common.errors import UserError
from srfp_lib.photos import folder as folders
from srfp_lib.profiles import SMOKE
from tests.photos.test_reading import bomb, odd_resolution


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
    assert own["role"].value_counts().to_dict() == {"classify": 7, "div2k": 2, "flickr2k": 2, "development": 1}
    assert set(found.images["fold"]) == {0, 1, 2, 3}
    rows, tiles = zip(*found.training(), strict=True)
    assert {row["dataset"] for row in rows} == {"div2k", "flickr2k"}
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
    (tmp_path / "notes.txt").write_text("no photograph")
    (tmp_path / ".DS_Store").touch()
    skipped = photos.load(settings, master_seed=1).skipped.set_index("file")["reason"]
    assert set(skipped.index) == {"broken.jpg", "small.png", "twin.png", "notes.txt"} and ".txt is no kind of image" in skipped["notes.txt"]
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


def test_no_two_photographs_get_one_name(tmp_path):
    """Whatever their suffixes, case and Unicode form; drawn images neither."""
    odd = ["q.png", "q.tif", "q.2.png", "Q.bmp", "caf\u00e9.png", "cafe\u0301.png", "dead_leaves_div2k_00.png"]
    table = photos.load(fill(tmp_path, [*NAMES, *odd]), master_seed=1).photographs
    assert len(table) == 12 + len(odd) + 2
    assert table["photograph"].str.normalize("NFC").str.casefold().is_unique


def test_every_file_is_used_or_listed_with_the_reason(tmp_path):
    settings = fill(tmp_path, NAMES)
    for name in ("a.HEIC", "b.heic", "IMG_1"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "album.jpg").mkdir()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.png")
    bomb(tmp_path / "bomb.png")
    odd_resolution(tmp_path / "resolution.jpg")
    found = photos.load(settings, master_seed=1)
    listed = found.skipped.set_index("file")["reason"]
    assert set(listed.index) | set(found.photographs["file"]) - {""} == {path.name for path in tmp_path.iterdir()}
    assert ".HEIC is no kind of image that is read here: convert a photograph to PNG or JPEG" in listed["a.HEIC"]
    assert "a folder" in listed["album.jpg"] and "No such file" in listed["gone.png"] and "no regular file" in listed["pipe.png"]
    assert listed["bomb.png"] == "more than 100,000,000 pixels" and "without a suffix" in listed["IMG_1"]
    folders.check(tmp_path, 48)


def test_photographs_of_another_format_are_named_in_the_error(tmp_path):
    for i in range(12):
        (tmp_path / f"{i}.HEIC").write_bytes(b"x")
    for look in (lambda: folders.check(tmp_path, 48), lambda: photos.load(fill(tmp_path, []), master_seed=1)):
        with pytest.raises(UserError, match=r"0 usable .* 0.HEIC: .HEIC is no kind of image .* to PNG or JPEG; .* and 7 more"):
            look()


def test_bytes_that_are_no_text_in_a_name(tmp_path):
    settings = fill(tmp_path, NAMES)
    os.rename(os.fsencode(tmp_path / "p03.png"), os.fsencode(tmp_path) + b"/caf\xe9.png")
    os.rename(os.fsencode(tmp_path / "p04.png"), os.fsencode(tmp_path) + b"/caf\xe8.png")
    os.rename(tmp_path / "p05.png", tmp_path / "two\nlines.png")
    photos.content_digest(settings)
    folders.check(tmp_path, 48)
    table = photos.load(settings, master_seed=1).photographs
    assert {"caf\ufffd", "caf\ufffd.2", "two\ufffdlines"} < set(table["photograph"])
    table.to_csv(tmp_path / "table.csv")  # as UTF-8


def test_a_long_name_leaves_room_for_those_of_its_tiles(tmp_path):
    table = photos.load(fill(tmp_path, [*NAMES, "a" * 251 + ".png", "a" * 250 + "b.png"]), master_seed=1).photographs
    assert table["photograph"].is_unique and table["photograph"].str.len().max() == 202


def test_a_file_that_cannot_be_read_is_listed(tmp_path, monkeypatch):
    settings = fill(tmp_path, NAMES)
    (tmp_path / "mode000.png").symlink_to("/proc/self/mem")  # raises OSError for root too
    photos.content_digest(settings)
    folders.check(tmp_path, 48)
    assert photos.load(settings, master_seed=1).skipped["file"].tolist() == ["mode000.png"]


def test_a_folder_that_cannot_be_read_is_one_sentence(tmp_path, monkeypatch):
    def refused(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refused)
    with pytest.raises(UserError, match="cannot be read .Permission denied.: make it readable, or give another"):
        folders.files(tmp_path)

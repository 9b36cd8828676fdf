"""The embedded photographs, tiles, and the split."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srfp_lib import photos
from srfp_lib.common import memory
from srfp_lib.common.errors import UserError
from srfp_lib.photos import dead_leaves, embedded, split
from srfp_lib.photos.photoset import apart
from srfp_lib.photos.tiles import quotas, training_tiles
from srfp_lib.profiles import DEMO


@pytest.fixture(scope="module")
def found():
    return photos.load(DEMO.photographs, master_seed=1)


def training(found):
    return pd.DataFrame([row for row, _ in found.training()])


def test_the_listed_photographs_are_there(found):
    listed = {row["photograph"] for row in embedded.rows()}
    there = found.photographs[found.photographs["source"] != "dead leaves (drawn)"]
    assert listed <= set(there["photograph"])
    assert not there["note"].str.contains("another file").any()
    assert there["licence"].ne("").all() and there["credit"].ne("").all()


def test_drawn_images_are_named_as_such_and_serve_training_alone(found):
    drawn = found.photographs[found.photographs["source"] == "dead leaves (drawn)"]
    assert drawn["photograph"].str.startswith("dead_leaves_").all() and (drawn["fold"] == -1).all()


def test_images_are_cut_on_a_grid_of_four_and_a_quarter_is_a_quarter(found):
    assert {p.shape for p in found.image_pixels()} == {(96, 96, 3)}
    shares = training(found).groupby("dataset")["quarter"].mean()
    assert shares.between(0.2, 0.3).all()


def test_a_window_is_a_tile_with_its_surroundings(found):
    tiles, margin = list(found.image_pixels()), 16
    for tile, (window, top, left) in zip(tiles, found.windows(margin), strict=True):
        assert np.array_equal(window[top : top + 96, left : left + 96], tile)
        assert top % 4 == left % 4 == 0 and not window.shape[0] % 4 and not window.shape[1] % 4
        assert max(top, left) <= margin and max(window.shape[:2]) <= 96 + 2 * margin
    assert max(window.shape for window, _, _ in found.windows(margin)) == (128, 128, 3)


def test_every_photograph_is_tested_once():
    for fold in range(3):
        assert [split(fold, rotation=r, rotations=3) for r in range(3)].count("test") == 1
    assert {split(3, rotation=r, rotations=3) for r in range(3)} == {"validation"}
    assert [split(f, rotation=0, rotations=1) for f in range(3)] == ["train", "validation", "test"]


def test_embedded_photographs_are_dealt_for_one_or_three_rotations():
    with pytest.raises(UserError, match="rotations is 5"):
        photos.load(replace(DEMO.photographs, rotations=5), master_seed=1)


def test_of_one_picture_in_two_roles_the_second_is_left_out_and_listed():
    photographs, _ = embedded.load(rotations=3)
    twin = replace(photographs[0], name="other", file="other.png", role="div2k", fold=-1)
    kept, left_out = apart([*photographs, twin])
    assert kept == photographs and left_out == [("other.png", "a near-duplicate of data/astronaut.png of skimage, which has another role")]


def test_a_role_of_near_duplicates_alone_is_refused():
    first, *_ = embedded.load(rotations=3)[0]
    with pytest.raises(UserError, match="no photograph is left for div2k: other.png is a near-duplicate of data/astronaut.png"):
        apart([first, replace(first, file="other.png", role="div2k", fold=-1)])


def test_embedded_photographs_of_different_roles_are_no_near_duplicates():
    photographs, _ = embedded.load(rotations=3)
    assert apart(photographs) == (photographs, [])


def test_a_set_of_many_photographs_has_a_quarter_by_photograph(found):
    base = embedded.load(rotations=3)[0][0]
    many = [replace(base, name=f"p{i}", role="div2k", fold=-1, size=(96, 96), read=lambda: base.read()[:96, :96]) for i in range(40)]
    table = pd.DataFrame([row for row, _ in training_tiles(quotas(many, 96, 1000), 96)])
    assert table.groupby("photograph")["quarter"].nunique().max() == 1 and table["quarter"].sum() == 10


def test_dead_leaves_are_seeded():
    a, b = (dead_leaves.draw(32, master_seed=1, name="x") for _ in range(2))
    assert np.array_equal(a, b) and not np.array_equal(a, dead_leaves.draw(32, master_seed=1, name="y"))


def test_the_digest_is_of_names_and_content_and_of_no_time(tmp_path):
    settings = replace(DEMO.photographs, source=str(tmp_path))
    file = tmp_path / "a.png"
    seen = []
    for content in (b"one", b"two", b"one"):
        file.write_bytes(content)
        os.utime(file, (len(seen), len(seen)))
        seen.append(photos.content_digest(settings))
    file.rename(tmp_path / "b.png")
    assert seen[0] == seen[2] and len({*seen, photos.content_digest(settings)}) == 3


def test_files_that_did_not_change_are_not_read_again(tmp_path, monkeypatch):
    read, (folder, memory_) = [], (tmp_path / "p", tmp_path / "w" / ".inputs")
    monkeypatch.setattr(Path, "read_bytes", lambda path, read_bytes=Path.read_bytes: read.append(path.name) or read_bytes(path))
    for place in (folder, memory_.parent):
        place.mkdir()
    for name in "abc":
        (folder / f"{name}.png").write_text(name)

    def opened():
        memory.memory.cache_clear()  # as another process
        with memory.inputs_in(memory_):
            return photos.content_digest(replace(DEMO.photographs, source=str(folder)))

    first = opened()
    assert sorted(read) == ["a.png", "b.png", "c.png"] and opened() == first and len(read) == 3
    times = (folder / "b.png").stat()
    (tmp_path / "other").write_text("B")
    os.utime(tmp_path / "other", ns=(times.st_atime_ns, times.st_mtime_ns))  # as a copy that keeps its times
    time.sleep(0.02)
    (tmp_path / "other").replace(folder / "b.png")
    second = opened()
    assert second != first and len(read) == 6
    (folder / "c.png").unlink()
    assert opened() not in (first, second) and len(read) == 8
    memory_.write_text("{")
    assert opened() not in (first, second)


def test_the_digest_of_the_embedded_photographs_follows_a_file(tmp_path, monkeypatch):
    before = photos.content_digest(DEMO.photographs)
    (tmp_path / "astronaut.png").write_bytes(b"another")
    locate = embedded.locate
    monkeypatch.setattr(embedded, "locate", lambda row: tmp_path / "astronaut.png" if row["photograph"] == "astronaut" else locate(row))
    assert photos.content_digest(DEMO.photographs) != before

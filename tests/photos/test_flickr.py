"""Flickr1K from a local server: complete, balanced, free and without copies."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.photos import flickr
from srfp_lib.photos.flickr import Flickr, build, read_table
from srfp_lib.photos.flickr.builder import prepare
from srfp_lib.photos.flickr.state import State
from srfp_lib.photos.flickr.table import Row, deal, load_photographs
from srfp_lib.photos.near_duplicates import is_near
from srfp_lib.photos.reading import pixel_digest, read
from tests.photos.fake_flickr import KEY, PLAN, FakeFlickr, built


def test_the_set_is_complete_and_balanced(whole):
    folder, rows = whole
    assert Counter((row.tag, row.split) for row in rows) == {(t, s): n for t in PLAN.tags for s, n in (("train", 16), ("validation", 2), ("test", 2))}
    assert {p.name for p in (folder / "photographs").iterdir()} == {row.file for row in rows}
    listed = [(folder / f"{s}-split.txt").read_text().split() for s in ("train", "val", "test")]
    assert [len(names) for names in listed] == [80, 10, 10] and set(sum(listed, [])) == {row.file for row in rows}
    assert rows == read_table(folder / "photographs.csv")


def test_every_photograph_has_owner_licence_and_page(whole):
    for row in whole[1]:
        assert row.owner and row.owner_name and row.licence in PLAN.licences and row.licence_address.startswith("https://")
        assert row.page == f"https://www.flickr.com/photos/{row.owner}/{row.id}" and row.width * row.height >= PLAN.least_pixels
    assert any(row.camera.startswith("Maker Model") for row in whole[1]) and any(row.camera == "" for row in whole[1])


def test_no_owner_is_in_two_splits(whole):
    splits, counts = {}, Counter(row.owner for row in whole[1])
    for row in whole[1]:
        splits.setdefault(row.owner, set()).add(row.split)
    assert max(counts.values()) == 2 and all(len(found) == 1 for found in splits.values())


def test_there_are_no_near_duplicates(whole):
    hashes = [row.phash for row in whole[1]]
    assert not any(is_near(a, b) for i, a in enumerate(hashes) for b in hashes[:i])


def test_photographs_are_what_the_list_says(whole):
    folder, rows = whole
    for row in rows[::9]:
        pixels, _ = read(folder / "photographs" / row.file)
        assert max(pixels.shape) == 96 and pixel_digest(pixels) == row.pixels


def test_every_reason_to_leave_one_out_occurs(whole):
    found = Counter(d["outcome"] for d in State(whole[0]).decisions())
    assert found["gone"] >= 15 and set(found) == {
        "taken", "too small", "licence or owner", "described incompletely", "gone", "cannot be decoded", "a near-duplicate", "enough of this owner",
    }  # fmt: skip


def test_a_finished_set_is_left_alone(whole):
    server = FakeFlickr(each=60)
    assert built(whole[0], server) == whole[1] and not server.asked


def test_requests_keep_their_interval():
    now, waits = [0.0], []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    with FakeFlickr(each=10).running() as address:
        polite = Flickr(KEY, address=address, interval=2, sleep=sleep, clock=lambda: now[0])
        polite.licences()
        polite.camera("1000001")
        now[0] += 5
        polite.camera("1000001")
    assert waits == [2]


def test_too_few_photographs_are_said_with_the_way_out(tmp_path):
    with pytest.raises(UserError, match="the tag 'food' has 7 photographs that may be taken, and 20 are wanted: allow more"):
        built(tmp_path / "set", FakeFlickr(each=15))


def test_other_settings_need_another_folder(whole):
    with pytest.raises(UserError, match=r"begun with other settings \(per_tag 20 -> 5\)"):
        built(whole[0], FakeFlickr(each=60), replace(PLAN, per_tag=5))


def test_two_runs_do_not_write_one_folder(whole):
    with State(whole[0]).locked(), pytest.raises(UserError, match="another run is writing"):
        built(whole[0], FakeFlickr(each=60))


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("FLICKR_API_KEY", " abc ")
    assert flickr.key_from_environment() == "abc"
    monkeypatch.delenv("FLICKR_API_KEY")
    with pytest.raises(UserError, match="FLICKR_API_KEY is not set"):
        flickr.key_from_environment()


def test_a_wrong_key_is_said_and_not_repeated(tmp_path):
    with FakeFlickr(each=10).running() as address, pytest.raises(UserError, match="does not know the key") as caught:
        build(tmp_path / "set", Flickr("wr0ng", address=address), PLAN)
    assert "wr0ng" not in str(caught.value)


def test_licences_that_flickr_does_not_have_are_refused(tmp_path):
    with pytest.raises(UserError, match="none of the licences gpl: choose among by, by-nc-nd"):
        built(tmp_path / "set", FakeFlickr(each=10), replace(PLAN, licences=("gpl",)))


def row(number, owner, tag):
    return Row(**dict.fromkeys([f.name for f in fields(Row)], "") | {"id": str(number), "secret": "a", "tag": tag, "owner": owner})


def test_owners_with_photographs_of_several_tags_stay_together():
    rows = [row(n, f"o{n // 2}", ("a", "b")[n % 2]) for n in range(100)] + [row(100 + n, f"s{n}", ("a", "b")[n % 2]) for n in range(100)]
    dealt = deal(rows, master_seed=1)
    assert Counter((r.tag, r.split) for r in dealt) == {(t, s): n for t in "ab" for s, n in (("train", 80), ("validation", 10), ("test", 10))}
    assert deal(rows[::-1], master_seed=1) == dealt[::-1] and deal(rows, master_seed=2) != dealt
    splits = {}
    for r in dealt:
        assert splits.setdefault(r.owner, r.split) == r.split


def test_preparation_hides_fine_texture_and_keeps_the_mean():
    noise = np.clip(np.random.default_rng(0).normal(128, 40, (400, 600, 3)), 0, 255).astype(np.uint8)
    small = prepare(noise, 150)
    assert small.shape == (100, 150, 3) and abs(float(small.mean()) - noise.mean()) < 0.5
    assert small.std() < 12  # 40 without the blur of (4 - 1) / 2 pixels
    assert prepare(noise[:100, :100], 150).shape == (100, 100, 3)


def test_a_set_is_loaded_with_its_splits_and_credits(tmp_path):
    rows = built(tmp_path / "set", FakeFlickr(each=60), replace(PLAN, tags=("food",), per_tag=12))
    (tmp_path / "set" / "photographs" / rows[0].file).unlink()
    found, skipped = load_photographs(tmp_path / "set")
    assert Counter(p.fold for p in found) + Counter({("train", "validation", "test").index(rows[0].split): 1}) == {0: 10, 1: 1, 2: 1}
    assert skipped[0][0] == rows[0].file and len(skipped) == 1
    assert all(p.licence and p.credit and not p.note and p.role == "classify" for p in found)

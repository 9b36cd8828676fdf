"""Flickr1K from a local server: complete, balanced, free, without copies, and the same however often it was stopped."""

import signal
import subprocess
import sys
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.photos import flickr
from srfp_lib.photos.flickr import Flickr, Plan, build, read_table, rebuild
from srfp_lib.photos.flickr.builder import prepare
from srfp_lib.photos.flickr.state import State
from srfp_lib.photos.flickr.table import Row, deal, load_photographs
from srfp_lib.photos.near_duplicates import is_near
from srfp_lib.photos.reading import pixel_digest, read
from tests.photos.fake_flickr import KEY, FakeFlickr

PLAN = Plan(per_tag=20, least_pixels=20_000, side=96)


def client(address, sleep=lambda seconds: None):
    return Flickr(KEY, address=address, sleep=sleep)


def built(folder, server, plan=PLAN, **arguments):
    with server.running() as address:
        return build(folder, client(address, **arguments), plan)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A set made in one run."""
    folder = tmp_path_factory.mktemp("flickr") / "set"
    return folder, built(folder, FakeFlickr(each=60))


def content(folder, port):
    """Everything a reader sees, with the port of the server taken out of addresses (digests may hold the same digits)."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "state" not in p.parts]
    return {p.relative_to(folder).as_posix(): p.read_bytes().replace(f":{port}/".encode(), b"/") for p in files}


def same(one, other):
    ports = [str(read_table(folder / "photographs.csv")[0].address.split(":")[2].split("/")[0]) for folder in (one, other)]
    return content(one, ports[0]) == content(other, ports[1])


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


@pytest.mark.slow
def test_random_failures_change_nothing(whole, tmp_path):
    server = FakeFlickr(each=60, failing=0.2)
    built(tmp_path / "set", server)
    assert same(whole[0], tmp_path / "set")


class Killed(BaseException):
    pass


@pytest.mark.slow
def test_a_set_stopped_at_many_moments_is_the_same(whole, tmp_path):
    """At every 9th request the run ends, wherever it is; the next one goes on. No photograph is fetched much more than once."""
    runs = 0
    with FakeFlickr(each=60, failing=0.05).running() as address:
        while runs < 100:
            asked, runs = [], runs + 1

            def sleep(seconds, asked=asked):
                asked.append(seconds)
                if len(asked) == 9:
                    raise Killed

            try:
                build(tmp_path / "set", client(address, sleep), PLAN)
                break
            except Killed:
                pass
    assert 20 < runs < 100 and same(whole[0], tmp_path / "set")


SCRIPT = """
import os, signal, sys
from pathlib import Path
from srfp_lib.photos.flickr import Flickr, Plan, build
left = [int(sys.argv[3])]
def sleep(seconds):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
build(Path(sys.argv[1]), Flickr("k3y", address=sys.argv[2], sleep=sleep), Plan(tags=("food",), per_tag=10, least_pixels=20_000, side=96))
"""


@pytest.mark.slow
def test_a_set_killed_twice_is_the_same(tmp_path):
    plan = replace(PLAN, tags=("food",), per_tag=10)
    built(tmp_path / "whole", FakeFlickr(each=60), plan)
    with FakeFlickr(each=60).running() as address:
        for requests in ("8", "11"):
            end = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), address, requests])
            assert end.returncode == -signal.SIGKILL
        build(tmp_path / "killed", client(address), plan)
    assert same(tmp_path / "whole", tmp_path / "killed")


def test_a_torn_line_is_not_a_decision(tmp_path):
    plan = replace(PLAN, tags=("food",), per_tag=3)
    built(tmp_path / "whole", FakeFlickr(each=60), plan)
    with FakeFlickr(each=60).running() as address:
        build(tmp_path / "torn", client(address), plan)
        (tmp_path / "torn" / "photographs.csv").unlink()
        journal = tmp_path / "torn" / "state" / "decisions.jsonl"
        journal.write_bytes(journal.read_bytes()[:-20])
        (tmp_path / "torn" / "photographs" / ".1.png.77.partial").write_bytes(b"half")
        (tmp_path / "torn" / "photographs" / "9_9.png").write_bytes(b"decided on by nobody")
        build(tmp_path / "torn", client(address), plan)
    assert [d["outcome"] for d in State(tmp_path / "torn").decisions()].count("taken") == 3
    assert same(tmp_path / "whole", tmp_path / "torn")


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


@pytest.mark.slow
def test_a_server_that_stays_silent_ends_the_run_and_nothing_is_lost(whole, tmp_path):
    server = FakeFlickr(each=60, failing=1.0)
    with pytest.raises(UserError, match="6 times in a row: the same command goes on"):
        built(tmp_path / "set", server)
    server.failing = 0
    built(tmp_path / "set", server)
    assert same(whole[0], tmp_path / "set")


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


@pytest.fixture
def listed(tmp_path):
    """A small set, its server's photographs, and its list with the addresses of a running server."""
    server = FakeFlickr(each=60)
    with server.running() as address:
        rows = build(tmp_path / "first", client(address), replace(PLAN, tags=("food",), per_tag=6))
        yield server, rows, tmp_path / "first", tmp_path / "again", client(address)


def test_a_list_rebuilds_the_same_set_without_a_key(listed):
    server, rows, first, again, known = listed
    asked = {method: n for method, n in server.asked.items() if method.startswith("flickr.")}
    report = rebuild(first / "photographs.csv", again, Flickr("", address=known.address, interval=0), side=96)
    assert {method: n for method, n in server.asked.items() if method.startswith("flickr.")} == asked
    assert set(report["outcome"]) == {"there"} and same(first, again) is False  # the report is one file more
    (again / "report.csv").unlink()
    assert same(first, again)


def test_what_is_gone_is_reported_and_not_replaced(listed):
    server, rows, first, again, known = listed
    server.gone.add(rows[0].id)
    server.picture = lambda number, brighter, make=server.picture: make(number + (number == int(rows[1].id)), 0)
    report = rebuild(first / "photographs.csv", again, known, side=96).set_index("photograph")["outcome"]
    assert report[rows[0].file] == "gone" and report[rows[1].file] == "another file at its address" and (report[2:] == "there").all()
    assert {p.name for p in (again / "photographs").iterdir()} == {row.file for row in rows[2:]}
    assert rows[0].file not in "".join((again / name).read_text() for name in ("train-split.txt", "val-split.txt", "test-split.txt"))
    assert read_table(again / "photographs.csv") == rows
    server.gone.clear()
    report = rebuild(first / "photographs.csv", again, known, side=96)
    assert report["outcome"].tolist().count("there") == 5


def test_a_damaged_photograph_is_fetched_again(listed):
    server, rows, first, again, known = listed
    (first / "photographs" / rows[0].file).write_bytes(b"damaged")
    (first / "photographs" / rows[1].file).unlink()
    assert (rebuild(first / "photographs.csv", first, known, side=96)["outcome"] == "there").all()
    assert server.asked["photo"] > len(rows)


def test_a_list_is_not_written_over_another(listed):
    server, rows, first, again, known = listed
    other = first.parent / "other.csv"
    other.write_text("\n".join((first / "photographs.csv").read_text().splitlines()[:-1]))
    with pytest.raises(UserError, match="holds the photographs of another list"):
        rebuild(other, first, known, side=96)


@pytest.mark.parametrize("damage", [
    lambda text: text.replace("1000000,", "../../evil,", 1), lambda text: text.replace("secret", "key"),
    lambda text: text.split("\n")[0], lambda text: text.replace(",by,", ",,"), lambda text: text.replace(",train,", ",exam,"),
    lambda text: text + text.split("\n")[1] + "\n", lambda text: "\x00" + text, lambda text: text[:-300],
])  # fmt: skip
def test_what_is_no_list_is_refused(whole, tmp_path, damage):
    path = tmp_path / "photographs.csv"
    path.write_text(damage((whole[0] / "photographs.csv").read_text()))
    with pytest.raises(UserError, match="is no list of photographs|is empty or names a photograph twice"):
        read_table(path)


@pytest.mark.parametrize("address", [
    "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "https://example.org/a.jpg", "http://live.staticflickr.com/1/2_a_o.jpg",
    "https://live.staticflickr.com@example.org/a.jpg", "https://example.org/live.staticflickr.com/a.jpg", "https://evilflickr.com/a.jpg",
    "https://live.staticflickr.com.example.org/a.jpg", "https://live.staticflickr.com:8080/a.jpg", "https://[::1/a.jpg", "ftp://flickr.com/a",
])  # fmt: skip
def test_a_list_that_leads_elsewhere_is_refused_before_anything_is_fetched(whole, tmp_path, monkeypatch, address):
    monkeypatch.setattr(Flickr, "_get", lambda *_: pytest.fail("something was fetched"))
    text = (whole[0] / "photographs.csv").read_text()
    rows = read_table(whole[0] / "photographs.csv")
    for row in rows:
        text = text.replace(row.address, "https://live.staticflickr.com/65535/1_a_o.jpg")
    (tmp_path / "list.csv").write_text(text[::-1].replace("https://live.staticflickr.com/65535/1_a_o.jpg"[::-1], address[::-1], 1)[::-1])
    with pytest.raises(UserError, match="' is none of Flickr's .* restore the list as it was made"):
        rebuild(tmp_path / "list.csv", tmp_path / "set", Flickr(""))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("host", ["live.staticflickr.com", "farm66.staticflickr.com", "c1.staticflickr.com", "www.flickr.com", "flickr.com"])
def test_flickr_s_own_hosts(host):
    Flickr("").check(f"https://{host}/65535/1_a_o.jpg")


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

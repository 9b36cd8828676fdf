"""A list of photographs rebuilds its set, and leads nowhere but to Flickr."""

from dataclasses import replace

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.photos.flickr import Flickr, build, read_table, rebuild
from tests.photos.fake_flickr import PLAN, FakeFlickr, client, same


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

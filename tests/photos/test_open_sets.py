"""Open sets arrive as one flat folder, are continued when stopped, and are what their tables say; the photos commands."""

import argparse
import hashlib
import io
import zipfile
from contextlib import contextmanager
from functools import partial

import pytest
from PIL import Image

from srfp_lib.commands import photos as command
from srfp_lib.common.errors import UserError
from srfp_lib.common.files import csv_rows
from srfp_lib.photos import flickr, open_sets
from srfp_lib.photos.open_sets import downloads, fetch, progress, sets
from tests.photos.fake_flickr import KEY, FakeFlickr
from tests.serving import serving


def test_the_tables_fit_each_other():
    assert {row["set"] for row in sets()} == {row["set"] for row in csv_rows(open_sets.TABLES / "open_files.csv")}
    for row in sets():
        wanted = downloads(row["set"])
        assert int(row["images"]) > 0 and row["licence"] and row["source"].startswith("https://")
        assert len({d["file"] for d in wanted}) == len(wanted)
        for d in wanted:
            kind, _, digest = d["digest"].partition(":")
            assert d["address"].startswith("https://") and d["licence"] and (kind, len(digest)) in (("sha256", 64), ("md5", 32), ("", 0))


def test_an_unknown_set_is_refused_with_the_known(tmp_path):
    with pytest.raises(UserError, match="there is no photo set 'div3k': choose one of div2k"):
        fetch("div3k", tmp_path)


def archive(names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in names:
            packed.writestr(name, f"content of {name}".encode() * 10)
    return file.getvalue()


def png():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


FILES = {
    "/train.zip": archive(["set/HR/1.png", "set/HR/2.png", "set/LR/1x2.png", "set/readme.txt", "__MACOSX/set/HR/._1.png"]),
    "/3.png": png(),
}


@contextmanager
def offered(tmp_path, monkeypatch, images=3):
    """The set ``small``: two images in an archive and one by itself, from a server that notes what it was asked for."""
    asked, missing = [], set()

    def answer(path, headers):
        asked.append(path)
        return (404, {}, b"") if path in missing else (200, {}, FILES[path])

    digest = hashlib.sha256(FILES["/train.zip"]).hexdigest()
    with serving(answer) as base:
        (tmp_path / "open_sets.csv").write_text(f"set,images,size,licence,source,note\nsmall,{images},1 kB,CC0,https://x,y\n")
        (tmp_path / "open_files.csv").write_text(
            "set,file,address,bytes,digest,inside,licence,credit\n"
            f'small,train.zip,{base}/train.zip,{len(FILES["/train.zip"])},sha256:{digest},set/HR/,CC0,"Doe, Jane"\n'
            f"small,3.png,{base}/3.png,,,,CC BY 4.0,John\nother,4.png,{base}/4.png,,,,CC0,\n"
        )
        monkeypatch.setattr(open_sets, "TABLES", tmp_path)
        yield tmp_path / "small", asked, missing


def test_a_set_is_one_flat_folder_with_its_licences(tmp_path, monkeypatch):
    with offered(tmp_path, monkeypatch) as (folder, asked, _):
        found = fetch("small", folder)
        assert [p.name for p in found] == ["1.png", "2.png", "3.png"]
        assert {p.name for p in folder.iterdir()} == {"1.png", "2.png", "3.png", "licences.csv", "fetched.json", ".lock"}
        assert '"Doe, Jane"' in (folder / "licences.csv").read_text()
        fetch("small", folder)
    assert asked == ["/train.zip", "/3.png"]


def test_a_stopped_set_goes_on(tmp_path, monkeypatch):
    with offered(tmp_path, monkeypatch) as (folder, asked, missing):
        missing.add("/3.png")
        with pytest.raises(UserError, match="3.png' cannot be had .*gone.*: get it by hand"):
            fetch("small", folder)
        assert progress(folder) == "small: 2 images\nnot fetched: 3.png"
        missing.clear()
        fetch("small", folder)
    assert asked == ["/train.zip", "/3.png", "/3.png"]


def test_a_set_killed_while_it_was_unpacked_goes_on(tmp_path, monkeypatch):
    with offered(tmp_path, monkeypatch) as (folder, asked, _):
        unpacked = folder / ".downloads" / "train-unpacked"
        unpacked.mkdir(parents=True)
        (unpacked / "2.png").write_bytes(b"of the first run")
        (unpacked.parent / "train.zip").write_bytes(FILES["/train.zip"])
        (folder / "1.png").write_bytes(b"moved already")
        (folder / "fetched.json").write_text('{"set": "small", "done": []}')
        assert len(fetch("small", folder)) == 3
    assert asked == ["/3.png"]


def test_an_error_page_is_no_photograph(tmp_path, monkeypatch):
    monkeypatch.setitem(FILES, "/3.png", b"<html>please log in")
    with offered(tmp_path, monkeypatch) as (folder, _, _), pytest.raises(UserError, match="3.png cannot be decoded"):
        fetch("small", folder)
    assert not (folder / "3.png").exists()


def test_an_incomplete_set_is_said(tmp_path, monkeypatch):
    with offered(tmp_path, monkeypatch, images=4) as (folder, _, _), pytest.raises(UserError, match="3 of the 4 images"):
        fetch("small", folder)


def test_folders_of_others_are_left_alone(tmp_path, monkeypatch):
    with offered(tmp_path, monkeypatch) as (folder, _, _):
        folder.mkdir()
        (folder / "mine.png").write_bytes(b"mine")
        with pytest.raises(UserError, match="holds other files"):
            fetch("small", folder)
        (folder / "fetched.json").write_text('{"set": "other", "done": []}')
        with pytest.raises(UserError, match="holds the set other, not small"):
            fetch("small", folder)
        (folder / "fetched.json").write_text("{")
        with pytest.raises(UserError, match="fetched.json' is damaged"):
            fetch("small", folder)


def run(*words):
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    options = parser.parse_args(["photos", *map(str, words)])
    return options.command(options)


def test_commands_of_open_sets(tmp_path, monkeypatch, capsys):
    with offered(tmp_path, monkeypatch) as (folder, _, _):
        assert run("fetch") == 0 and "small" in capsys.readouterr().out
        assert run("fetch", "small", folder) == 0 and f'photos = "{folder}"' in capsys.readouterr().out
        assert run("status", folder) == 0 and "small: 3 images" in capsys.readouterr().out


def test_commands_of_flickr(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLICKR_API_KEY", KEY)
    monkeypatch.setattr(flickr, "Plan", partial(flickr.Plan, least_pixels=20_000))
    with FakeFlickr(each=30).running() as address:
        words = ("--interval", 0, "--api", address)
        small = ("flickr", tmp_path / "set", "--per-tag", 2, "--licences", "by,zero")
        assert run(*small, *words) == 0
        assert "10 photographs of 8 owners" in capsys.readouterr().out
        assert run("flickr", tmp_path / "again", "--list", tmp_path / "set" / "photographs.csv", *words) == 0
        assert capsys.readouterr().out.split() == ["there", "10"]
        (tmp_path / "again" / "photographs" / "1000000_0000000000.png").unlink()
        assert run("status", tmp_path / "again") == 0
        out = capsys.readouterr().out
        assert "1 missing" in out and "missing: 1000000_0000000000.png https://www.flickr.com/photos/" in out
        with pytest.raises(UserError, match="--interval is -1"):
            run("flickr", tmp_path / "x", "--interval", -1)
    with pytest.raises(UserError, match="holds no photo set"):
        run("status", tmp_path / "nowhere")

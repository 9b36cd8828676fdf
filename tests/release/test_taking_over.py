"""The authors' release as a workspace: what is there is used where it lies, and what it supports can be run."""

import numpy as np
import pytest
from PIL import Image

from srfp_lib import fleet
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.images import gallery
from srfp_lib.pages import chapters
from srfp_lib.release import contents
from srfp_lib.release.contents import TRUTH
from srfp_lib.release.stages import deal
from srfp_lib.study import Study
from srfp_lib.workflow.desk import Desk
from tests.release.conftest import take
from tests.release.folder import FEW, make, photograph


def test_a_partial_release_becomes_a_workspace_and_says_what_it_supports(folder, tmp_path, capsys):
    assert take(folder, tmp_path / "w") == 0
    said = capsys.readouterr().out
    assert "2 of 180 custom and 1 of 25 published networks" in said and "10 photographs (6 train, 2 validation, 2 test)" in said
    assert "05_quality               can run" in said and "07_attribution           lacks 178 networks: EDSR-div2k-x2-L1-s2, " in said
    assert "09_published_attribution lacks 202 networks" in said
    study = Study.open("", tmp_path / "w")
    assert {n: s for n, s in study.states().items() if not n.startswith(("quality/", "chapters/"))} == dict.fromkeys(
        ("photographs", f"images/{FEW[0]}", f"images/{FEW[1]}", f"published/{FEW[2]}"), "done"
    )
    assert not [name for name in study.jobs if name.startswith("train/")]
    assert study.mixture() == "1 real networks, the authors' images"


def test_images_stay_where_they_lie(folder, tmp_path):
    assert take(folder, tmp_path / "w") == 0
    place = tmp_path / "w" / "images" / FEW[0]
    assert place.is_symlink() and place.resolve() == folder / FEW[0]
    study = Study.open("", tmp_path / "w")
    assert not (tmp_path / "w" / "decoded").exists()
    assert study.pixels(TRUTH, photograph(0)).shape == (36, 38, 3) and study.pixels(FEW[0], photograph(0)).shape == (34, 38, 3)


def test_or_are_copied(folder, tmp_path):
    (folder / FEW[0] / "another.png").touch()
    assert take(folder, tmp_path / "w", "--copy") == 0
    place = tmp_path / "w" / "images" / FEW[0]
    assert not place.is_symlink() and len(list(place.iterdir())) == 10
    study = Study.open("", tmp_path / "w")
    kept = gallery.custom(Desk(study.workspace, tmp_path)).kept(FEW[0])
    assert np.array_equal(kept[3], study.pixels(FEW[0], photograph(3)))
    folder.rename(folder.parent / "gone")
    assert set(Study.open("", tmp_path / "w").states().values()) == {"done", "missing"}


@pytest.mark.parametrize(("first", "then"), [((), ("--copy",)), (("--copy",), ()), ((), ()), (("--copy",), ("--copy",))])
def test_a_folder_that_moved_is_taken_over_from_its_new_place(folder, tmp_path, first, then):
    assert take(folder, tmp_path / "w", *first) == 0
    moved = folder.rename(tmp_path / "moved")
    assert take(moved, tmp_path / "w", *then) == 0
    study = Study.open("", tmp_path / "w")
    assert {study.states()[name] for name in ("photographs", f"images/{FEW[0]}", f"images/{FEW[1]}", f"published/{FEW[2]}")} == {"done"}
    assert (tmp_path / "w" / "images" / FEW[0]).is_symlink() == (not then)
    assert study.pixels(FEW[0], photograph(0)).shape == (34, 38, 3)


def test_a_folder_that_moves_while_it_is_taken_over_loses_nothing(folder, tmp_path, capsys, monkeypatch):
    assert take(folder, tmp_path / "w", "--copy") == 0
    before = {name for name, state in Study.open("", tmp_path / "w").states().items() if state == "done"}
    listing = contents.listing

    def moving(root):
        found = listing(root)
        folder.rename(tmp_path / "moved")
        monkeypatch.setattr(contents, "listing", listing)
        return found

    monkeypatch.setattr(contents, "listing", moving)
    assert take(folder, tmp_path / "w") == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and str(folder) in said
    assert before == {name for name, state in Study.open("", tmp_path / "w").states().items() if state == "done"}


def test_copies_need_not_be_decoded(folder, tmp_path):
    (tmp_path / "plain.toml").write_text('profile = "smoke"\n[photographs]\ndecoded = false\npng = true\n')
    assert take(folder, tmp_path / "w", "--copy", "--profile", str(tmp_path / "plain.toml")) == 0
    assert not (tmp_path / "w" / "decoded").exists() and (tmp_path / "w" / "images" / FEW[0]).is_dir()


@pytest.mark.parametrize("inside", ["SISR", "classification/datasets/data/SISR"])
def test_the_folder_above_will_do(tmp_path, inside):
    make(tmp_path / "r" / inside)
    assert contents.listing(tmp_path / "r").root == tmp_path / "r" / inside


def test_splits_are_theirs_or_ours(folder, tmp_path):
    assert take(folder, tmp_path / "theirs") == 0
    theirs = Study.open("", tmp_path / "theirs")
    assert theirs.photographs("images")["fold"].tolist() == [0] * 6 + [1] * 2 + [2] * 2 and theirs.profile.photographs.rotations == 1
    assert (tmp_path / "theirs" / "images" / "test-split.txt").read_text() == (folder / "test-split.txt").read_text()
    assert take(folder, tmp_path / "ours", "--splits", "ours") == 0
    ours = Study.open("", tmp_path / "ours")
    assert set(ours.photographs("images")["fold"]) == {0, 1, 2, 3} and ours.profile.photographs.rotations == 3
    profile = ours.profile
    assert deal(dict.fromkeys("abcdefghij", "train"), profile) == deal(dict.fromkeys("abcdefghij", "test"), profile)


@pytest.mark.parametrize("splits", ["theirs", "ours"])
def test_near_duplicates_among_the_true_images(folder, tmp_path, splits):
    """Dealt anew they share a fold; the authors' splits are taken as they are, and a note says what is on both sides."""
    path = folder / TRUTH / f"{photograph(9)}.png"
    with Image.open(folder / TRUTH / f"{photograph(0)}.png") as image, Image.open(path) as other:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize(other.size).save(path)
    assert take(folder, tmp_path / "w", "--splits", splits) == 0
    table = Study.open("", tmp_path / "w").photographs().set_index("photograph")
    one, other = (table.loc[photograph(i)] for i in (0, 9))
    if splits == "theirs":
        assert (one["fold"], other["fold"]) == (0, 2) and one["note"] == f"shows the same as {photograph(9)} of another part of the authors' splits"
    else:
        assert one["fold"] == other["fold"] and one["note"] == f"near-duplicate of {photograph(9)}"
    assert table["note"].fillna("").ne("").sum() == 2


def test_the_same_command_takes_over_what_was_added(folder, tmp_path):
    assert take(folder, tmp_path / "w") == 0
    stamp = (tmp_path / "w" / "receipts" / "images" / f"{FEW[0]}.json").stat().st_mtime_ns
    make(tmp_path / "more", ("NLSN-div2k-x4-L1-s3",))
    (tmp_path / "more" / "NLSN-div2k-x4-L1-s3").rename(folder / "NLSN-div2k-x4-L1-s3")
    assert take(folder, tmp_path / "w") == 0
    states = Study.open("", tmp_path / "w").states()
    assert states["images/NLSN-div2k-x4-L1-s3"] == "done" and states["photographs"] == "done"
    assert (tmp_path / "w" / "receipts" / "images" / f"{FEW[0]}.json").stat().st_mtime_ns == stamp


def test_a_photograph_that_a_few_folders_lack_is_left_out(tmp_path, capsys):
    folder = make(tmp_path / "SISR", FEW[:2], count=60)
    (folder / FEW[0] / f"{photograph(7)}.png").unlink()
    (folder / "__MACOSX").mkdir()
    assert take(folder, tmp_path / "w") == 0
    said = capsys.readouterr().out
    assert "59 photographs" in said and "the paper has 1,000" in said and f"left out: {photograph(7)}.png, missing in {FEW[0]}" in said
    assert "ignored: '__MACOSX'" in said
    study = Study.open("", tmp_path / "w")
    assert photograph(7) not in set(study.photographs("images")["image"]) and len(study.photographs("skipped")) == 1


@pytest.mark.slow
def test_chapter_05_runs_on_a_few_networks(folder, tmp_path, capsys):
    assert take(folder, tmp_path / "w") == 0
    assert cli.main(["run", "--workspace", str(tmp_path / "w")]) == 0, capsys.readouterr().err
    assert (tmp_path / "w" / "tables" / "quality.csv").read_text().count("\n") == 4
    chapters = {p.name[:2] for p in (tmp_path / "w" / "chapters").iterdir()}
    assert {"05"} <= chapters <= {"05", "16", "17", "18", "21"}  # all but the first show what is kept in the repository


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("run", "--chapters", "07"), "chapter 07 needs 178 networks that '"), (("run", "--chapters", "02"), "chapter 02 is about networks trained here"),
    (("run", "--profile", "smoke"), "holds the authors' images: leave --profile out"), (("book",), "the book has all chapters"),
])  # fmt: skip
def test_what_a_partial_release_cannot_do_is_one_sentence(folder, tmp_path, capsys, arguments, sentence):
    assert take(folder, tmp_path / "w") == 0
    capsys.readouterr()
    assert cli.main([*arguments, "--workspace", str(tmp_path / "w")]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
    with pytest.raises(UserError, match="chapter 11 needs 178 networks"):
        Study.open("", tmp_path / "w").begin("11")


def test_status_names_the_chapters_that_are_left_out(folder, tmp_path, capsys):
    assert take(folder, tmp_path / "w") == 0
    capsys.readouterr()
    assert cli.main(["status", "--workspace", str(tmp_path / "w")]) == 0
    assert "06_backbones             lacks 202 networks" in capsys.readouterr().out


def test_a_folder_that_goes_missing_later_is_one_sentence(folder, tmp_path, capsys):
    assert take(folder, tmp_path / "w") == 0
    (folder / FEW[1]).rename(tmp_path / "gone")
    assert Study.open("", tmp_path / "w").states()[f"images/{FEW[1]}"] == "damaged"
    capsys.readouterr()
    assert cli.main(["run", "--workspace", str(tmp_path / "w"), "--chapters", "05"]) == 2
    assert f"{FEW[1]}' is gone: bring it back" in capsys.readouterr().err


@pytest.mark.slow
def test_a_release_of_all_205_supports_every_chapter_from_05_on(tmp_path, capsys):
    networks = [n.model_id for n in (*fleet.custom(), *fleet.published())]
    folder = make(tmp_path / "SISR", networks, count=5)
    assert take(folder, tmp_path / "w") == 0
    assert "lacks" not in capsys.readouterr().out
    study = Study.open("", tmp_path / "w")
    assert [n for n in chapters.CHAPTERS if chapters.name_of(n) in study.jobs] == list(chapters.CHAPTERS)[4:]
    assert "seen/writer" not in study.jobs and "seen/warm/1" in study.jobs and "prnu/splits" in study.jobs
    study.make("unseen/1", "prnu")
    assert (
        len(Predictions.load(study.outputs("predictions/unseen/1")[0]).index) == 25
        and len(Predictions.load(study.outputs("predictions/prnu/1")[0]).index) == 90
    )

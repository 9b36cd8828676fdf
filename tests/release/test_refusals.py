"""A release that is damaged or does not fit is named in one sentence, before anything is written."""

import re
from dataclasses import replace

import pytest
from PIL import Image

from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.release import contents
from srfp_lib.release.contents import TRUTH
from srfp_lib.study import Study
from tests.release.conftest import take
from tests.release.folder import FEW


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def enlarge(path):
    Image.new("RGB", (50, 50)).save(path)


def swap(path, old, new):
    path.write_text(path.read_text().replace(old, new))


DAMAGE = {
    "is a file: give the folder": lambda f: (f.rename(f.parent / "x"), f.touch()),
    "does not exist: give the folder": lambda f: f.rename(f.parent / "x"),
    "holds no release": lambda f: [p.rename(f.parent / p.name) for p in (f / TRUTH, *f.glob("*.txt"))],
    "the split file '.*val-split.txt' is missing": lambda f: (f / "val-split.txt").unlink(),
    "the split file '.*test-split.txt' is empty": lambda f: (f / "test-split.txt").write_text("\n"),
    "the split file '.*val-split.txt' is no text": lambda f: (f / "val-split.txt").write_bytes(b"\xff\xfe\x00"),
    "has the line '../30_ab0.png', which is no name": lambda f: swap(f / "train-split.txt", "30_ab0", "../30_ab0"),
    "36_ab6.png is in 'train-split.txt' and in '.*val-split.txt': the splits": lambda f: swap(f / "train-split.txt", "35_ab5", "36_ab6"),
    "30_ab0.png is twice in '.*train-split.txt'": lambda f: swap(f / "train-split.txt", "31_ab1", "30_ab0"),
    "lacks the folder HR-HR-HR-HR-HR": lambda f: (f / TRUTH).rename(f.parent / "x"),
    "has no folder of a network": lambda f: [(f / name).rename(f.parent / name) for name in FEW],
    "none of the 205 .is it EDSR-div2k-x2-L1-s": lambda f: (f / FEW[0]).rename(f / "EDSR-div2k-x2-L1-s4"),
    "lacks 1 of the 10 photographs of the splits, 33_ab3.png first": lambda f: (f / FEW[1] / "33_ab3.png").unlink(),
    "34_ab4.png' is cut short or no PNG": lambda f: cut(f / FEW[2] / "34_ab4.png"),
    "30_ab0.png' is cut short or no PNG": lambda f: (f / TRUTH / "30_ab0.png").write_text("<html>"),
    "has 50 x 50 pixels and its photograph 40 x 38": lambda f: enlarge(f / FEW[0] / "32_ab2.png"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", DAMAGE)
def test_damage_is_one_sentence_and_leaves_nothing(folder, tmp_path, capsys, sentence):
    DAMAGE[sentence](folder)
    assert take(folder, tmp_path / "w") == 2
    captured = capsys.readouterr()
    assert re.search(sentence, captured.err) and len(captured.err.splitlines()) == 2 and captured.out == ""
    assert not (tmp_path / "w").exists()


def test_a_byte_order_mark_in_a_split_file_loses_no_photograph(folder):
    file = folder / "train-split.txt"
    file.write_text("\ufeff" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(contents.listing(folder).parts) == 10


def test_images_smaller_than_the_crop_are_refused(folder, tmp_path, capsys):
    assert cli.main(["release", str(folder), "--workspace", str(tmp_path / "w")]) == 2
    assert "a side of 34 pixels, and profile 'paper' looks at crops of 299" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_a_workspace_with_other_images_is_refused_and_left_alone(folder, tmp_path, capsys):
    study = Study.open("smoke", tmp_path / "w")
    with study.workspace.lock():
        study.workspace.claim()
    before = (tmp_path / "w" / "profile.json").read_text()
    assert take(folder, tmp_path / "w") == 2
    assert "holds images of its own: choose another --workspace" in capsys.readouterr().err
    assert (tmp_path / "w" / "profile.json").read_text() == before


def test_other_photographs_than_before_are_noticed(folder, tmp_path):
    assert take(folder, tmp_path / "w") == 0
    swap(folder / "train-split.txt", "31_ab1.png\n", "")
    (tmp_path / "w" / "receipts" / "photographs.json").unlink()
    with pytest.raises(UserError, match="has other photographs than before: run python -m srfp_lib release"):
        Study.open("", tmp_path / "w").make("photographs")


def test_a_published_folder_of_ones_own_is_no_release(folder):
    from srfp_lib.profiles import SMOKE
    from srfp_lib.published import sources

    assert not sources.is_folder(replace(SMOKE.published, source="release")) and sources.is_folder(replace(SMOKE.published, source="x"))

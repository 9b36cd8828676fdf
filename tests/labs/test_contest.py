"""The contest: what a package gives away, and what a score refuses."""

from __future__ import annotations

import csv
import os
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits

from srfp_lib import profiles
from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.labs.contest import package, scoring
from srfp_lib.labs.contest.draws import MARGIN, UNKNOWN, Counts, Secret, dealt, design, offsets, side, truth

KEY = "a secret of thirty-two characters"


@pytest.fixture(scope="session")
def secret(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("teacher") / "secret.txt"
    file.write_text(KEY + "\n")
    return file


@pytest.fixture(scope="session", params=[pytest.param("smoke", marks=pytest.mark.slow)])
def contest(request, tmp_path_factory, secret) -> Path:
    """A package at smoke size with three networks; making it takes seconds."""
    folder = tmp_path_factory.mktemp("class") / "contest"
    package.make(profiles.get(request.param), folder, secret, networks=3)
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def submission(folder: Path, text: str) -> Path:
    file = folder / "team.csv"
    file.write_text(text)
    return file


def filled(contest: Path, answer: str = "N01") -> list[str]:
    return ["image,network", *(f"{row['image']},{answer}" for row in rows(contest / "submission_template.csv"))]


def test_every_file_has_one_size_and_one_time_and_no_metadata(contest):
    files = [path for path in (contest / "images").iterdir()]
    assert len({path.stat().st_size for path in files}) == 1
    assert {path.stat().st_mtime for path in (*contest.rglob("*"), contest)} == {package.STAMP}
    named = {row["image"] for table in ("labels.csv", "submission_template.csv") for row in rows(contest / table)}
    assert {path.name for path in files} == named
    for path in files:
        with Image.open(path) as image:
            assert image.info == {} and image.mode == "RGB" and image.size == (32, 32)


def test_the_tables_are_sorted_by_name_and_no_test_photograph_is_labelled(contest):
    labelled, template = rows(contest / "labels.csv"), rows(contest / "submission_template.csv")
    for table in (labelled, template):
        assert [row["image"] for row in table] == sorted(row["image"] for row in table)
    assert {row["network"] for row in labelled} == {"N01", "N02"} and {row["network"] for row in template} == {""}
    shown = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1] for line in (contest / "datasheet.md").read_text().splitlines() if "| test |" in line
    }
    assert shown and not shown.keys() & {row["photograph"] for row in labelled}


def test_nothing_in_the_package_names_a_hidden_network(contest, secret):
    hidden = design(Secret(secret), 3)
    text = b"".join(path.read_bytes() for path in contest.rglob("*") if path.is_file())
    assert not any(network.model_id.encode() in text for network in hidden) and KEY.encode() not in text


def test_neither_name_nor_place_tells_the_network():
    """By design: many draws, without images. What the mean colour of real images tells is measured in the slow test."""
    counts = Counts(6, 1, (200,) * 4, (200,) * 4)
    for key in range(3):
        made = _with(f"{key} is the key of this contest")
        train, test = (truth(made, part, counts) for part in ("labelled", "test"))
        test = test[test["network"] != UNKNOWN]
        digits = [[[int(c, 16) for c in name[:12]] for name in part["image"]] for part in (train, test)]
        right = (LinearDiscriminantAnalysis().fit(digits[0], train["network"]).predict(digits[1]) == test["network"]).sum()
        assert binomtest(int(right), len(test), 1 / len(counts.labels)).pvalue > 1e-4
        at = np.hstack([offsets(made, "labelled", len(train), 96), np.arange(len(train))[:, None]])
        assert np.abs(np.corrcoef(np.hstack([at, dealt(made, "labelled", counts)[:, None]]).T)[-1, :-1]).max() < 0.15


def _with(key: str) -> Secret:
    made = Secret.__new__(Secret)
    made._key = key.encode()
    return made


def test_offsets_take_every_phase_equally_often():
    at = offsets(_with(KEY), "test", 6400, 96)
    assert at.min() == MARGIN and at.max() + side(96) == 96 - MARGIN - 1
    counts = np.bincount((at % 4) @ [4, 1], minlength=16)
    assert np.abs(counts - 400).max() < 5 * 400**0.5


def test_hidden_networks_are_spread_over_scales_and_losses_and_differ_with_the_secret():
    hidden = design(_with(KEY), 12)
    assert len(set(hidden)) == 12
    assert {(n.scale, n.loss): sum((m.scale, m.loss) == (n.scale, n.loss) for m in hidden) for n in hidden} == {
        (scale, loss): 2 for scale in (2, 4) for loss in ("L1", "VGG_GAN", "ResNet_GAN")
    }
    assert design(_with(KEY + "!"), 12) != hidden and _with(KEY + "!").seed("training") != _with(KEY).seed("training")


def test_equal_secrets_make_equal_packages(contest, secret, tmp_path):
    package.make(profiles.get("smoke"), tmp_path / "again", secret, networks=3)
    files = {path.relative_to(contest) for path in contest.rglob("*")}
    assert files == {path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*")}
    for file in files:
        assert (contest / file).is_dir() or (contest / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_the_baseline_runs_in_the_folder_and_scores_what_the_datasheet_says(contest, secret, tmp_path, capsys):
    shutil.copytree(contest, tmp_path / "mine")
    with threadpool_limits(1):
        runpy.run_path(str(tmp_path / "mine" / "baseline.py"), run_name="__main__")
    line = scoring.score(tmp_path / "mine", tmp_path / "mine" / "baseline.csv", secret)
    assert line.removeprefix("baseline: ") in (contest / "datasheet.md").read_text()
    assert line.removeprefix("baseline: ") in (contest / "rules.md").read_text()
    assert scoring.score(tmp_path / "mine", tmp_path / "mine" / "baseline.csv", secret, team="Team 2")
    board = rows(tmp_path / "mine" / "leaderboard.csv")
    assert [row["team"] for row in board] == ["baseline", "Team 2"] and board[0]["accuracy"] == board[1]["accuracy"]


def test_right_answers_score_one_and_unknowns_are_scored_apart(contest, secret):
    right = truth(Secret(secret), "test", scoring.counts_of(contest))
    perfect = scoring.scored(dict(zip(right["image"], right["network"], strict=True)), right)
    assert (perfect.known.value, perfect.unknown.value, perfect.called_unknown) == (1, 1, 0)
    shy = scoring.scored(dict.fromkeys(right["image"], UNKNOWN), right)
    assert (shy.known.value, shy.unknown.value, shy.called_unknown) == (0, 1, 1)
    assert perfect.n_known + perfect.n_unknown == len(right) and perfect.n_unknown


MISTAKES = {
    "one image is left out": (lambda lines: lines[:-1], "no answer for the image '"),
    "two are": (lambda lines: lines[:-2], "' and 1 more: give one, or unknown"),
    "an image that is not there": (lambda lines: [*lines, "x.png,N01"], "an answer for 'x.png', which is no test image"),
    "an image twice": (lambda lines: [*lines, lines[1]], "more than one answer for the image '"),
    "a label that is not there": (
        lambda lines: [*lines[:-1], lines[-1].replace("N01", "N99")],
        "the answer 'N99': answers are N01 to N02, or unknown",
    ),
    "no label": (lambda lines: [*lines[:-1], lines[-1].replace("N01", "")], "the answer '': answers are"),
    "another column": (lambda lines: ["image,label", *lines[1:]], "has the columns image, label: they must be image, network"),
    "semicolons": (lambda lines: [line.replace(",", ";") for line in lines], "has the columns image;network"),
    "three cells": (lambda lines: [*lines[:-1], lines[-1] + ",x"], "a line is the name of an image, a comma, and an answer"),
    "a header alone": (lambda lines: lines[:1], "has no answers: fill in submission_template.csv"),
    "nothing": (lambda lines: [], "has no answers: fill in submission_template.csv"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_submission_is_a_sentence_and_nothing_is_written(mistake, contest, secret, tmp_path):
    change, sentence = MISTAKES[mistake]
    before = (contest / "leaderboard.csv").read_bytes()
    with pytest.raises(UserError) as refusal:
        scoring.score(contest, submission(tmp_path, "\n".join(change(filled(contest)))), secret)
    assert sentence in str(refusal.value) and "\n" not in str(refusal.value)
    assert (contest / "leaderboard.csv").read_bytes() == before


def test_a_wrong_secret_a_missing_file_and_a_bad_name_are_sentences(contest, secret, tmp_path):
    good, wrong = submission(tmp_path, "\n".join(filled(contest))), tmp_path / "wrong.txt"
    wrong.write_text(KEY + "?")
    (tmp_path / "short.txt").write_text("monkey")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for arguments, sentence in (
        ((contest, good, wrong), "is not the secret of"),
        ((contest, good, tmp_path / "none"), "there is no secret"),
        ((contest, good, tmp_path / "short.txt"), "has 6 bytes, and so few can be guessed"),
        ((contest, tmp_path / "none.csv", secret), "there is no submission"),
        ((contest, tmp_path / "binary.csv", secret), "is no CSV file in UTF-8"),
        ((tmp_path, good, secret), "is no contest"),
    ):
        with pytest.raises(UserError, match=sentence):
            scoring.score(*arguments)
    with pytest.raises(UserError, match="begins with a letter"):
        scoring.score(contest, good, secret, team="=cmd")
    assert (contest / "leaderboard.csv").read_text() == scoring.header()


def test_making_refuses_in_a_sentence_and_leaves_nothing(contest, secret, tmp_path):
    for profile, arguments, sentence in (
        ("smoke", {"networks": 2}, "--networks is 2: a contest has 3 to 60"),
        ("paper", {}, "profile 'paper' makes no contest"),
    ):
        with pytest.raises(UserError, match=sentence):
            package.make(profiles.get(profile), tmp_path / "new", secret, **arguments)
    with pytest.raises(UserError, match="is there already"):
        package.make(profiles.get("smoke"), contest, secret)
    assert os.listdir(tmp_path) == []


def test_the_commands(contest, secret, tmp_path, capsys):
    shutil.copytree(contest, tmp_path / "c")
    file = submission(tmp_path, "\ufeff" + "\r\n".join(filled(contest)) + "\r\n\r\n")
    arguments = ["labs", "contest", "score", str(tmp_path / "c"), str(file), "--secret", str(secret)]
    assert cli.main([*arguments, "--team", 'Ünï, "2"']) == 0
    assert 'Ünï, "2": accuracy ' in capsys.readouterr().out
    assert rows(tmp_path / "c" / "leaderboard.csv")[0]["team"] == 'Ünï, "2"'
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == sorted(p.name for p in contest.iterdir())
    assert cli.main(["labs", "contest", "make", str(tmp_path / "c"), "--secret", str(secret), "--workspace", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_the_mean_colour_of_demo_images_says_nothing_and_their_spectrum_much(secret, tmp_path):
    package.make(profiles.get("demo"), tmp_path / "demo", secret, networks=4)
    right = truth(Secret(secret), "test", scoring.counts_of(tmp_path / "demo"))
    right = right[right["network"] != UNKNOWN]
    labelled = rows(tmp_path / "demo" / "labels.csv")

    def colours(names):
        return [np.asarray(Image.open(tmp_path / "demo" / "images" / name)).mean((0, 1)) for name in names]

    model = LinearDiscriminantAnalysis().fit(colours(row["image"] for row in labelled), [row["network"] for row in labelled])
    by_colour = int((model.predict(colours(right["image"])) == right["network"]).sum())
    assert binomtest(by_colour, len(right), 1 / 3).pvalue > 1e-3
    file = tmp_path / "demo" / "rules.md"
    assert float(file.read_text().rsplit("accuracy ", 1)[1].split(" %")[0]) > 60

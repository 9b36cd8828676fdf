"""The command on a smoke workspace: JSON, CSV, a report, and what it says of mistakes."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest
from PIL import Image

from srfp_lib.commands import cli
from srfp_lib.experiments import identification
from srfp_lib.identify import identify
from srfp_lib.study import Study


@pytest.fixture
def folder(smoke, tmp_path):
    image = smoke.photographs("images")["image"].iloc[0]
    for name in ("RDN-div2k-x4-VGG_GAN-s1", "HR-HR-HR-HR-HR"):
        Image.fromarray(smoke.pixels(name, image)[1:, 2:]).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path


def test_json_has_an_object_a_line_and_a_failure_shows_in_the_exit_code(smoke, folder, capsys):
    files = [str(folder / "RDN-div2k-x4-VGG_GAN-s1.png"), str(folder / "broken.png")]
    report = folder / "report.html"
    assert cli.main(["identify", *files, "--workspace", str(smoke.workspace.root), "--json", "--report", str(report)]) == 1
    one, broken = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert {"file", "sha256", "verdict", "candidates", "parsed", "stability", "warnings"} <= one.keys() and broken.keys() == {"file", "error"}
    assert one["candidates"][0].keys() == {"model_id", "probability", "log10_lr"} and one["parsed"].keys() == {"scale", "loss", "architecture"}
    assert one["stability"]["tried"] == 10 and "cannot be decoded" in report.read_text()
    assert cli.main(["identify", files[0], "--workspace", str(smoke.workspace.root)]) == 0


def test_a_folder_gives_a_table(smoke, folder, capsys):
    assert cli.main(["identify", str(folder), "--workspace", str(smoke.workspace.root)]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [bool(row["error"]) for row in rows] == [False, False, True] and all(len(row["sha256"]) == 64 for row in rows[:2])


def test_a_notebook_gets_the_same_records(smoke, folder):
    (record,) = identify(folder / "HR-HR-HR-HR-HR.png", smoke)
    assert record["verdict"] in ("known", "unknown", "not super-resolved", "unsure") and "in_words" in record


def test_the_trial_has_every_group_and_delivery(smoke):
    judged = identification.truths(pd.read_csv(smoke.outputs("identify/trial.csv")[0]))
    assert set(judged["delivery"]) == {"png", "jpeg-95", "jpeg-90"}
    assert judged.groupby("delivery")["group"].nunique().eq(5).all()
    withheld = judged[judged["withheld"]]
    assert set(withheld["source"]) == set(smoke.published_names()) and not withheld["right"].any()


def test_without_a_workspace_or_an_image_one_sentence(tmp_path, capsys):
    assert cli.main(["identify", "a.png", "--workspace", str(tmp_path / "none")]) == 2
    assert "there is no workspace" in capsys.readouterr().err


def test_a_half_made_run_is_not_finished_in_passing(tmp_path, capsys):
    Study.open("smoke", tmp_path / "new").workspace.claim()
    assert cli.main(["identify", "a.png", "--workspace", str(tmp_path / "new")]) == 2
    assert "needs a finished run" in capsys.readouterr().err and not (tmp_path / "new" / "networks").exists()


def test_rates_count_what_is_right_and_wrong():
    rows = [("EDSR-div2k-x2-L1-s1", "known", True), ("EDSR-div2k-x2-L1-s1", "known", False), ("HR-HR-HR-HR-HR", "not super-resolved", False),
            ("HR-HR-HR-HR-HR", "unsure", False)]  # fmt: skip
    judged = pd.DataFrame(
        {"source": s, "delivery": "png", "verdict": v, "first": s if right else "RDN-div2k-x2-L1-s1", "top1": right, "top3": right,
         "probability": 0.95 if right else 0.15, "flipped": 0, "photograph": str(n)}
        for n, (s, v, right) in enumerate(rows)
    )  # fmt: skip
    found = identification.rates(judged).set_index(["group", "what"])["rate"]
    assert found["L1 networks", "right"] == found["L1 networks", "wrong"] == found["photographs", "right"] == found["photographs", "unsure"] == 0.5
    assert found["photographs", "wrong"] == 0
    assert identification.calibration_error(judged) == pytest.approx(0.1)
    assert identification.reliability(judged)["count"].tolist() == [1, 1]

"""What a run costs: counts by the table of jobs, seconds by measured steps."""

from dataclasses import replace

import pytest

from srfp_lib import fleet, program
from srfp_lib.commands import cli
from srfp_lib.commands import plan as command
from srfp_lib.planning import downloads_planned, plan
from srfp_lib.planning.image_costs import Files
from srfp_lib.planning.throughput import Bench
from srfp_lib.planning.timing import Timing
from srfp_lib.planning.workload import Workload, count_images, longest_chain, shares
from srfp_lib.profiles import DEMO, LAB, PAPER, SMOKE
from srfp_lib.workflow.jobs import Job


class Even(Bench):
    """Every step takes a second."""

    def training_step(self, networks, settings):
        return Timing(1.0)

    def enlarging(self, architecture, scale, settings):
        return Timing(1.0)

    def classifier(self, backbone, classes):
        return Timing(1.0), Timing(0.5)

    def reducing(self, scale):
        return Timing(0.0)


@pytest.fixture
def even(monkeypatch):
    """A workload whose files cost nothing."""
    for name in ("writing", "reading", "cropping"):
        monkeypatch.setattr(Files, name, 0.0, raising=False)
    monkeypatch.setattr(Files, "decoded", True, raising=False)
    monkeypatch.setattr(Files, "__init__", lambda self, profile: None)
    return lambda profile: Workload(profile, Even(profile))


def test_plan_of_smoke_prints_every_stage(capsys, tmp_path):
    assert cli.main(["plan", "--profile", "smoke", "--workspace", str(tmp_path / "w")]) == 0
    text = capsys.readouterr().out
    stages = dict.fromkeys(name.split("/")[0] for name in program.table(SMOKE))
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.split()}
    assert stages.keys() <= lines.keys() and lines["all"][1] == str(len(program.table(SMOKE)))
    assert lines["train"][1:3] == ["10", "480"] and float(lines["train"][3]) > 0
    assert "90 GPU-days" in text and "on 1, " in text and " on 8 such machines" in text and "has everything" in text
    assert not (tmp_path / "w").exists()


def test_steps_of_the_paper(even):
    work = {name: even(PAPER).of(job) for name, job in program.table(PAPER, content=False).items() if not name.startswith(("quality", "prnu"))}
    train = [one for name, one in work.items() if name.startswith("train/")]
    assert len(train) == 180 and sum(one.units for one in train) == sum(one.seconds for one in train) == 180 * 50_000
    assert work["images/EDSR-div2k-x4-L1-s1"].units == 1000
    # 180 networks x 800 images / 16 = 9,000 steps an epoch; 3 epochs with a frozen body, at half a second an image, and 15 whole.
    attribution = work["attribution/1"]
    assert attribution.units == 18 * 9000
    assert attribution.seconds == 3 * 9000 * 16 * 0.5 + 15 * 9000 + 18 * 180 * 100 * 0.5 + 180 * 100 * 0.5
    assert work["unseen/1"].units == 25 * 100
    # RDN 4x has 22.2 million parameters; one of the authors' networks that is truncated as well is written twice.
    assert work["published/RDN-x4"].units == 2000 and work["published/RDN-x4"].seconds == pytest.approx(1000, rel=0.01)


def test_steps_of_the_demo(even):
    work = {name: even(DEMO).of(job) for name, job in program.table(DEMO).items() if not name.startswith(("quality", "prnu"))}
    assert (work["train/RCAN-x2"].units, work["train/RCAN-x2"].seconds) == (6 * 200 + 12 * 80, 280)
    assert work["images/RCAN-x2"].units == 18 * 160
    assert work["attribution/1"].units == 600
    stand_ins = work["published/proSR-x4"]  # one with L1, one with an L1 twin that is trained first
    assert stand_ins.units == 2 * 250 + 80 + 2 * 160


@pytest.mark.parametrize(("photographs", "images", "test"), [
    (PAPER.photographs, 1000, 0.1), (DEMO.photographs, 160, 1 / 3.5), (replace(DEMO.photographs, source="nowhere"), 160, 0.25),
    (replace(LAB.photographs, source="nowhere", rotations=1), 600, 0.25),
])  # fmt: skip
def test_images_and_shares(photographs, images, test):
    found = shares(photographs)
    assert count_images(photographs) == images and sum(found.values()) == pytest.approx(1)
    assert found["test"] == pytest.approx(test, abs=0.08)


def test_disk(monkeypatch):
    """205 networks and five written twice: PNG at 2 bytes a pixel, decoded pixels at 3."""
    whole = 1000 * 960 * 672 * 5 / 1e9
    assert plan.disk(PAPER)["images"] == pytest.approx(180 * whole) and plan.disk(PAPER)["published"] == pytest.approx(30 * whole)
    plain = replace(PAPER, photographs=replace(PAPER.photographs, decoded=False))
    assert plan.disk(plain)["images"] == pytest.approx(180 * whole * 2 / 5)
    assert plan.disk(PAPER, png_bytes=1)["images"] == pytest.approx(180 * whole * 4 / 5)
    assert 1 < plan.disk_gigabytes(DEMO) < 4
    elsewhere = replace(PAPER, release=replace(PAPER.release, folder="x"))
    assert plan.disk(elsewhere)["images"] == 0


def test_what_is_scaled_agrees_with_what_is_not(monkeypatch):
    """A step of the smallest full-size network, in parts and whole."""
    settings = replace(PAPER.training, batch=2, patch=64)
    networks = (fleet.parse("EDSR-div2k-x4-L1-s1"),)
    parts, whole = Bench(PAPER), Bench(PAPER)
    monkeypatch.setattr(whole, "_in_parts", lambda full_size: False)
    scaled, true = parts.training_step(networks, settings), whole.training_step(networks, settings)
    assert scaled.scaled and not true.scaled and 1 / 3 < scaled.seconds / true.seconds < 3
    assert 20 < scaled.megabytes < 200


def test_the_longest_chain():
    jobs = {n: Job(n, "a:b", (), (), needs) for n, needs in {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}.items()}
    assert longest_chain(jobs, {"a": 1, "b": 5, "c": 2, "d": 1}) == 7
    lines = command._durations(jobs, {"a": 3600, "b": 18000, "c": 7200, "d": 3600}, 1, "cuda")
    assert lines[0].startswith("the whole run: 9.0 GPU-hours; 9.0 hours on 1, 7.0 hours on 4, 7.0 hours on 8 such GPUs")


def test_downloads(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = {item.name: item for item in downloads_planned.items(PAPER)}
    assert found["div2k"].megabytes == pytest.approx(3979.6, abs=0.1) and found["flickr2k"].megabytes == 20_000
    assert 1900 < found["weights of 25 of the 25 published networks"].megabytes < 2200
    assert not found["the network vgg19"].there and found["the network vgg19"].megabytes == 574.7
    (tmp_path / "runs/photos/div2k").mkdir(parents=True)
    assert next(item for item in downloads_planned.items(PAPER) if item.name == "div2k").there
    assert downloads_planned.items(LAB) == []


def test_wrong_words(capsys):
    assert cli.main(["plan", "--profile", "demmo"]) == 2 and "there is no profile 'demmo'" in capsys.readouterr().err
    assert cli.main(["plan", "--workers", "0"]) == 2 and "--workers is 0" in capsys.readouterr().err


def test_the_machine_is_named():
    assert "one thread of" in command._machine("cpu")

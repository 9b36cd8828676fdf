"""What a run costs: counts by the table of jobs, seconds by the table of measured costs."""

from dataclasses import replace
from pathlib import Path

import pytest

from srfp_lib import fleet, profiles, program
from srfp_lib.commands import cli
from srfp_lib.planning import costs, plan
from srfp_lib.planning import report as command
from srfp_lib.planning.costs import Costs, Work
from srfp_lib.profiles import DEMO, LAB, PAPER, SMOKE
from srfp_lib.workflow.jobs import Job
from srfp_lib.workflow.placement import Demand


class Even(dict):
    """Steps and images by networks take a second, crops of 224 pixels that a classifier looks at half a second, all else nothing."""

    def __contains__(self, key):
        return True

    def __missing__(self, key):
        kind = key[0].split()[0]
        return float(kind in ("train", "enlarge", "teach")), 0.5e6 / 224**2 * (kind == "look"), 0.0, 0.0


@pytest.fixture
def even(monkeypatch):
    monkeypatch.setattr(costs, "rows", Even)
    return lambda profile: {name: Costs(profile).of(job) for name, job in program.table(profile, content=False).items()}


def test_plan_of_smoke_prints_every_stage(capsys, tmp_path):
    assert cli.main(["plan", "--profile", "smoke", "--workspace", str(tmp_path / "w")]) == 0
    text = capsys.readouterr().out
    stages = dict.fromkeys(name.split("/")[0] for name in program.table(SMOKE))
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.split()}
    assert stages.keys() <= lines.keys() and lines["all"][1] == str(len(program.table(SMOKE)))
    assert lines["train"][1:3] == ["10", "480"] and float(lines["train"][3]) > 0
    assert "one thread of" in text and "90 GPU-days" in text and "on 1, " in text and " on 8 such machines" in text and "has everything" in text
    assert not (tmp_path / "w").exists()


def test_steps_of_the_paper(even):
    work = even(PAPER)
    train = [one for name, one in work.items() if name.startswith("train/")]
    assert len(train) == 180 and sum(one.units for one in train) == sum(one.seconds for one in train) == 180 * 50_000
    assert work["images/EDSR-div2k-x4-L1-s1"].units == 1000
    # 180 networks x 800 images / 16 = 9,000 steps an epoch; 3 epochs with a frozen body, at half a second an image, and 15 whole.
    attribution = work["attribution/1"]
    assert attribution.units == 18 * 9000
    assert attribution.seconds == pytest.approx(3 * 9000 * 16 * 0.5 + 15 * 9000 + 18 * 180 * 100 * 0.5 + 180 * 100 * 0.5)
    assert work["unseen/1"].units == 25 * 100
    # RDN 4x has 22.2 million parameters; one of the authors' networks that is truncated as well is written twice.
    assert work["published/RDN-x4"].units == 2000 and work["published/RDN-x4"].seconds == pytest.approx(1000, rel=0.01)


def test_steps_of_the_demo(even):
    work = even(DEMO)
    assert (work["train/RCAN-x2"].units, work["train/RCAN-x2"].seconds) == (6 * 200 + 12 * 80, 280)
    assert work["images/RCAN-x2"].units == pytest.approx(18 * 112)
    assert work["attribution/1"].units == 600
    assert work["published/DAT_light-x4"].units == pytest.approx(112)


@pytest.mark.parametrize(("photographs", "images", "test"), [
    (PAPER.photographs, 1000, 0.1), (DEMO.photographs, 112, 1 / 3.5), (replace(DEMO.photographs, source="nowhere"), 112, 0.3),
    (replace(LAB.photographs, source="nowhere", rotations=1), 600, 0.25),
])  # fmt: skip
def test_images_by_part(photographs, images, test):
    found = costs.parts(photographs)
    assert sum(found.values()) == pytest.approx(images) and found["test"] / images == pytest.approx(test, abs=0.08)


# CPU seconds of a finished demo run, by its receipts.
DEMO_RUN = {"train": 174, "images": 35, "quality": 18, "published": 50, "attribution": 288, "backbones": 93, "parsers": 149, "seen": 87,
            "parsers-known-offset": 24, "parsers-of-published": 22, "prnu": 7, "prnu-known-offset": 7, "fingerprints": 9}  # fmt: skip


def test_the_demo_costs_what_it_took():
    jobs, demo = program.table(DEMO, content=False), Costs(DEMO)
    found = {stage: demo.total(job for name, job in jobs.items() if name.split("/")[0] == stage).seconds for stage in DEMO_RUN}
    assert sum(found.values()) == pytest.approx(sum(DEMO_RUN.values()), rel=0.3)
    assert {stage: 1 / 2 < seconds / DEMO_RUN[stage] < 2 for stage, seconds in found.items()} == dict.fromkeys(found, True), found


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("profile", [PAPER, LAB, DEMO, SMOKE], ids=lambda p: p.name)
def test_every_job_has_a_cost_that_the_machine_scales(profile, device):
    one, two = Costs(profile, device), Costs(profile, device, (2.0, 2.0))
    for job in program.table(profile, content=False).values():
        work = one.of(job)
        assert work.seconds > 0 and (two.of(job).seconds == pytest.approx(2 * work.seconds) or not work.units)


def test_rows_that_are_lacking(monkeypatch):
    """What runs on processors only has no row of a GPU, and an unknown backbone is a ResNet-50."""
    rows = {
        ("save", "cpu"): (0.0, 4.0, 0.0, False),
        ("enlarge x", "cuda"): (1.0, 0.0, 0.0, False),
        ("look resnet50.a1_in1k", "cpu"): (3.0, 0.0, 0.0, False),
    }
    monkeypatch.setattr(costs, "rows", lambda: rows)
    gpu = Costs(DEMO, "cuda:0", (5.0, 2.0))
    assert gpu._law(1, "save", 0.5) == Work(0, 5 * 2, 0.0, False) and gpu._law(3, "enlarge x", 0.5) == Work(0, 2 * 3, 0.0, False)
    assert Costs(DEMO)._law(4, "look vit.in1k", 1.0) == Work(0, 12.0, 0.0, True)
    with pytest.raises(costs.UserError, match="no row 'residual loud': correct that field"):
        Costs(DEMO)._law(1, "residual loud", 1.0)


def test_the_table_and_the_calibration():
    rows = costs.rows()
    assert all(fixed or seconds for fixed, seconds, _, _ in rows.values())
    assert 1 / 20 < costs.calibrate("cpu") / rows["calibration", "cpu"][0] < 20
    # Of a step of full-size EDSR 4x on one crop of 128 pixels `benchmarks/training.csv` has 11.4 a second on two cores.
    fixed, seconds, _, _ = rows["train full EDSR x4", "cpu"]
    assert fixed + seconds * 128**2 / 1e6 == pytest.approx(2 / 11.4, rel=0.5)
    assert Costs(PAPER).of(program.table(PAPER, content=False)["train/SwinIR-div2k-x2-L1-s1"]).megabytes == pytest.approx(35_000, rel=0.3)


def test_the_plan_of_the_paper_names_the_faster_one_on_a_gpu():
    paper, fast = profiles.get("paper"), profiles.get(command.FAST)
    rows = [(f"{row['section']}.{row['field']}", row["here"]) for p in (paper, fast) for row in profiles.choices(p)]
    changed = {name for name, value in rows if rows.count((name, value)) == 1}
    assert changed == {"training.precision", "training.channels_last", "training.recorded", "classifier.precision"}
    jobs = program.table(fast, content=False)
    seconds = {a: [Costs(p, "cuda:0").of(jobs[f"train/{a}-div2k-x4-L1-s1"]).seconds for p in (paper, fast)] for a in fleet.ARCHITECTURES}
    assert seconds["RDN"][1] == pytest.approx(seconds["RDN"][0] / 4.3645, rel=0.01) and seconds["NLSN"][0] == seconds["NLSN"][1]
    whole = Costs(fast, "cuda:0").total(jobs.values()).seconds
    (sentence,) = command._faster(paper, "cuda:0", Costs(paper, "cuda:0"))
    assert sentence.startswith(f"in bfloat16 (--profile {command.FAST}, which names its departures from the paper): {costs.span(whole, 'GPU')};")
    assert not list(command._faster(paper, "cpu", Costs(paper))) and not list(command._faster(fast, "cuda:0", Costs(fast, "cuda:0")))


def test_disk():
    """205 networks and five written twice: PNG at 2 bytes a pixel, decoded pixels at 3."""
    whole = 1000 * 960 * 672 * 5 / 1e9
    assert plan.disk(PAPER)["images"] == pytest.approx(180 * whole) and plan.disk(PAPER)["published"] == pytest.approx(30 * whole)
    plain = replace(PAPER, photographs=replace(PAPER.photographs, decoded=False))
    assert plan.disk(plain)["images"] == pytest.approx(180 * whole * 2 / 5)
    without = replace(PAPER, photographs=replace(PAPER.photographs, png=False))
    assert plan.disk(without)["images"] == pytest.approx(180 * whole * 3 / 5)
    assert 1 < sum(plan.disk(DEMO).values()) < 4
    elsewhere = replace(PAPER, release=replace(PAPER.release, folder="x"))
    assert plan.disk(elsewhere)["images"] == 0


def test_the_longest_chain():
    jobs = {n: Job(n, "a:b", (), (), needs) for n, needs in {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}.items()}
    demands = {name: Demand(seconds) for name, seconds in {"a": 3600, "b": 18000, "c": 7200, "d": 3600}.items()}
    lines = command.durations(jobs, demands, 1, "cuda")
    assert lines[0].startswith("the whole run: 9 GPU-hours; 9 hours on 1, 7 hours on 4, 7 hours on 8 such GPUs")


def test_downloads(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = {name: (megabytes, there) for name, megabytes, there, _ in plan.downloads(PAPER)}
    assert found["div2k"] == (3980, False) and found["flickr2k"] == (20_000, False)
    assert 1900 < found["weights of 25 of the 25 published networks"][0] < 2200
    assert found["the network vgg19"] == (pytest.approx(574.7, abs=0.1), False)
    assert found["the backbone 'convnext_base.fb_in1k'"] == (pytest.approx(354.4, abs=0.1), False)
    (tmp_path / "runs/photos/div2k").mkdir(parents=True)
    assert next(there for name, _, there, _ in plan.downloads(PAPER) if name == "div2k")
    assert plan.downloads(LAB) == []


def test_announcement():
    jobs = list(program.table(DEMO, content=False).values())
    text = plan.announcement(DEMO, jobs, Path("w"), 2)
    assert text.startswith(f"Profile demo, workspace w: {len(jobs)} jobs to do, about ") and "minutes with 2 processes on an ordinary machine" in text
    assert plan.announcement(DEMO, [], Path("w"), 2) == "Everything is made already in w."


def test_wrong_words(capsys):
    assert cli.main(["plan", "--profile", "demmo"]) == 2 and "there is no profile 'demmo'" in capsys.readouterr().err
    assert cli.main(["plan", "--workers", "0"]) == 2 and "--workers is 0" in capsys.readouterr().err

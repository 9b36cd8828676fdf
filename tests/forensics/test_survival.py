"""The job of chapter 22 on six networks with patterns of their own: what it tests, and what it writes."""

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from srfp_lib import fleet
from srfp_lib.experiments import survival as tabled
from srfp_lib.images.spectrum import SPECTRUM, log_power
from srfp_lib.profiles import SMOKE
from srfp_lib.published import sources
from srfp_lib.stages import judges, survival
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

FOLDS = (0, 1, 2, 3, 0, 1, 2, 0)
NETWORKS = tuple(n for n in fleet.custom() if (n.architecture, n.dataset, n.seed) == ("EDSR", "div2k", 1))  # both scales, three losses
SIZES = judges.Sizes(train=4, tested=2, together=2, every=2)


class Unknowing:
    """In place of a kept classifier: it learnt nothing, but has a gradient."""

    def __init__(self, file, settings, *, probed):
        self.weights = torch.randn(SPECTRUM, len(NETWORKS), generator=torch.Generator().manual_seed(int(file.stem))) / SPECTRUM**0.5

    def log_probabilities(self, images):
        return (log_power(images) @ self.weights).log_softmax(1)

    def __call__(self, images):
        return self.log_probabilities(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255).exp().numpy()


class Bicubic(nn.Module):
    """In place of a trained network."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, x):
        return F.interpolate(x, scale_factor=self.scale, mode="bicubic")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Images of 48 x 48, each with noise of the network's own strength and colour on smooth photographs."""
    root, monkeypatch = tmp_path_factory.mktemp("survival"), pytest.MonkeyPatch()
    names = [f"i{i}" for i in range(len(FOLDS))]
    for folder in ("photos", "decoded"):
        (root / folder).mkdir(parents=True)
    pd.DataFrame({"image": names, "photograph": names, "fold": FOLDS}).to_csv(root / "photos" / "images.csv", index=False)
    true = np.random.default_rng(0).integers(60, 180, (len(FOLDS), 6, 6, 3)).repeat(8, 1).repeat(8, 2)
    for number, network in enumerate(NETWORKS):
        strength = np.eye(3)[number % 3] * (4 + 12 * (number // 3))
        noisy = true + np.random.default_rng([1, number]).normal(size=true.shape) * strength
        np.save(root / "decoded" / f"{network.model_id}.npy", np.clip(noisy, 0, 255).astype(np.uint8))
    monkeypatch.setattr(fleet, "custom", lambda: NETWORKS)
    monkeypatch.setattr(sources, "networks", lambda _: ())
    monkeypatch.setattr(judges, "Kept", Unknowing)
    monkeypatch.setattr(survival, "load_network", lambda _, name: Bicubic(fleet.parse(name).scale))
    monkeypatch.setattr(survival, "_forger", lambda scale: next(n.model_id for n in NETWORKS if n.scale == scale))
    (found,) = judges.questions(Desk(Workspace(root, SMOKE), root / "out"), SIZES)
    yield found
    monkeypatch.undo()


def test_lossless_images_are_attributed_and_heavy_compression_and_blur_cost_accuracy(asked):
    answers = survival.answers(asked, ("png", "jpeg-50", "blur-1", "size-50"))
    assert len(answers) == 4 * 3 * len(NETWORKS) * 2
    right = (answers["predicted"] == answers["model_id"]).groupby([answers["classifier"], answers["delivery"]]).mean()
    assert right["spectrum", "png"] >= 0.6 and right["spectrum, trained with deliveries", "png"] >= 0.6
    assert right["spectrum", "jpeg-50"] < right["spectrum", "png"] and right["spectrum", "blur-1"] < right["spectrum", "png"]
    sizes = answers.groupby("delivery")["psnr"].agg(lambda values: values.isna().all())
    assert sizes.to_dict() == {"png": False, "jpeg-50": False, "blur-1": False, "size-50": True}


def test_only_test_photographs_are_tested_and_the_same_ones_in_every_delivery(asked):
    answers = survival.answers(asked, ("png", "noise-1"))
    test = {f"i{i}" for i in asked.numbers("test")}
    assert set(answers["photograph"]) <= test
    images = answers.groupby(["delivery", "classifier"])["image"].agg(list)
    assert len({tuple(one) for one in images}) == 1


def test_several_images_are_judged_together(asked):
    found = tabled.from_one_source(survival.together(asked, "png")).assign(delivery="png")
    assert {"one photograph", "several photographs"} == set(found["of"]) and (found["delivery"] == "png").all()
    assert (found["side"] == asked.side).all() and found["accuracy"].between(0, 1).all()


def test_attacks_have_a_row_for_each_gradient_judge_goal_and_budget(asked):
    cases = survival.attacked(asked)
    kinds = cases.groupby("attack").size()
    goals, judges, attacked = 2, 2, 3
    assert kinds["nothing"] == goals * judges * attacked and kinds["spectrum"] == kinds["network"] == goals * judges * attacked * len(survival.FLOORS)
    assert cases.loc[cases["attack"] == "nothing", "psnr"].eq(99).all()
    attacks = cases[cases["decibels"].notna()]
    assert (attacks["psnr"] > attacks["decibels"] - 0.7).all()
    hidden = cases[(cases["goal"] == "hide") & (cases["judge"] == "spectrum")].groupby(["attack", "decibels"], dropna=False)["succeeded"].mean()
    assert hidden["spectrum", 36.0] == 1 > hidden["nothing"].iloc[0]


def test_the_job_leaves_what_the_tables_are_made_of(asked, monkeypatch):
    monkeypatch.setattr(survival, "questions", lambda _: [asked])
    monkeypatch.setattr(survival, "TESTED", survival.OF_SEVERAL)
    monkeypatch.setattr(survival, "attacked", lambda one: _nothing(one))
    survival.survive(asked.desk, "survival")
    found = tabled.tables(asked.desk.out / "survival")
    assert list(found["accuracy"].query("group == 'all'")["delivery"].unique()) == list(survival.OF_SEVERAL)
    assert list(found["several"]["delivery"].unique()) == list(survival.OF_SEVERAL) and set(found["several"]["question"]) == {"custom"}
    assert found["attacks"]["accuracy"].tolist() == [0.0] * len(found["attacks"])


def _nothing(asked):
    index = asked.images.index([(name, asked.numbers("test")[0]) for name in asked.classes])
    return index.assign(question=asked.question, attack="nothing", judge="spectrum", goal="hide", decibels=np.nan, succeeded=False, psnr=99.0)

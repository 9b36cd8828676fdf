"""Tables of deliveries and attacks, from answers that were made up."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import survival

L1, GAN = "EDSR-div2k-x2-L1-s1", "EDSR-div2k-x4-VGG_GAN-s1"


@pytest.fixture
def answers():
    rows = [(network, f"p{i}", network if i < right else "other", i % 2 == 0) for network, right in ((L1, 2), (GAN, 6)) for i in range(8)]
    table = pd.DataFrame(rows, columns=["model_id", "photograph", "predicted", "sure"])
    return table.assign(question="custom", classifier="spectrum", delivery="png", psnr=40.0, n_classes=180)


def test_accuracy_by_group_with_sure_answers_beside(answers):
    found = survival.by_delivery(answers).set_index("group")
    assert found["accuracy"].round(3).to_dict() == {"all": 0.5, "2X, L1": 0.25, "4X, adversarial": 0.75}
    assert found["named_right"].round(3).to_dict() == {"all": 0.25, "2X, L1": 0.125, "4X, adversarial": 0.375}
    assert found["named_wrong"].round(3).to_dict() == {"all": 0.25, "2X, L1": 0.375, "4X, adversarial": 0.125}
    assert (found["chance"] == 1 / 180).all() and (found["n_photographs"] == 8).all() and found["n_images"].to_list() == [16, 8, 8]
    assert ((found["low"] < found["accuracy"]) & (found["accuracy"] < found["high"])).all()


def test_deliveries_and_classifiers_are_kept_apart_in_their_order(answers):
    both = pd.concat([answers, answers.assign(delivery="jpeg-90", predicted="other"), answers.assign(classifier="network")])
    found = survival.by_delivery(both).query("group == 'all'")
    assert found[["classifier", "delivery", "accuracy"]].to_numpy().tolist() == [
        ["spectrum", "png", 0.5], ["spectrum", "jpeg-90", 0.0], ["network", "png", 0.5]]  # fmt: skip


def test_attacks_are_counted_by_budget_and_nothing_is_one(answers):
    cases = answers[["model_id", "photograph"]].assign(question="custom", attack="nothing", judge="network", goal="hide", decibels=np.nan,
                                                       succeeded=False, psnr=99.0)  # fmt: skip
    found = survival.attacks(pd.concat([cases, cases.assign(attack="spectrum", decibels=48.0, psnr=48.2, succeeded=cases["model_id"] == GAN)]))
    values = found.set_index(["attack", "group"])["accuracy"]
    assert values["nothing", "all"] == 0 and values["spectrum", "all"] == 0.5 and values["spectrum", "4X, adversarial"] == 1
    assert found.groupby("attack")["psnr"].first().to_dict() == {"nothing": 99.0, "spectrum": 48.2}


def test_tiles_of_a_photograph_are_added_within_it_and_within_a_network():
    index = pd.DataFrame([(n, f"{p}{t}", p) for n in (L1, GAN) for p in "ab" for t in range(3)], columns=["model_id", "image", "photograph"])
    right = np.where(index["model_id"] == L1, 0, 1)
    scores = np.zeros((12, 2), np.float32)
    scores[np.arange(12), right] = np.tile([-1, 3, -1], 4)  # alone one tile of three is right, the first two together are, the third is left over
    found = survival.of_one_photograph(Predictions("x", 1, (L1, GAN), index, scores), (1, 2, 4)).set_index("tiles")
    assert found["accuracy"].round(3).to_dict() == {1: 0.333, 2: 1.0} and (found["chance"] == 0.5).all()

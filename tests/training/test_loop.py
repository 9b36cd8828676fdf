"""A training is resumable, repeatable, and says when it breaks down."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from srfp_lib import fleet
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.training import batches
from srfp_lib.training.loop import Data, train
from tests.conftest import interrupted

SETTINGS = replace(SMOKE.training, patch=32, log_every=2)
STACK = tuple(n for n in fleet.stack("EDSR", 4) if n.dataset == "div2k" and n.seed == 1)


@pytest.fixture
def data(tiles):
    return Data(dict.fromkeys(fleet.DATASETS, tiles), [tiles[:2]])


def equal(a, b):
    return all(torch.equal(a.states[m][k], b.states[m][k]) for m in a.states for k in a.states[m])


def test_the_same_training_gives_the_same_bits_and_log(data):
    first, second = (train(STACK, data, SETTINGS, master_seed=3) for _ in range(2))
    assert equal(first, second) and first.log == second.log
    assert not equal(first, train(STACK, data, SETTINGS, master_seed=4))


def test_crops_are_cut_while_the_step_before_runs(data, monkeypatch):
    here, cut = [], batches.batch_of

    def watched(*arguments, **settings):
        here.append(threading.current_thread() is threading.main_thread())
        return cut(*arguments, **settings)

    monkeypatch.setattr(batches, "batch_of", watched)
    train(STACK, data, SETTINGS, master_seed=3)
    assert here.count(True) == 2  # the calibrations
    assert here.count(False) == SETTINGS.steps + SETTINGS.adversarial_steps


def test_adversarial_networks_start_from_their_l1_twin(data):
    settings = replace(SETTINGS, adversarial_learning_rate=0.0)
    states = train(STACK, data, settings, master_seed=3).states
    twin = states["EDSR-div2k-x4-L1-s1"]
    assert all(torch.equal(twin[k], states["EDSR-div2k-x4-VGG_GAN-s1"][k]) for k in twin)


def test_a_twin_must_be_in_the_job(data):
    with pytest.raises(UserError, match="start_from_l1 needs"):
        train(tuple(n for n in STACK if n.adversarial), data, SETTINGS, master_seed=3)


def test_an_interrupted_training_ends_with_the_same_bits(data, tmp_path, monkeypatch):
    settings = replace(SETTINGS, checkpoint_every=1)
    whole = train(STACK, data, settings, master_seed=3)
    with interrupted(monkeypatch, at=1):
        train(STACK, data, settings, master_seed=3, checkpoints=tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"pixel.pt", "adversarial.pt"}
    resumed = train(STACK, data, settings, master_seed=3, checkpoints=tmp_path)
    assert equal(whole, resumed) and whole.log == resumed.log


def test_a_damaged_checkpoint_is_refused(data, tmp_path):
    (tmp_path / "pixel.pt").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="is damaged"):
        train(STACK, data, replace(SETTINGS, checkpoint_every=1), master_seed=3, checkpoints=tmp_path)


def test_a_loss_that_is_no_number_is_named(data):
    with pytest.raises(UserError, match="the training of EDSR-div2k-x4-L1-s1 broke down: its loss is (nan|inf)"):
        train(STACK, data, replace(SETTINGS, learning_rate=1e30), master_seed=3)


def test_the_log_ends_with_the_psnr_of_held_out_images(data):
    last = [row for row in train(STACK, data, SETTINGS, master_seed=3).log if "held_out_psnr" in row]
    assert [row["model_id"] for row in last] == [n.model_id for n in STACK]
    assert all(np.isfinite(row["held_out_psnr"]) for row in last)

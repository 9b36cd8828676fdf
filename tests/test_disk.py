"""A full disk is one sentence, whichever library meets it and whatever type its exception has."""

import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.common.files import disk_full_in_a_sentence, write_whole
from srfp_lib.profiles import SMOKE
from srfp_lib.workflow.desk import Desk, perform
from srfp_lib.workflow.jobs import Job

NOISE = np.random.default_rng(0).random((1000, 1000), np.float32)  # 4 MB
WRITERS = {
    "safetensors": lambda path: save_file({"a": torch.from_numpy(NOISE)}, path),
    "numpy": lambda path: np.save(path.with_suffix(".npy"), NOISE),
    "torch": lambda path: torch.save({"a": torch.from_numpy(NOISE)}, path),
    "old torch": lambda path: torch.save({"a": torch.from_numpy(NOISE)}, path, _use_new_zipfile_serialization=False),
    "pandas": lambda path: pd.DataFrame(NOISE).to_csv(path),
    "pillow": lambda path: Image.fromarray((NOISE * 255).astype(np.uint8)).resize((3000, 3000)).save(path, "PNG"),
    "whole": lambda path: write_whole(path, NOISE.tobytes()),
    "text": lambda path: path.write_text("x" * 4_000_000),
}


def job(desk: Desk, name: str) -> None:
    WRITERS[name](desk.write("out"))


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A folder on a disk of one megabyte."""
    folder = tmp_path_factory.mktemp("disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_job_on_a_full_disk(full, name):
    with pytest.raises(UserError, match=f"no space is left on the disk of '{full}/.*': free some, or choose a folder on another disk"):
        perform(Job(f"fill/{name}", f"{__name__}:job", ("out",), (name,)), "key", {}, full / "w", SMOKE)


SAID = (
    partial(OSError, "97200 requested and 70624 written"),
    partial(OSError, 28, "No space left on device"),
    partial(OSError, 122, "Disk quota exceeded"),
    partial(RuntimeError, "Error while serializing: I/O error: No space left on device (os error 28)"),
    partial(RuntimeError, "[enforce fail at inline_container.cc:659] . PytorchStreamWriter failed writing file data/0: file write failed"),
    partial(ValueError, "[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
)


@pytest.mark.parametrize("make", SAID, ids=str)
def test_what_libraries_say_of_a_full_disk(make):
    with pytest.raises(UserError, match="no space is left on the disk of '/w': free some"), disk_full_in_a_sentence(Path("/w")):
        raise make()


@pytest.mark.parametrize("error", [ValueError("no space in a name"), OSError(5, "Input/output error"), KeyError("space")])
def test_other_exceptions_stay(error):
    with pytest.raises(type(error)) as caught, disk_full_in_a_sentence(Path("/w")):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("make", SAID, ids=str)
def test_commands_say_so_too(capsys, monkeypatch, tmp_path, make):
    def fail(*_):
        raise make()

    monkeypatch.setattr("srfp_lib.photos.open_sets.fetch", lambda *_, **__: fail())
    assert cli.main(["photos", "fetch", "kodak", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("srfp_lib: no space is left on the disk of '") and said.count("\n") == 1

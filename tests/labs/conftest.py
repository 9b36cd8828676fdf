"""A tiny authored lab that shows the format, and the checkout's folder of labs exchanged for one that holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from srfp_lib.labs import authored
from srfp_lib.labs.authored import Lab

EXAMPLE = Path(__file__).with_name("example.md").read_text()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder that stands for the checkout's labs and holds lab9."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "lab9_rounding.md").write_text(EXAMPLE)
    monkeypatch.setattr(authored, "FOLDER", tmp_path / "labs")
    return tmp_path / "labs"


@pytest.fixture
def lab(folder) -> Lab:
    return Lab.read("lab9")

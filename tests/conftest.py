"""What several tests share: one thread, a few tiles, and one smoke run of the whole study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

# Before anything of these rooms is imported: the tests check the shapes and types that their functions declare.
CHECKED = ("networks", "training", "classifiers", "images", "experiments", "fingerprints", "forensics", "explore")
install_import_hook([f"srfp_lib.{room}" for room in CHECKED], "beartype.beartype")

from srfp_lib.commands import cli
from srfp_lib.study import Study
from srfp_lib.workflow import placement

torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs the smoke run is slow."""
    for item in items:
        if "smoke" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test draws the same weights and images in every run, whichever tests went before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def tiles() -> np.ndarray:
    """Six 48 x 48 tiles with edges and texture, uint8."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (6, 6, 6, 3)).repeat(8, 1).repeat(8, 2)
    return np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def smoke(tmp_path_factory) -> Study:
    """The whole study at the smallest size, every chapter executed, by the command line."""
    root = tmp_path_factory.mktemp("smoke") / "w"
    assert cli.main(["run", "--profile", "smoke", "--workspace", str(root)]) == 0
    return Study.open("", root)


def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in this process: no time goes into starting others."""
    from concurrent.futures import Future

    class Here:
        def __init__(self, workers: int, scheduler: str = "") -> None:
            self.workers = workers

        def lost(self, failure):
            return False

        def places(self, device):
            return placement.here(device)

        def submit(self, function, *arguments, place=None):
            future: Future = Future()
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)
            return future

        def close(self) -> None:
            pass

    monkeypatch.setattr("srfp_lib.workflow.engines.local.Local", Here)


@contextmanager
def interrupted(monkeypatch: pytest.MonkeyPatch, *, at: int) -> Iterator[None]:
    """Within the block adversarial training is interrupted (Ctrl-C) before a step; the interruption is expected."""
    from srfp_lib.training.trainer import Trainer

    step = Trainer.step

    def stopping(self, lr, hr, index):
        if self.adversarial and index == at:
            raise KeyboardInterrupt
        return step(self, lr, hr, index)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Trainer, "step", stopping)
        yield

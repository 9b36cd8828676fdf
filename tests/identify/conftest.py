"""A model of four sources that is fitted in a second: a filter stands in for each network."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from srfp_lib.forensics import calibrating
from srfp_lib.forensics.calibrating import Samples
from srfp_lib.forensics.naming import PHOTOGRAPH, STATES, Naming
from srfp_lib.forensics.traces import traces
from srfp_lib.identify.examiner import Examiner
from srfp_lib.profiles import DEMO

SIDE = 40
SOURCES = ("EDSR-div2k-x2-L1-s1", "RCAN-div2k-x4-VGG_GAN-s1", "SPAN_48-NA-x2-L1-NA-pretrained", PHOTOGRAPH, "bicubic-x2")
FILTERS = {
    "EDSR-div2k-x2-L1-s1": lambda x: ndimage.gaussian_filter(x, (0.8, 0.8, 0)),
    "RCAN-div2k-x4-VGG_GAN-s1": lambda x: ndimage.gaussian_filter(x, (1.2, 1.2, 0)) + 6 * (np.indices(x.shape).sum(0) % 2),
    "SPAN_48-NA-x2-L1-NA-pretrained": lambda x: ndimage.uniform_filter(x, (3, 2, 1)),
    PHOTOGRAPH: lambda x: x,
    "bicubic-x2": lambda x: ndimage.zoom(x[::2, ::2], (2, 2, 1), order=3)[: x.shape[0], : x.shape[1]],
}


def photograph(seed: int, height: int = 64, width: int = 72) -> np.ndarray:
    """Noise of three octaves, in grey levels."""
    rng = np.random.default_rng(seed)
    octaves = [ndimage.gaussian_filter(rng.normal(0, 60 * s, (height, width, 3)), (s, s, 0)) for s in (0.5, 2, 5)]
    return 128 + sum(octaves)


def made_by(source: str, seed: int, height: int = 64, width: int = 72) -> np.ndarray:
    """An image of a source, uint8."""
    return np.clip(np.round(FILTERS[source](photograph(seed, height, width))), 0, 255).astype(np.uint8)


JUDGED = {"source": "EDSR-div2k-x2-L1-s1", "delivery": "png", "verdict": "known", "first": "EDSR-div2k-x2-L1-s1", "top1": True, "top3": True,
          "probability": 0.9, "flipped": 0, "photograph": "a"}  # fmt: skip


@pytest.fixture(scope="session")
def model() -> Naming:
    """Fitted on 12 photographs."""
    rng = np.random.default_rng(0)

    def samples(photographs: range) -> Samples:
        rows = [(s, p, k) for k in range(len(STATES)) for s in range(len(SOURCES)) for p in photographs]
        squares = []
        for source, number, state in rows:
            image = made_by(SOURCES[source], number) if state == 0 else made_by(SOURCES[source], number) // (8 * state) * (8 * state)
            top, left = rng.integers(20, size=2)
            squares.append(image[top : top + SIDE, left : left + SIDE])
        return Samples(traces(np.stack(squares)), *(np.array(column) for column in zip(*rows, strict=True)))

    return calibrating.fitted(samples(range(12)), samples(range(12, 16)), SOURCES, SIDE)


@pytest.fixture
def examiner(model) -> Examiner:
    """One that has its model already."""
    ready = Examiner.__new__(Examiner)
    receipt = SimpleNamespace(versions={"numpy": "2"})
    workspace = SimpleNamespace(receipt=lambda name: receipt, root="w")
    ready.study = SimpleNamespace(profile=DEMO, keys={"identify": "0" * 24}, workspace=workspace)
    ready.model = model
    model.about.update(networks=3, photographs=12, judged=[JUDGED, JUDGED | {"top1": False, "first": "RDN-div2k-x2-L1-s1"}])
    return ready

"""The kinds of fingerprints in one table: the features of each, and what tells networks apart by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from jaxtyping import Float32

from ..profiles import FINGERPRINTS
from . import cooccurrence, early_layers, lattice, prnu, spectra
from .linear import Linear


class Model(Protocol):
    """Learns one network after the other, then scores images; the highest score wins."""

    def add(self, features: np.ndarray, /) -> None: ...

    def scores(self, features: np.ndarray, /) -> np.ndarray: ...


class Nearest:
    """The nearest mean of the training images' features: ``score`` has the negative distances of images to means."""

    def __init__(self, score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        self.score = score
        self.means: list[np.ndarray] = []

    def add(self, features: Float32[np.ndarray, "n ..."]) -> None:
        """Add all training images of the next network."""
        self.means.append(features.mean(0))

    def scores(self, features: Float32[np.ndarray, "n ..."]) -> Float32[np.ndarray, "n networks"]:
        """Negative squared distances."""
        return self.score(features, np.stack(self.means))


@dataclass(frozen=True)
class Kind:
    """``features`` of uint8 images n h w 3 and, ``with_truth``, of the true ones beside them. ``grid``: training crops begin at multiples
    of it, which whoever cuts them is free to choose; test images begin anywhere.
    """

    features: Callable[..., np.ndarray]
    model: Callable[[], Model] = Linear
    with_truth: bool = False
    grid: int = 1


def _of_means(features: Float32[np.ndarray, "n h w 3"], means: Float32[np.ndarray, "k h w 3"]) -> Float32[np.ndarray, "n k"]:
    return prnu.scores(features, means.reshape(len(means), -1))


def _noise(denoiser: str) -> Kind:
    return Kind(partial(prnu.residuals, denoiser=denoiser, int8=False), partial(Nearest, _of_means))


KINDS = {
    "lattice": Kind(lattice.patterns, partial(Nearest, lattice.scores), grid=lattice.PERIOD),
    "prnu": _noise("wavelet"),
    "prnu-bm3d": _noise("bm3d"),
    "spectrum": Kind(spectra.spectrum),
    "azimuthal": Kind(spectra.azimuthal),
    "cooccurrence": Kind(cooccurrence.reduced),
    "early-layers": Kind(early_layers.features),
    "true-residual": Kind(spectra.true_residual, with_truth=True),
}
assert tuple(KINDS) == FINGERPRINTS

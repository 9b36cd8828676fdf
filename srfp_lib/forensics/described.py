"""The log power spectra of all images of a run: features that no network was trained for, so that no unknown leaks into them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float16, Float32

from ..common.frames import read_table
from ..images.arrays import read_array

PLAIN = ("bicubic-x2", "bicubic-x4", "lanczos-x2", "lanczos-x4")  # the LR images enlarged without a network


class Sample(NamedTuple):
    """Images of several networks: features n x d, and of each image its network and its photograph, n each."""

    features: Float32[np.ndarray, "n d"]
    networks: np.ndarray
    photographs: np.ndarray


@dataclass(frozen=True)
class Described:
    """``spectra`` are networks x images x 1632; ``images`` has image, photograph and part (of run 1: train, validation or test)."""

    networks: tuple[str, ...]
    images: pd.DataFrame
    spectra: Float16[np.ndarray, "networks images d"]

    @classmethod
    def load(cls, folder: Path) -> Described:
        """From the folder that `save` wrote; the spectra stay in their file until they are asked for."""
        names = json.loads((folder / "networks.json").read_text())
        return cls(tuple(names), read_table(folder / "images.csv"), read_array(folder / "log_power.npy"))

    def save(self, folder: Path) -> None:
        """Write a folder of three files."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "log_power.npy", self.spectra)
        (folder / "networks.json").write_text(json.dumps(self.networks))
        self.images.to_csv(folder / "images.csv", index=False)

    def of(self, networks: Sequence[str], part: str) -> Sample:
        """The images of some networks in a part of the split, a network after the other. Raises KeyError for a network that is not there."""
        place = {name: i for i, name in enumerate(self.networks)}
        numbers = np.flatnonzero(self.images["part"] == part)
        features = self.spectra[[place[name] for name in networks]][:, numbers].reshape(-1, self.spectra.shape[-1]).astype(np.float32)
        photographs = self.images["photograph"].to_numpy()[numbers]
        return Sample(features, np.repeat(np.array(networks), len(numbers)), np.tile(photographs, len(networks)))

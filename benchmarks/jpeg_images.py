"""The images of `jpeg.py` and `jpeg_networks.py`, and how answers to them are judged.

Sixty custom networks of a finished run (seed 1, DIV2K and Flickr2K), or others, super-resolve a piece of 272 pixels of every photograph; a folder
keeps these images, 2 GB. A crop of 256 that begins anywhere is compressed; smaller images are its parts: JPEG treats blocks of 8 x 8
alone, so that a part from a multiple of 8 is what compressing it alone gives. Photographs are split as in run 1.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from srfp_lib import fleet
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.common.randomness import numpy_generator
from srfp_lib.experiments.several import from_several
from srfp_lib.experiments.survival import of_one_photograph
from srfp_lib.forensics.deliveries import deliver
from srfp_lib.images import superresolve
from srfp_lib.photos import split
from srfp_lib.photos.reading import read_again
from srfp_lib.stages.making import load_network
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

HERE = Path(__file__).parent
SIXTY = tuple(n.model_id for n in fleet.custom() if n.seed == 1 and not n.dataset.startswith("quarter"))
PIECE, WHOLE = 272, 256
PARTS = {88: (0, 80, 160), 128: (0, 128), 192: (32,), 256: (0,)}  # where the parts of 256 pixels begin, down and right
KEY = ["model", "quality", "networks"]
COLUMNS = ["model", "quality", "trained_side", "trained_parts", "side", "of", "images_together", "networks", "chance", "accuracy", "low", "high",
           "n_photographs", "accuracy_l1", "accuracy_adversarial", "train_accuracy"]  # fmt: skip
Ask = Callable[[np.ndarray], np.ndarray]  # images or features, n ..., to log-probabilities, n networks


class Made:
    """The images of the networks, and the photographs that train, validate and test."""

    def __init__(self, workspace: str, folder: str, networks: tuple[str, ...] = SIXTY) -> None:
        self.desk, self.folder, self.networks = Desk(Workspace.existing(Path(workspace)), HERE), Path(folder), networks
        table = pd.read_csv(self.desk.read("photos", "photographs.csv"))
        table = table[table["fold"] >= 0]
        rotations = self.desk.profile.photographs.rotations
        parts = np.array([split(fold, rotation=0, rotations=rotations) for fold in table["fold"]])
        self.files, self.photographs = list(table["file"]), table["photograph"].to_numpy()
        self.numbers = {part: np.flatnonzero(parts == part) for part in ("train", "validation", "test")}

    def make(self) -> None:
        """Super-resolve the middle of every photograph with every network."""
        photographs = (read_again(Path(self.desk.profile.photographs.source) / file) for file in self.files)
        true = np.stack([middle(pixels) for pixels in photographs])
        small = {scale: superresolve.downscale(true, scale) for scale in fleet.SCALES}
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in self.networks:
            if not self.path(name).exists():
                made = superresolve.super_resolve(load_network(self.desk, name), small[fleet.parse(name).scale], batch=1)
                np.save(self.path(name), made)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.npy"

    def delivered(self, name: str, part: str, quality: str) -> np.ndarray:
        """A crop of 256 pixels of each photograph, as it arrives; those of a test begin at the same place for all networks."""
        rng = numpy_generator(1, "jpeg", part, name if part == "train" else "")
        pieces, found = np.load(self.path(name), mmap_mode="r"), []
        for i in self.numbers[part]:
            row, column = rng.integers(PIECE - WHOLE, size=2)
            found.append(deliver(quality, np.ascontiguousarray(pieces[i, row : row + WHOLE, column : column + WHOLE]), rng))
        return np.stack(found)

    def parts(self, part: str, quality: str, side: int) -> np.ndarray:
        """The same, cut: networks photographs parts side side 3."""
        found, places = (self.delivered(name, part, quality) for name in self.networks), list(product(PARTS[side], PARTS[side]))
        return np.stack([np.stack([whole[:, row : row + side, column : column + side] for row, column in places], 1) for whole in found])

    def judged(self, scores: np.ndarray) -> pd.DataFrame:
        """The accuracy from one image, all parts of one photograph, and images of several photographs."""
        parts, photographs = scores.shape[2], self.photographs[self.numbers["test"]]
        places = product(self.networks, photographs, range(parts))
        index = pd.DataFrame(places, columns=["model_id", "photograph", "part"])
        index["image"] = index["photograph"] + "_" + index["part"].astype(str)
        kinds = np.array(["adversarial" if fleet.parse(name).adversarial else "l1" for name in index["model_id"]])
        tables = {}
        for group in ("", "l1", "adversarial"):
            mine = kinds == (group or kinds)
            found = Predictions("jpeg", 1, self.networks, index[mine].reset_index(drop=True), scores.reshape(len(index), -1)[mine])
            within = of_one_photograph(found, sorted({1, parts})).rename(columns={"tiles": "images_together"}).assign(of="one photograph")
            across = from_several([found], (5, 20), grouped=False).rename(columns={"images": "images_together"}).assign(of="several photographs")
            tables[group] = pd.concat([within, across], ignore_index=True)
        of_losses = {f"accuracy_{group}": table["accuracy"] for group, table in tables.items() if group}
        return tables[""].assign(networks=len(self.networks), **of_losses)


def middle(pixels: np.ndarray) -> np.ndarray:
    top, left = ((length - PIECE) // 2 // 4 * 4 for length in pixels.shape[:2])
    return pixels[top : top + PIECE, left : left + PIECE]


def asked(layers: nn.Module) -> Ask:
    """A network in evaluation, in batches."""

    @torch.inference_mode()
    def ask(shown: np.ndarray) -> np.ndarray:
        layers.eval()
        return torch.cat([layers(torch.from_numpy(shown[i : i + 64])).log_softmax(1) for i in range(0, len(shown), 64)]).numpy()

    return ask


def answers(ask: Ask, shown: np.ndarray) -> np.ndarray:
    """The log-probabilities, networks photographs parts classes, of what has the same first three axes."""
    return np.stack([ask(some.reshape(-1, *some.shape[2:])).reshape(*some.shape[:2], -1) for some in shown])


def share(ask: Ask, shown: np.ndarray) -> float:
    """The share of right answers."""
    return float((answers(ask, shown).argmax(3) == np.arange(len(shown))[:, None, None]).mean())


def stored(rows: list[pd.DataFrame]) -> None:
    """Add rows to the file; those of the same models, qualities and networks give way."""
    path, new = HERE / "jpeg.csv", pd.concat(rows)
    old = pd.read_csv(path) if path.exists() else new[:0]
    again = old.set_index(KEY).index.isin(new.set_index(KEY).index)
    pd.concat([old[~again], new])[COLUMNS].astype({"trained_parts": "Int64"}).to_csv(path, index=False, float_format="%.4f")

"""The work of the job that runs every baseline on every split of the open set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from torch import nn

from .. import fleet
from ..classifiers.predictions import Predictions
from ..classifiers.spectrum import log_power
from ..experiments.open_set import estimates
from ..experiments.several import enrolled
from ..fleet import HR
from ..forensics import splits
from ..forensics.benchmark import Fitted, measured, shifted
from ..forensics.described import Described
from ..forensics.splits import BESIDE, FACTORS, THEN, Split
from ..images import gallery, superresolve
from ..images.gallery import Gallery
from ..images.store import Pick
from ..workflow.desk import Desk
from .making import load_network

ENROLLED, COUNTS = ("seed", "architecture", "real"), (1, 5, 20)
SHIFTED = "architecture"  # the kind whose splits are judged on other sorts of photographs


def benchmark(desk: Desk, output: str) -> None:
    """Leave three tables: the measures by kind of unknown, enrolled networks, and photographs of another sort than those of training."""
    described = Described.load(desk.read("spectra"))
    found, runs, features = [], {kind: [] for kind in ENROLLED}, _Chains(desk, described)
    for kinds in (*((kind,) for kind in FACTORS), BESIDE, (splits.REAL,)):
        for number in range(splits.SPLITS):
            here = {kind: splits.read(kind)[number].within(described.networks) for kind in kinds}
            first = here[kinds[0]]
            if len(first.known) < 2:  # of few real networks
                continue
            fitted = Fitted(described, first)
            found += [measured(fitted.judged(split, features.of(split))) for split in here.values() if split.unknown]
            for kind in (k for k in kinds if k in ENROLLED and len(here[k].unknown) > 1):
                runs[kind].append(_features(described, fitted, here[kind]))
    tables = {"measures": estimates(pd.concat(found, ignore_index=True), "kind", "baseline"), "enrolled": _enrolled(desk, runs)}
    moved = pd.concat([shifted(described, split.within(described.networks)) for split in splits.read(SHIFTED)], ignore_index=True)
    tables["shifted"] = estimates(moved, "shown", "baseline")
    for name, table in tables.items():
        table.to_csv(desk.write(output, f"{name}.csv"), index=False, float_format="%.5f")


def _features(described: Described, fitted: Fitted, split: Split) -> Predictions:
    """The unknown networks' test images in the space of the known ones, as `enrolled` takes them."""
    images = described.images[described.images["part"] == "test"]
    index = pd.concat([images[["image", "photograph"]].assign(model_id=name) for name in split.unknown], ignore_index=True)
    features = fitted.space(described.of(split.unknown, "test").features).astype(np.float32)
    return Predictions("open-set", split.number, split.known, index, np.zeros((len(index), len(split.known)), np.float32), features)


def _enrolled(desk: Desk, runs: dict[str, list[Predictions]]) -> pd.DataFrame:
    tables = [enrolled([run], COUNTS, seed=desk.profile.master_seed).assign(kind=kind, split=run.run) for kind, some in runs.items() for run in some]
    return pd.concat([table[table["group"] == "all"] for table in tables], ignore_index=True)


class _Chains(Gallery):
    """Images that a second network enlarged: the middle of what a first one had made, and their spectra."""

    def __init__(self, desk: Desk, described: Described) -> None:
        custom = gallery.custom(desk)
        super().__init__(desk, custom.table, tiles=custom.tiles, matched=False, bits=8)
        place = {name: i for i, name in enumerate(self.names)}
        self.desk, self.networks = desk, dict[str, nn.Module]()
        self.numbers = [place[name] for name in described.images.loc[described.images["part"] == "test", "image"]]

    def of(self, split: Split) -> dict[str, np.ndarray]:
        """The spectra of the chains of a split, n x 1632 each, on the test images."""
        return {name: np.concatenate(list(self._spectra(name))) for name in split.unknown if THEN in name}

    def _spectra(self, name: str, batch: int = 16) -> Iterator[np.ndarray]:
        side = self.whole(HR) if self.tiles else self.desk.profile.fingerprints.crop
        for start in range(0, len(self.numbers), batch):
            picks = [(name, i) for i in self.numbers[start : start + batch]]
            yield log_power(self.test_crops(picks, side, seed=self.desk.profile.master_seed)).numpy()

    def kept(self, model_id: str) -> Sequence[UInt8[np.ndarray, "_ _ 3"]] | None:
        """The images that the first network of a chain made."""
        return super().kept(model_id.partition(THEN)[0])

    def size(self, pick: Pick) -> tuple[int, int]:
        """Height and width, multiples of both scales."""
        height, width = super().size((pick[0].partition(THEN)[0], pick[1]))
        return height // 4 * 4, width // 4 * 4

    def image(self, pick: Pick) -> UInt8[np.ndarray, "h w 3"]:
        """A whole image of a chain."""
        first, _, last = pick[0].partition(THEN)
        scale, whole = fleet.parse(last).scale, super().image((first, pick[1]))
        height, width = (length // scale for length in self.size(pick))
        top, left = (whole.shape[0] - height) // 2, (whole.shape[1] - width) // 2
        if last not in self.networks:
            self.networks = {last: load_network(self.desk, last)}
        middle = np.ascontiguousarray(whole[top : top + height, left : left + width])[None]
        return superresolve.super_resolve(self.networks[last], middle, device=self.desk.device)[0]

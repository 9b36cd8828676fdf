"""The work of the job that runs every baseline on every split of the open set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from torch import nn

from .. import fleet
from ..classifiers.predictions import Predictions
from ..fleet import HR
from ..forensics import splits
from ..forensics.benchmark import Fitted, measured, shifted
from ..forensics.described import Described
from ..forensics.splits import BESIDE, FACTORS, THEN, Split
from ..images import gallery, superresolve
from ..images.gallery import Gallery
from ..images.store import Pick
from ..workflow.desk import Desk
from .described import spectra_of
from .making import load_network

ENROLLED = ("architecture", "real")  # kinds whose unknown networks are kept in the space of the known ones
SHIFTED = "architecture"  # the kind whose splits are judged on other sorts of photographs


def benchmark(desk: Desk, output: str) -> None:
    """Leave the measures by kind of unknown (measured.csv), those on photographs of another sort than the training's (shifted.csv), both with
    each photograph left out in turn, and the features of unknown networks, to enrol them (KIND/SPLIT).
    """
    described, found = Described.load(desk.read("spectra")), []
    chains = _Chains(desk, described)
    for kinds in (*((kind,) for kind in FACTORS), BESIDE, (splits.REAL,)):
        for number in range(splits.SPLITS):
            here = {kind: splits.read(kind)[number].within(described.networks) for kind in kinds}
            first = here[kinds[0]]
            if len(first.known) < 2:  # of few real networks
                continue
            fitted = Fitted(described, first)
            found += [measured(fitted.judged(split, chains.of(split))) for split in here.values() if split.unknown]
            for kind in (kind for kind in kinds if kind in ENROLLED and here[kind].unknown):
                _features(described, fitted, here[kind]).save(desk.write(output, kind, str(number + 1)))
    moved = [shifted(described, split.within(described.networks)) for split in splits.read(SHIFTED)]
    for name, tables in (("measured", found), ("shifted", moved)):
        pd.concat(tables, ignore_index=True).to_csv(desk.write(output, f"{name}.csv"), index=False, float_format="%.5f")


def _features(described: Described, fitted: Fitted, split: Split) -> Predictions:
    """The unknown networks' test images in the space of the known ones, as `experiments.several.enrolled` takes them."""
    images = described.images[described.images["part"] == "test"]
    index = pd.concat([images[["image", "photograph"]].assign(model_id=name) for name in split.unknown], ignore_index=True)
    features = fitted.space(described.of(split.unknown, "test").features).astype(np.float32)
    return Predictions("open-set", split.number, split.known, index, np.zeros((len(index), len(split.known)), np.float32), features)


class _Chains(Gallery):
    """Images that a second network enlarged: the middle of what a first one had made, and their spectra."""

    def __init__(self, desk: Desk, described: Described) -> None:
        custom = gallery.custom(desk)
        super().__init__(desk, custom.table, tiles=custom.tiles, matched=False, bits=8)
        place = {name: i for i, name in enumerate(self.names)}
        self.desk, self.networks = desk, dict[str, nn.Module]()
        self.tested_images = [place[name] for name in described.images.loc[described.images["part"] == "test", "image"]]

    def of(self, split: Split) -> dict[str, np.ndarray]:
        """The spectra of the chains of a split, n x 1632 each, on the test images."""
        settings = self.desk.profile
        side = self.whole(HR) if self.tiles else settings.fingerprints.crop
        chains = {name: [(name, i) for i in self.tested_images] for name in split.unknown if THEN in name}
        return {name: spectra_of(self, picks, side, settings.master_seed) for name, picks in chains.items()}

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

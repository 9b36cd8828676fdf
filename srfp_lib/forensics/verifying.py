"""Did one network make both? Scores and likelihood ratios for pairs of images by networks that nothing was learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int

from .. import fleet
from ..common.randomness import numpy_generator
from ..fleet import Network
from .described import Described
from .evidence import Calibrated
from .likeness import Likeness
from .pairs import ANY, APART, IMAGE, KINDS, SCENES, differing, groups, halves, losses, scenes

SPLITS = 5
MOST, MORE, EACH = 40, 200, 6  # network pairs of a kind, of any kind to calibrate, and image pairs of each
SEVERAL = 5  # images of one source
REAL = "real"  # the kind of pairs of published networks
Sizes = tuple[int, int]
COLUMNS = ["kind", "losses", "scene", "left", "right", "same", "first", "second", "first_image", "second_image"]


@dataclass(frozen=True, eq=False)
class Shown:
    """The images of some photographs by some networks; ``images`` are their numbers, ``photographs`` what they show."""

    networks: tuple[Network, ...]
    features: Float32[np.ndarray, "networks images d"]
    images: Int[np.ndarray, " images"]
    photographs: np.ndarray

    @classmethod
    def of(cls, described: Described, networks: Sequence[Network], photographs: Sequence[str]) -> Shown:
        shown = described.images["photograph"].to_numpy()
        images = np.flatnonzero(np.isin(shown, photographs))
        rows = [described.networks.index(network.model_id) for network in networks]
        return cls(tuple(networks), described.spectra[rows][:, images].astype(np.float32), images, shown[images])

    def learn(self) -> Likeness:
        """A likeness from all of them."""
        names = np.repeat([network.model_id for network in self.networks], len(self.images))
        return Likeness.fit(self.features.reshape(len(names), -1), names)

    def ask(self, likeness: Likeness, kind: str, most: int, rng: np.random.Generator, scene: str = APART, sizes: Sizes = (1, 1)) -> pd.DataFrame:
        """For each of at most so many network pairs of a kind, `EACH` image pairs by both networks and as many by one of them, scored.

        Columns: `COLUMNS` (left and right: how many images; the first of either side by its number), score, and plain, which is the
        cosine of the standardised spectra.
        """
        rows, sides = [], ([], [])
        place = {network: k for k, network in enumerate(self.networks)}
        for pair in differing(self.networks, ANY if kind == REAL else kind, most, rng):
            for turn in range(2 * EACH):
                same = turn % 2 == 1
                both = (pair[turn // 2 % 2],) * 2 if same else pair
                drawn = scenes(self.photographs, APART if same and scene == IMAGE else scene, sizes, rng)
                if drawn is None:
                    continue
                for side, network, at in zip(sides, both, drawn, strict=True):
                    side.append(self.features[place[network], at].mean(0))
                numbers = (int(self.images[at[0]]) for at in drawn)
                rows.append((kind, losses(*pair), scene, *sizes, same, *(network.model_id for network in both), *numbers))
        if not rows:
            return pd.DataFrame(columns=COLUMNS)
        one, other = (np.stack(side) for side in sides)
        scored = {"score": likeness.score(likeness.place(one), likeness.place(other), images=sizes), "plain": likeness.cosine(one, other)}
        return pd.DataFrame(rows, columns=COLUMNS).assign(**scored)

    def calibrate(self, likeness: Likeness, kind: str, most: int, rng: np.random.Generator, sizes: Sizes) -> Calibrated | None:
        """From pairs of other photographs; None if no networks differ so."""
        asked = self.ask(likeness, kind, most, rng, APART, sizes)
        if asked.empty:
            return None
        networks = len({*asked["first"], *asked["second"]})
        scores, same = asked["score"].to_numpy(), asked["same"].to_numpy(bool)
        return Calibrated.fit(scores, same, networks=networks, photographs=len(np.unique(self.photographs)))


def verify(described: Described, *, master_seed: int, splits: int = SPLITS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs with their log10 LRs, and the calibrations these come from, over several splits.

    In each split a third of the custom networks and of the photographs is learnt from, a third calibrates, and on the last third and
    on half of the published networks it is tried. Pairs have the columns of `Shown.ask`, split, log10_lr (calibrated on pairs of any
    custom networks) and own_log10_lr (calibrated on pairs of the same kind; NaN where the split has none); calibrations have split,
    kind, left, right, low, high, low_by_pairs, high_by_pairs (log10), same, different, networks, photographs.
    """
    done = [_split(described, number, master_seed) for number in range(1, splits + 1)]
    pairs, calibrations = (pd.concat(tables, ignore_index=True) for tables in zip(*done, strict=True))
    return pairs, calibrations


def _split(described: Described, number: int, master_seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = numpy_generator(master_seed, "verification", number)
    real = [fleet.parse(name) for name in described.networks if name.endswith("-pretrained")]
    learnt, calibrating, tested = groups(fleet.custom(), list(described.images["photograph"].unique()), rng)
    others, held_out = halves(real, rng)
    likeness = Shown.of(described, *learnt).learn()
    kept = {name: Shown.of(described, networks, calibrating.photographs) for name, networks in (("fleet", calibrating.networks), (REAL, others))}
    new = {name: Shown.of(described, networks, tested.photographs) for name, networks in (("fleet", tested.networks), (REAL, held_out))}
    pairs, calibrations = [], []
    for sizes in _sizes(len(calibrating.photographs), len(tested.photographs)):
        general = kept["fleet"].calibrate(likeness, ANY, MORE, rng, sizes)
        for kind in (*KINDS, REAL):
            place = REAL if kind == REAL else "fleet"
            own = general if kind == ANY else kept[place].calibrate(likeness, kind, MORE, rng, sizes)
            for scene in SCENES if sizes == (1, 1) else (APART,):
                asked = new[place].ask(likeness, kind, MOST * (3 if kind in (ANY, REAL) else 1), rng, scene, sizes)
                if len(asked) and general:
                    scores = asked["score"].to_numpy()
                    lrs = {"log10_lr": general.log10_lr(scores), "own_log10_lr": own.log10_lr(scores) if own else np.nan}
                    pairs.append(asked.assign(split=number, **lrs))
            if own:
                calibrations.append(_row(own) | {"split": number, "kind": kind, "left": sizes[0], "right": sizes[1]})
    return pd.concat(pairs), pd.DataFrame(calibrations)


def _sizes(*photographs: int) -> list[Sizes]:
    """How many images there are on the two sides: one and one, and, with enough photographs, one and several, several and several."""
    most = min(SEVERAL, min(photographs) // 2)
    return [(1, 1), (1, most), (most, most)] if most > 1 else [(1, 1)]


def _row(curve: Calibrated) -> dict[str, float]:
    low, high = curve.by_pairs
    return {"low": curve.low, "high": curve.high, "low_by_pairs": low, "high_by_pairs": high} | asdict(curve.basis)

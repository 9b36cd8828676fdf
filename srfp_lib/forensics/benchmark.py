"""Every baseline on a split: from spectra to scores of images, and to the measures of `splits.score`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from ..fleet import HR
from . import scores, splits
from .described import Described
from .scores import Space
from .splits import Split

Features = Mapping[str, Float[np.ndarray, "images d"]]  # of what is not in the spectra: chains, by name, on test images


class Fitted:
    """The space and the baselines of the known networks of a split. ``some``: the training photographs that are used; all by default."""

    def __init__(self, described: Described, split: Split, some: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        sample = described.of(split.known, "train")
        kept = some(sample.photographs) if some else np.ones(len(sample.networks), bool)
        place = {name: i for i, name in enumerate(split.known)}
        y = np.array([place[name] for name in sample.networks[kept]])
        self.described, self.split = described, split
        self.space = Space().fit(sample.features[kept], y)
        self.baselines = scores.fitted(self.space(sample.features[kept]), y)

    def judged(self, split: Split, chains: Features) -> pd.DataFrame:
        """Rows as `splits.score` takes them, and the column baseline, for a split with the same known networks."""
        test = self.described.images[self.described.images["part"] == "test"]["photograph"].to_numpy()
        there = [name for name in split.unknown if name in self.described.networks]
        shown = [("validation", *self.described.of(split.known, "validation")), ("test", *self.described.of([*split.known, *there], "test"))]
        shown += [("test", chains[name], np.repeat([name], len(test)), test) for name in split.unknown if name in chains]
        return pd.concat([self._rows(split, *one) for one in shown], ignore_index=True)

    def _rows(self, split: Split, part: str, features: np.ndarray, networks: np.ndarray, photographs: np.ndarray) -> pd.DataFrame:
        x, tables = self.space(features), []
        for name, baseline in self.baselines.items():
            known, answer = baseline.scores(x)
            table = {"baseline": name, "kind": split.kind, "split": split.number, "part": part, "model_id": networks, "photograph": photographs}
            tables.append(pd.DataFrame(table | {"score": known, "predicted": np.array(split.known, object)[answer]}))
        return pd.concat(tables, ignore_index=True)


def measured(rows: pd.DataFrame) -> pd.DataFrame:
    """The measures of every baseline, with each photograph left out in turn."""
    return pd.concat([splits.score(some).assign(baseline=name) for name, some in rows.groupby("baseline", sort=False)], ignore_index=True)


def busy(described: Described) -> dict[str, bool]:
    """Whether a photograph has more power at all frequencies, on average, than the median of those of training: a texture, not a subject."""
    power = described.spectra[described.networks.index(HR)].astype(float).mean(1)
    by_photograph = pd.Series(power).groupby(described.images["photograph"].to_numpy()).mean()
    training = described.images.loc[described.images["part"] == "train", "photograph"].unique()
    return (by_photograph > by_photograph[training].median()).to_dict()


def shifted(described: Described, split: Split) -> pd.DataFrame:
    """Measures where test photographs are like those of training, smooth or busy, and where they are of the other sort (column shown).

    Every test photograph is tested twice, by baselines that were fitted on one half of the training photographs and on the other.
    """
    sort = busy(described)
    rows = []
    for half in (False, True):
        fitted = Fitted(described, split, lambda names, half=half: np.array([sort[n] == half for n in names]))
        found = fitted.judged(split, {})
        same = found["photograph"].map(sort) == half
        rows += [found.assign(shown=np.where(same, "like those of training", "of the other sort"))]
    table = pd.concat(rows, ignore_index=True)
    validation = table["part"] == "validation"
    return pd.concat([measured(table[validation | (table["shown"] == shown)]).assign(shown=shown) for shown in sorted(table["shown"].unique())])

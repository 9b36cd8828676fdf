"""Several images of one source, and networks known from a few images alone (not in the paper).

An album, or what one account posts, often has one source: the log-probabilities of its images add up. And a network on which no
classifier was trained can be *enrolled*: the mean of the features of a few of its images is what new images are compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from ..classifiers.predictions import Predictions
from ..common.randomness import numpy_generator
from .attribution import scored
from .separability import groups
from .uncertainty import Accuracy, Estimate

COUNTS = (1, 2, 3, 5, 10)
DRAWS = 20  # of the photographs, the same for every network and run


@dataclass(frozen=True, eq=False)
class _Run:
    """The rows of a run's predictions by image and network."""

    run: int
    networks: tuple[str, ...]
    images: pd.DataFrame  # image, photograph
    rows: Int[np.ndarray, "images networks"]

    @classmethod
    def of(cls, found: Predictions) -> _Run:
        index = found.index.assign(row=range(len(found.index)))
        rows = index.pivot(index="image", columns="model_id", values="row")
        images = index.drop_duplicates("image").set_index("image").loc[rows.index, ["photograph"]].reset_index()
        return cls(found.run, tuple(rows.columns), images, rows.to_numpy())

    @property
    def photographs(self) -> int:
        return self.images["photograph"].nunique()

    def drawn(self, seed: int, draw: int) -> pd.DataFrame:
        """The photographs in a random order, with one image of each; the index says which row of ``rows`` it is."""
        order = numpy_generator(seed, "several", draw).permutation(len(self.images))
        return self.images.iloc[order].drop_duplicates("photograph")


def from_several(runs: Sequence[Predictions], counts: Sequence[int] = COUNTS, *, seed: int = 1, grouped: bool = True) -> pd.DataFrame:
    """The accuracy by the number of images of one source that are judged together, for all networks and, ``grouped``, each group of them.

    A case is that many images of one network, each of another photograph, and the class with the highest sum of log-probabilities.
    `DRAWS` times the photographs are dealt into sets; value and interval are the means over these deals. The sets of a deal have no
    photograph in common, and take the place of photographs in its interval.
    """
    tables, classes = [_Run.of(run) for run in runs], runs[0].classes
    dealt = {k: [_sums(runs, tables, k, seed, draw) for draw in range(DRAWS)] for k in counts if 1 < k <= min(t.photographs for t in tables)}
    rows = []
    for group, members in ({"all": list(classes)} | (groups(classes) if grouped else {})).items():
        about = {"group": group, "n_networks": len(members), "chance": 1 / len(classes)}
        if 1 in counts:
            answers = scored(runs)
            rows.append({"images": 1, **about, **Accuracy.of(answers[answers["model_id"].isin(members)]).columns()})
        for k, deals in dealt.items():
            found = [Accuracy.of(deal[deal["model_id"].isin(members)]).estimate() for deal in deals]
            rows.append({"images": k, **about, **_mean(found, len({p for t in tables for p in t.images["photograph"]})).columns()})
    return pd.DataFrame(rows)


def _sums(runs: Sequence[Predictions], tables: Sequence[_Run], k: int, seed: int, draw: int) -> pd.DataFrame:
    """A deal: one row for each set of ``k`` photographs (column photograph), network and run."""
    parts = []
    for found, table in zip(runs, tables, strict=True):
        chosen = table.drawn(seed, draw)
        sets = chosen["photograph"].to_numpy()[: len(chosen) // k * k].reshape(-1, k)
        scores = found.scores[table.rows[chosen.index[: sets.size]]]  # photographs networks classes
        answers = scores.reshape(*sets.shape, *scores.shape[1:]).sum(1).argmax(2)
        right = answers == [found.classes.index(name) for name in table.networks]
        parts.append(_long(table, [" ".join(one) for one in sets], right))
    return pd.concat(parts, ignore_index=True)


def _long(table: _Run, photographs: Sequence[str], right: Bool[np.ndarray, "photographs networks"]) -> pd.DataFrame:
    names = np.tile(table.networks, len(photographs))
    return pd.DataFrame({"run": table.run, "photograph": np.repeat(photographs, len(table.networks)), "model_id": names, "correct": right.ravel()})


def _mean(found: Sequence[Estimate], n_photographs: int) -> Estimate:
    value, sd, low, high = np.mean([(e.value, e.sd, e.low, e.high) for e in found], axis=0).tolist()
    return Estimate(value, sd, low, high, n_photographs, found[0].n_runs)


def enrolled(runs: Sequence[Predictions], counts: Sequence[int] = COUNTS, *, seed: int = 1) -> pd.DataFrame:
    """The accuracy with which single images are assigned to networks that are known from a few images each, by the nearest mean of features.

    Of every network the same ``counts`` images of different photographs are enrolled, and all images of the other photographs are tested;
    `DRAWS` draws of the enrolled photographs. The networks are all of a run's index, whatever its classifier was trained on. Counts that
    leave no photograph to test are left out.
    """
    tables = [_Run.of(run) for run in runs]
    rows = []
    for k in (k for k in counts if k < min(t.photographs for t in tables)):
        answers = pd.concat([part for run, table in zip(runs, tables, strict=True) for part in _nearest(run, table, k, seed)], ignore_index=True)
        names = tables[0].networks
        for group, members in ({"all": list(names)} | groups(names)).items():
            some = answers[answers["model_id"].isin(members)]
            rows.append({"images": k, "group": group, "n_networks": len(members), "chance": 1 / len(names), **Accuracy.of(some).columns()})
    return pd.DataFrame(rows, columns=None if rows else ["images", "group", "n_networks", "chance", *Accuracy.of(scored(runs)).columns()])


def _nearest(found: Predictions, table: _Run, k: int, seed: int) -> Iterator[pd.DataFrame]:
    """The answers of every draw of enrolled photographs."""
    features = found.features_of(table.rows.ravel()).reshape(*table.rows.shape, -1)  # images networks d
    for draw in range(DRAWS):
        chosen = table.drawn(seed, draw)[:k]
        tested = ~table.images["photograph"].isin(chosen["photograph"]).to_numpy()
        right = nearest(features[tested], features[chosen.index].mean(0)) == np.arange(len(table.networks))
        yield _long(table, table.images["photograph"][tested].tolist(), right)


def nearest(features: Float[np.ndarray, "images networks d"], means: Float[np.ndarray, "networks d"]) -> Int[np.ndarray, "images networks"]:
    """The number of the mean that is nearest by Euclidean distance.

    >>> nearest(np.array([[[0.1], [0.8]]]), np.array([[0.0], [1.0]])).tolist()
    [[0, 1]]
    """
    squares = np.square(means).sum(1) - 2 * features @ means.T
    return squares.argmin(2)

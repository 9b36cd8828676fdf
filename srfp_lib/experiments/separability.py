"""How well do a classifier's features separate two networks? Figures 5 and 6 (section 4.1.3; D3).

Two ratios of intra- to inter-class distance, both 1 for coinciding clusters and near 0 for clusters far apart. `ratio` is
the paper's formula, on mean distances between all pairs of points. `ratio_of_squares` is the formula of the released code
and of Figure 6, on mean squared distances to centroids. Both are exact and averaged over the classifier runs. Intervals take
the spread over photographs from a jackknife, because a bootstrap would count copies of an image among the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from .. import fleet, paper
from ..classifiers.predictions import Predictions
from .uncertainty import NAN, Estimate, Spread

Quantity = Callable[[np.ndarray], np.ndarray]  # maps matrices, ... x networks x networks, to their values, ...
Ratio = Callable[[np.ndarray], np.ndarray]  # maps weights of the photographs to a matrix, networks x networks


@dataclass(frozen=True, eq=False)
class Separation:
    """A ratio for each pair of networks, the same with each photograph left out, and by run; which run tested on which photograph."""

    networks: tuple[str, ...]
    matrix: Float[np.ndarray, "networks networks"]
    left_out: Float[np.ndarray, "photographs networks networks"]
    by_run: Float[np.ndarray, "runs networks networks"]
    tested: Bool[np.ndarray, "runs photographs"]

    @property
    def n_photographs(self) -> int:
        """The photographs of all runs."""
        return self.tested.shape[1]

    @property
    def n_runs(self) -> int:
        """The runs."""
        return len(self.tested)

    @property
    def enough(self) -> bool:
        """Are there photographs enough for an interval that covers (`benchmarks/coverage.csv`), in all and in every run?"""
        return self.n_photographs >= 8 and bool(self.tested.sum(axis=1).min() >= 4)

    def frame(self) -> pd.DataFrame:
        """The matrix with the networks' names on both sides."""
        return pd.DataFrame(self.matrix, self.networks, self.networks)

    def estimate(self, quantity: Quantity) -> Estimate:
        """A quantity of the matrix with its interval, around the value less its bias by the jackknife."""
        value = float(quantity(self.matrix))
        spread = Spread(pseudo_values(value, quantity(self.left_out)), quantity(self.by_run), self.tested)
        low, high = spread.interval() if self.enough else (NAN, NAN)
        return Estimate(value, spread.sd, low, high, self.n_photographs, self.n_runs)

    def among(self, members: Sequence[str]) -> Quantity:
        """The mean over all pairs of the given networks."""
        at = np.flatnonzero([n in set(members) for n in self.networks])
        rows, columns = (at[i] for i in np.triu_indices(len(at), 1))
        return lambda m: m[..., rows, columns].mean(-1)

    def row(self, network: str) -> Quantity:
        """The mean over all pairs with one network."""
        here = self.networks.index(network)
        others = [i for i in range(len(self.networks)) if i != here]
        return lambda m: m[..., here, others].mean(-1)


def pseudo_values(value: float, left_out: Float[np.ndarray, " photographs"]) -> Float[np.ndarray, " photographs"]:
    """What each photograph contributes to a value, from the values with it left out (Tukey 1958); of a mean, the photographs' own values.

    >>> pseudo_values(2.0, np.array([2.5, 2.0, 1.5]))
    array([1., 2., 3.])
    """
    n = len(left_out)
    return n * value - (n - 1) * left_out


def jackknife(value: float, left_out: Float[np.ndarray, " photographs"]) -> tuple[float, float]:
    """The 95 % interval of a value from its values with each photograph left out; NaN for too few photographs."""
    found = pseudo_values(value, left_out)
    return Spread(found, np.array([value]), np.ones((1, len(found)), dtype=bool)).interval()


def ratio(runs: Sequence[Predictions]) -> Separation:
    """The paper's formula: mean distance within a network's images over mean distance between two networks' images."""
    return _over_runs(runs, _distances)


def ratio_of_squares(runs: Sequence[Predictions]) -> Separation:
    """The released code's formula: mean squared distance to the own centroid over that to the other's, averaged over both directions."""
    return _over_runs(runs, _squares)


def _over_runs(runs: Sequence[Predictions], formula: Callable[[np.ndarray, np.ndarray], Ratio]) -> Separation:
    networks = tuple(dict.fromkeys(m for run in runs for m in run.index["model_id"]))
    photographs = sorted({p for run in runs for p in run.index["photograph"]})
    n = len(photographs)
    prepared = []
    for run in runs:
        features, photo = _blocks(run, networks, photographs)
        prepared.append((photo, formula(features, photo)))

    def over_runs(weights: np.ndarray) -> np.ndarray:
        """The mean over runs, except runs whose only photograph is left out."""
        return np.mean([matrix(weights) for photo, matrix in prepared if weights[photo].sum() > 0], axis=0)

    whole = np.ones(n)
    left_out = np.stack([over_runs(weights) for weights in 1 - np.eye(n)]) if n > 1 else over_runs(whole)[None]
    by_run = np.stack([matrix(whole) for _, matrix in prepared])
    tested = np.stack([np.isin(np.arange(n), photo) for photo, _ in prepared])
    return Separation(networks, over_runs(whole), left_out, by_run, tested)


def _blocks(
    run: Predictions, networks: Sequence[str], photographs: Sequence[str]
) -> tuple[Float[np.ndarray, "networks images d"], Int[np.ndarray, " images"]]:
    """The features by network, and the photograph of each image, which is the same for all networks."""
    order = run.index.assign(row=np.arange(len(run.index)), class_=pd.Categorical(run.index["model_id"], networks))
    order = order.sort_values(["class_", "image"], kind="stable")
    features = run.features_of(order["row"].to_numpy())
    features = features.reshape(len(networks), -1, features.shape[1]).astype(np.float64)
    return features, np.array([photographs.index(p) for p in order["photograph"][: features.shape[1]]])


def _squares(features: np.ndarray, photo: np.ndarray) -> Ratio:
    def matrix(weights: np.ndarray) -> np.ndarray:
        w = weights[photo] / weights[photo].sum()
        centres = np.einsum("i,nid->nd", w, features)
        spread = np.einsum("i,nid,nid->n", w, features, features) - (centres**2).sum(1)  # m(A, centre of A)
        apart = ((centres[:, None] - centres[None]) ** 2).sum(2)
        to_other = spread[:, None] + apart  # m(A, centre of B)
        one_way = np.divide(spread[:, None], to_other, out=np.ones_like(to_other), where=to_other > 0)
        return (one_way + one_way.T) / 2

    return matrix


def _distances(features: np.ndarray, photo: np.ndarray) -> Ratio:
    n, count, _ = features.shape
    own_photos = np.unique(photo)
    member = (photo[:, None] == own_photos[None]).astype(np.float64)  # images x photographs
    sizes = member.sum(0)
    sums = np.empty((n, n, len(own_photos), len(own_photos)))
    flat = features.reshape(n * count, -1)
    squares = (flat**2).sum(1)
    for a in range(n):
        mine = slice(a * count, (a + 1) * count)
        apart = np.sqrt(np.clip(squares[mine, None] + squares[None] - 2 * flat[mine] @ flat.T, 0, None)).reshape(count, n, count)
        sums[a] = np.einsum("ip,inj,jq->npq", member, apart, member, optimize=True)

    def matrix(weights: np.ndarray) -> np.ndarray:
        w = weights[own_photos]
        weighted = sums @ w @ w
        total = (w * sizes).sum()
        between = weighted / total**2
        pairs = total**2 - (w**2 * sizes).sum()  # a point and itself are no pair
        own = np.diag(weighted) / pairs if pairs else np.full(n, np.nan)
        found = np.divide(own[:, None] + own[None], 2 * between, out=np.ones_like(between), where=between > 0)
        np.fill_diagonal(found, 1.0)
        return found

    return matrix


def neighbours(run: Predictions, members: Sequence[str]) -> pd.DataFrame:
    """Whether each image's nearest neighbour in feature space is of the same network: run, model_id, photograph, correct.

    Neighbours are images of other photographs if there are several.
    """
    rows = np.flatnonzero(run.index["model_id"].isin(list(members)))
    index, points = run.index.iloc[rows], run.features_of(rows).astype(np.float64)
    squares = (points**2).sum(1)
    apart = squares[:, None] + squares[None] - 2 * points @ points.T
    photo = index["photograph"].to_numpy()
    same = photo[:, None] == photo[None] if len(set(photo)) > 1 else np.eye(len(rows), dtype=bool)
    nearest = np.where(same, np.inf, apart).argmin(1)
    names = index["model_id"].to_numpy()
    return index.assign(run=run.run, correct=names[nearest] == names)[["run", "model_id", "photograph", "correct"]]


def groups(networks: Sequence[str]) -> dict[str, list[str]]:
    """The groups of section 4.1.2 with at least two of the published networks, by scale and loss."""
    parsed = [fleet.parse(n) for n in networks]
    found = {
        "2X, L1": [n.model_id for n in parsed if n.scale == 2 and not n.adversarial],
        "2X, all": [n.model_id for n in parsed if n.scale == 2],
        "4X, L1": [n.model_id for n in parsed if n.scale == 4 and not n.adversarial],
        "4X, adversarial": [n.model_id for n in parsed if n.scale == 4 and n.adversarial],
    }
    return {name: members for name, members in found.items() if len(members) > 1}


def table(ratios: dict[str, Separation]) -> pd.DataFrame:
    """Figure 6 as a table: a row per pair of networks, a column per ratio ("ratio of squares, seen": ratio_of_squares_seen)."""
    networks = next(iter(ratios.values())).networks
    a, b = np.triu_indices(len(networks), 1)
    names = np.array(networks, dtype=object)
    columns = {name.replace(",", "").replace(" ", "_"): separation.matrix[a, b] for name, separation in ratios.items()}
    return pd.DataFrame({"model_a": names[a], "model_b": names[b], **columns})


def means(ratios: dict[str, Separation]) -> pd.DataFrame:
    """The mean of each ratio over all pairs of networks and over the pairs within each group, with its interval."""
    networks = next(iter(ratios.values())).networks
    rows = []
    for pairs, members in ({"all pairs": list(networks)} | groups(networks)).items():
        for name, separation in ratios.items():
            e = separation.estimate(separation.among(members))
            rows.append({"pairs_among": pairs, "quantity": name, "value": e.value, "low": e.low, "high": e.high, "n_photographs": e.n_photographs})
    return pd.DataFrame(rows)


def printed() -> pd.DataFrame:
    """The means of Figure 6, over all pairs of the paper's networks and within each group: pairs_among, quantity, paper."""
    rows = []
    for which in ("seen", "unseen"):
        matrix = paper.figure_6(which)
        for pairs, members in ({"all pairs": list(matrix.index)} | groups(list(matrix.index))).items():
            among = matrix.loc[members, members].to_numpy()[np.triu_indices(len(members), 1)]
            rows.append({"pairs_among": pairs, "quantity": f"ratio of squares, {which}", "paper": among.mean()})
    return pd.DataFrame(rows)

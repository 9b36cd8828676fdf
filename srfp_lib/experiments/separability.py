"""How far apart two networks' images lie in a classifier's features (section 4.1.3, Figures 5 and 6; D3).

Two ratios of intra- to inter-class distance, both 1 for clusters that coincide and near 0 for clusters far apart:
`ratio`, the paper's formula, of mean distances between all pairs of points; `ratio_of_squares`, what the released code
computed and Figure 6 shows, of mean squared distances to centroids. Both are exact, over all pairs, and averaged over the
classifier runs. Intervals are a jackknife over photographs: a bootstrap would count copies of an image among the pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import fleet
from ..classifiers.predictions import Predictions
from .uncertainty import Estimate


@dataclass(frozen=True, eq=False)
class Separation:
    """A matrix over pairs of networks, and the same with each photograph left out."""

    networks: tuple[str, ...]
    matrix: np.ndarray  # n x n
    left_out: np.ndarray  # photographs x n x n
    n_photographs: int
    n_runs: int

    def estimate(self, quantity: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        """A number of the matrix with its interval; ``quantity`` maps ... x n x n to ...."""
        value = float(quantity(self.matrix))
        return Estimate(value, float("nan"), *jackknife(value, quantity(self.left_out)), self.n_photographs, self.n_runs)

    def among(self, members: Sequence[str]) -> Callable[[np.ndarray], np.ndarray]:
        """The mean over all pairs of the given networks, as a quantity."""
        at = np.flatnonzero([n in set(members) for n in self.networks])
        rows, columns = (at[i] for i in np.triu_indices(len(at), 1))
        return lambda m: m[..., rows, columns].mean(-1)

    def row(self, network: str) -> Callable[[np.ndarray], np.ndarray]:
        """The mean over all pairs with one network, as a quantity."""
        here = self.networks.index(network)
        others = [i for i in range(len(self.networks)) if i != here]
        return lambda m: m[..., here, others].mean(-1)


def jackknife(value: float, left_out: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a value from its values with each of n photographs left out (Efron 1979); NaN for fewer than two.

    >>> jackknife(2.0, np.array([2.0, 2.0, 2.0]))
    (2.0, 2.0)
    """
    n = len(left_out)
    if n < 2:
        return float("nan"), float("nan")
    error = 1.96 * float(np.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum()))
    return value - error, value + error


def ratio(runs: Sequence[Predictions]) -> Separation:
    """The paper's formula: mean distances within a class over mean distances between classes."""
    return _over_runs(runs, _Distances)


def ratio_of_squares(runs: Sequence[Predictions]) -> Separation:
    """The released code's: mean squared distance to the own centroid over that to the other's, both directions averaged."""
    return _over_runs(runs, _Squares)


def _over_runs(runs: Sequence[Predictions], kind: type[_Distances] | type[_Squares]) -> Separation:
    networks = tuple(dict.fromkeys(m for run in runs for m in run.index["model_id"]))
    photographs = sorted({p for run in runs for p in run.index["photograph"]})
    prepared = [kind(run, networks, photographs) for run in runs]
    all_but_one = 1 - np.eye(len(photographs))
    left_out = (
        np.stack([_mean(prepared, weights) for weights in all_but_one]) if len(photographs) > 1 else np.empty((0, len(networks), len(networks)))
    )
    return Separation(networks, _mean(prepared, np.ones(len(photographs))), left_out, len(photographs), len(runs))


def _mean(prepared: Sequence[_Distances | _Squares], weights: np.ndarray) -> np.ndarray:
    """The mean over runs; a run whose only photograph is left out has no say in it."""
    return np.mean([run.matrix(weights) for run in prepared if weights[run.photographs].sum() > 0], axis=0)


class _Blocks:
    """Features of one run with equally many images of every network, image i of one photograph whatever the network."""

    def __init__(self, run: Predictions, networks: Sequence[str], photographs: Sequence[str]) -> None:
        order = run.index.assign(row=np.arange(len(run.index)), class_=pd.Categorical(run.index["model_id"], networks))
        order = order.sort_values(["class_", "image"], kind="stable")
        self.features = run.features[order["row"]].reshape(len(networks), -1, run.features.shape[1]).astype(np.float64)
        where = {p: i for i, p in enumerate(photographs)}
        self.photo = np.array([where[p] for p in order["photograph"][: self.features.shape[1]]])
        self.photographs = np.unique(self.photo)


class _Squares(_Blocks):
    def matrix(self, weights: np.ndarray) -> np.ndarray:
        w = weights[self.photo] / weights[self.photo].sum()
        centres = np.einsum("i,nid->nd", w, self.features)
        spread = np.einsum("i,nid,nid->n", w, self.features, self.features) - (centres**2).sum(1)  # m(A, centre of A)
        apart = ((centres[:, None] - centres[None]) ** 2).sum(2)
        to_other = spread[:, None] + apart  # m(A, centre of B)
        one_way = np.divide(spread[:, None], to_other, out=np.ones_like(to_other), where=to_other > 0)
        return (one_way + one_way.T) / 2


class _Distances(_Blocks):
    def __init__(self, run: Predictions, networks: Sequence[str], photographs: Sequence[str]) -> None:
        super().__init__(run, networks, photographs)
        n, count, _ = self.features.shape
        member = (self.photo[:, None] == self.photographs[None]).astype(np.float64)  # images x photographs
        self.sums = np.empty((n, n, len(self.photographs), len(self.photographs)))
        flat = self.features.reshape(n * count, -1)
        squares = (flat**2).sum(1)
        for a in range(n):
            mine = slice(a * count, (a + 1) * count)
            apart = np.sqrt(np.clip(squares[mine, None] + squares[None] - 2 * flat[mine] @ flat.T, 0, None)).reshape(count, n, count)
            self.sums[a] = np.einsum("ip,inj,jq->npq", member, apart, member)
        self.sizes = member.sum(0)

    def matrix(self, weights: np.ndarray) -> np.ndarray:
        w = weights[self.photographs]
        sums = np.einsum("abpq,p,q->ab", self.sums, w, w)
        total = (w * self.sizes).sum()
        between = sums / total**2
        pairs = total**2 - (w**2 * self.sizes).sum()  # a point and itself are no pair
        own = np.diag(sums) / pairs if pairs else np.full(len(sums), np.nan)
        found = np.divide(own[:, None] + own[None], 2 * between, out=np.ones_like(between), where=between > 0)
        np.fill_diagonal(found, 1.0)
        return found


def neighbours(run: Predictions, members: Sequence[str]) -> pd.DataFrame:
    """Whether the nearest image in feature space, of another photograph where there is one, is of the same network.

    A row an image of the given networks: run, model_id, photograph, correct. It stands in for reading a t-SNE map by eye.
    """
    rows = np.flatnonzero(run.index["model_id"].isin(list(members)))
    index, points = run.index.iloc[rows], run.features[rows].astype(np.float64)
    squares = (points**2).sum(1)
    apart = squares[:, None] + squares[None] - 2 * points @ points.T
    photo = index["photograph"].to_numpy()
    same = photo[:, None] == photo[None] if len(set(photo)) > 1 else np.eye(len(rows), dtype=bool)
    nearest = np.where(same, np.inf, apart).argmin(1)
    names = index["model_id"].to_numpy()
    return index.assign(run=run.run, correct=names[nearest] == names)[["run", "model_id", "photograph", "correct"]]


def groups(networks: Sequence[str]) -> dict[str, list[str]]:
    """The published networks by scale and loss: the groups of section 4.1.2, those that have two members or more."""
    parsed = [fleet.parse(n) for n in networks]
    found = {
        "2X, L1": [n.model_id for n in parsed if n.scale == 2 and not n.adversarial],
        "2X, all": [n.model_id for n in parsed if n.scale == 2],
        "4X, L1": [n.model_id for n in parsed if n.scale == 4 and not n.adversarial],
        "4X, adversarial": [n.model_id for n in parsed if n.scale == 4 and n.adversarial],
    }
    return {name: members for name, members in found.items() if len(members) > 1}


def table(seen: Separation, unseen: Separation, seen_squares: Separation, unseen_squares: Separation) -> pd.DataFrame:
    """Figure 6 as a table: a row a pair of networks, both ratios, seen and unseen."""
    rows = []
    for i, j in zip(*np.triu_indices(len(seen.networks), 1), strict=True):
        values = {"ratio_seen": seen, "ratio_unseen": unseen, "ratio_of_squares_seen": seen_squares, "ratio_of_squares_unseen": unseen_squares}
        rows.append({"model_a": seen.networks[i], "model_b": seen.networks[j], **{k: s.matrix[i, j] for k, s in values.items()}})
    return pd.DataFrame(rows)

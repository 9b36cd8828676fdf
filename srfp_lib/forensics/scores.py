"""Baselines of open-set recognition on features: which known class an image is of, and how much it seems to be of any.

All keep to one protocol: ``fit(x, y)`` on features n d and classes 0 to k - 1, then ``scores(x)``. None sees an unknown class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import eigh
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp
from sklearn.mixture import GaussianMixture

DIMENSIONS, SHARE = 256, 4  # of the space at most, and at least so many training images for each
PENALTY, ITERATIONS = 0.02, 100  # weight of half the squared weights; most steps of L-BFGS
FLOOR = 1e-6  # added to standard deviations


class Judged(NamedTuple):
    """How known each image seems, higher for known, and the class that it would be of."""

    known: Float[np.ndarray, " n"]
    answer: Int[np.ndarray, " n"]


@runtime_checkable
class Baseline(Protocol):
    """What every baseline can do."""

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> object:
        """Learn the known classes 0 to k - 1, each of which has images; returns the baseline itself."""
        ...

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        """Judge images."""
        ...


@dataclass(eq=False)
class Space:
    """Features that are standardised, reduced to their main components and whitened within the known classes.

    In this space the differences of photographs are round, so that Euclidean distances and angles mean something (Hatch, Kajarekar
    and Stolcke 2006). Fitted on the images of known classes alone.
    """

    mean: Float[np.ndarray, " d"] = field(default_factory=lambda: np.zeros(0))
    matrix: Float[np.ndarray, "d p"] = field(default_factory=lambda: np.zeros((0, 0)))

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Space:
        """Learn mean and matrix; there are as many dimensions as the number of images allows, at most `DIMENSIONS`."""
        self.mean, sd = x.mean(0), x.std(0) + FLOOR
        z = ((x - self.mean) / sd).astype(np.float32)
        most = min(DIMENSIONS, x.shape[1], max((len(x) - len(np.unique(y))) // SHARE, 2))
        values, vectors = _components(z, most)
        main = vectors / np.sqrt(np.maximum(values, FLOOR))
        lower = np.linalg.cholesky(_covariance(_centred(z @ main, y)))
        self.matrix = np.linalg.solve(lower, main.T / sd).T
        return self

    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n p"]:
        """The features in this space."""
        return ((x - self.mean).astype(np.float32) @ self.matrix.astype(np.float32)).astype(float)


def _components(z: Float[np.ndarray, "n d"], most: int) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, "d p"]]:
    """The largest variances and their directions; of few images from the images themselves, which is faster."""
    if len(z) < z.shape[1]:
        _, singular, directions = np.linalg.svd(z.astype(float), full_matrices=False)
        return np.square(singular[:most]) / len(z), directions[:most].T
    variances, directions = eigh((z.T @ z / len(z)).astype(float), subset_by_index=(z.shape[1] - most, z.shape[1] - 1))[:2]
    return np.asarray(variances), np.asarray(directions)


def _means(x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Float[np.ndarray, "k d"]:
    return np.stack([x[y == label].mean(0) for label in range(int(y.max()) + 1)])


def _centred(x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n d"]:
    return x - _means(x, y)[y]


def _covariance(centred: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d d"]:
    return centred.T @ centred / len(centred) + FLOOR * np.eye(centred.shape[1])


@dataclass(eq=False)
class Linear:
    """Logistic regression with a penalty on the weights: the logits that the first three baselines read. Convex, so the start does not matter."""

    weights: Float[np.ndarray, "d k"] = field(default_factory=lambda: np.zeros((0, 0)))
    bias: Float[np.ndarray, " k"] = field(default_factory=lambda: np.zeros(0))

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Linear:
        """Minimise the penalised cross-entropy by L-BFGS."""
        d, k, rows, x = x.shape[1], int(y.max()) + 1, np.arange(len(x)), x.astype(np.float32)

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            w = flat.reshape(d + 1, k).astype(np.float32)
            logs = log_softmax(x @ w[:d] + w[d], axis=1)
            error = np.exp(logs)
            error[rows, y] -= 1
            slope = np.vstack([x.T @ error / len(x) + PENALTY * w[:d], error.mean(0)])
            return float(-logs[rows, y].mean() + PENALTY / 2 * np.square(w[:d]).sum()), slope.ravel().astype(float)

        found = minimize(loss, np.zeros((d + 1) * k), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "ftol": 1e-7}).x.reshape(d + 1, k)
        self.weights, self.bias = found[:d], found[d]
        return self

    def logits(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """The logarithms of the classes' probabilities, but for a number that is the same for all."""
        return x @ self.weights + self.bias


class MaximumSoftmax(Linear):
    """The probability of the likeliest class (Hendrycks and Gimpel 2017)."""

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        logits = self.logits(x)
        return Judged(np.exp(log_softmax(logits, axis=1).max(1)), logits.argmax(1))


class MaximumLogit(Linear):
    """The largest logit (Hendrycks et al. 2022; Vaze et al. 2022)."""

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        logits = self.logits(x)
        return Judged(logits.max(1), logits.argmax(1))


class Energy(Linear):
    """The negative energy: the logarithm of the sum of the exponential logits (Liu et al. 2020)."""

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        logits = self.logits(x)
        return Judged(logsumexp(logits, axis=1), logits.argmax(1))


@dataclass(eq=False)
class Neighbours:
    """The mean cosine to the ``k`` nearest training images of the class where it is highest; in the manner of Sun et al. (2022)."""

    k: int = 3

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Neighbours:
        self.groups = [_unit(x[y == label]) for label in range(int(y.max()) + 1)]
        return self

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        unit = _unit(x)
        near = np.stack([_highest(unit @ group.T, self.k) for group in self.groups], axis=1)
        return Judged(near.max(1), near.argmax(1))


def _unit(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def _highest(cosines: Float[np.ndarray, "n m"], k: int) -> Float[np.ndarray, " n"]:
    few = min(k, cosines.shape[1])
    return np.partition(cosines, -few, axis=1)[:, -few:].mean(1)


class Mahalanobis:
    """Minus the squared distance to the nearest class mean, in the covariance that all classes share (Lee et al. 2018)."""

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Mahalanobis:
        self.lower = np.linalg.cholesky(_covariance(_centred(x, y)))
        self.means = self._white(_means(x, y))
        return self

    def _white(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return np.linalg.solve(self.lower, x.T).T

    def nearness(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """Minus the squared distance to each class."""
        white = self._white(x)
        return 2 * white @ self.means.T - np.square(self.means).sum(1) - np.square(white).sum(1, keepdims=True)

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        near = self.nearness(x)
        return Judged(near.max(1), near.argmax(1))


class RelativeMahalanobis(Mahalanobis):
    """The same less that to the mean of all images in the covariance of all, which takes out what is odd about any class (Ren et al. 2021)."""

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> RelativeMahalanobis:
        super().fit(x, y)
        self.background = Mahalanobis().fit(x, np.zeros_like(y))
        return self

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        near = self.nearness(x)
        return Judged(near.max(1) - self.background.nearness(x)[:, 0], near.argmax(1))


@dataclass(eq=False)
class Mixtures:
    """The log-likelihood of the likeliest class, each a mixture of Gaussians with diagonal covariances (as in Nguyen et al. 2025)."""

    components: int = 2
    ridge: float = 0.1  # added to variances, which are about 1 within a class of the space

    def fit(self, x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> Mixtures:
        self.models = [self._one(x[y == label]) for label in range(int(y.max()) + 1)]
        return self

    def _one(self, x: Float[np.ndarray, "n d"]) -> GaussianMixture:
        count = min(self.components, len(x))
        return GaussianMixture(
            count, covariance_type="diag", reg_covar=self.ridge, init_params="random_from_data", max_iter=200, tol=1e-2, random_state=0
        ).fit(x)

    def scores(self, x: Float[np.ndarray, "n d"]) -> Judged:
        likely = np.stack([model.score_samples(x) for model in self.models], axis=1)
        return Judged(likely.max(1), likely.argmax(1))


LOGITS = {"maximum softmax": MaximumSoftmax, "maximum logit": MaximumLogit, "energy": Energy}  # of one linear model
OTHERS = {"cosine neighbours": Neighbours, "Mahalanobis": Mahalanobis, "relative Mahalanobis": RelativeMahalanobis, "Gaussian mixtures": Mixtures}
NAMES = (*LOGITS, *OTHERS)


def fitted(x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"]) -> dict[str, Baseline]:
    """Every baseline by its name, fitted."""
    linear = Linear().fit(x, y)
    return {name: kind(linear.weights, linear.bias) for name, kind in LOGITS.items()} | {name: kind().fit(x, y) for name, kind in OTHERS.items()}

"""A linear model of features: linear discriminant analysis with a shrunk covariance, in closed form (Friedman 1989)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Float32
from scipy.linalg import cho_factor, cho_solve
from scipy.special import log_softmax

SHRINKAGE = 0.03  # chosen on validation photographs: benchmarks/fingerprints.csv


class Linear:
    """Classes are normal with a mean each and one covariance, which is shrunk towards the identity of standardised features.

    The features of one class are added at a time, so that no more than these are in memory; after the last one comes the first
    test image.
    """

    def __init__(self, shrinkage: float = SHRINKAGE) -> None:
        self.shrinkage, self.count = shrinkage, 0
        self.means: list[np.ndarray] = []
        self.scatter = np.zeros((0, 0), np.float32)

    def add(self, features: Float32[np.ndarray, "n d"]) -> None:
        """Add all training images of the next class."""
        mean = features.mean(0)
        within = features - mean
        products = within.T @ within
        self.scatter = np.add(self.scatter, products, out=self.scatter) if self.count else products
        self.means.append(mean)
        self.count += len(features)

    @cached_property
    def solved(self) -> tuple[Float32[np.ndarray, "d classes"], Float32[np.ndarray, " classes"]]:
        """Weights and intercepts of the classes' scores, for features less their mean over the classes. The scatter is used up."""
        means, covariance = np.array(self.means) - self.centre, self.scatter
        covariance /= self.count
        spread = np.sqrt(np.diag(covariance) + means.var(0))
        spread[spread == 0] = 1  # a feature that never changes
        covariance /= spread[:, None]
        covariance /= spread
        level = max(float(np.trace(covariance)) / len(spread), 1e-6)
        covariance *= 1 - self.shrinkage
        covariance[np.diag_indices_from(covariance)] += self.shrinkage * level
        weights = cho_solve(cho_factor(covariance, lower=True, overwrite_a=True), (means / spread).T) / spread[:, None]
        return weights, -(means.T * weights).sum(0) / 2

    @cached_property
    def centre(self) -> Float32[np.ndarray, " d"]:
        """The mean of the classes' means."""
        return np.mean(self.means, axis=0)

    def scores(self, features: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, "n classes"]:
        """The log-probabilities of the classes, all equally likely beforehand."""
        weights, intercepts = self.solved
        return log_softmax((features - self.centre) @ weights + intercepts, axis=1).astype(np.float32)

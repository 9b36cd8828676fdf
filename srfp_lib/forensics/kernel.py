"""Support vector machines (Cortes and Vapnik 1995), fitted by scikit-learn and kept as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32
from sklearn.svm import SVC

GAUSSIAN, LINEAR = 10.0, 0.1  # penalties of what lies on the wrong side


@dataclass(frozen=True, eq=False)
class Machine:
    """Features less ``mean`` over ``sd`` are compared with the support vectors by a Gaussian kernel, or weighed by ``plane``; the other is empty.

    ``weights`` are those of the support vectors, with signs.
    """

    mean: Float32[np.ndarray, " d"]
    sd: Float32[np.ndarray, " d"]
    support: Float32[np.ndarray, "n d"]
    weights: Float32[np.ndarray, " n"]
    plane: Float32[np.ndarray, " d"]
    bias: Float32[np.ndarray, " 1"]

    @classmethod
    def fit(cls, x: Float32[np.ndarray, "n d"], inside: Bool[np.ndarray, " n"], *, linear: bool = False) -> Machine:
        """Both sides count alike, whatever their numbers. From one side alone it gives everything 0."""
        mean, sd, none = x.mean(0), x.std(0) + 1e-6, np.zeros(0, np.float32)
        if len(np.unique(inside)) < 2:
            return cls(mean, sd, x[:0], none, np.zeros_like(mean), np.zeros(1, np.float32))
        x = (x - mean) / sd
        products = x @ x.T / x.shape[1] if linear else _gaussian(x, x, np.square(x).sum(1))
        found = SVC(C=LINEAR if linear else GAUSSIAN, kernel="precomputed", class_weight="balanced").fit(products, inside)
        support, weights, bias = x[found.support_], found.dual_coef_[0].astype(np.float32), found.intercept_.astype(np.float32)
        if linear:
            return cls(mean, sd, x[:0], none, weights @ support / x.shape[1], bias)
        return cls(mean, sd, support, weights, np.zeros_like(mean), bias)

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray], key: str) -> Machine:
        """From the tensors of a file whose names begin with a key and a dot. Raises KeyError if some are missing."""
        return cls(**{field.name: tensors[f"{key}.{field.name}"] for field in fields(cls)})

    def scores(self, x: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, " n"]:
        """How far inside each one lies: above 0 inside, and about 1 or more where it is plain."""
        x = (x - self.mean) / self.sd
        return _gaussian(x, self.support, self._lengths) @ self.weights + x @ self.plane + self.bias[0]

    def tensors(self, key: str) -> dict[str, np.ndarray]:
        """What `of` reads."""
        return {f"{key}.{field.name}": getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _lengths(self) -> Float32[np.ndarray, " n"]:
        return np.square(self.support).sum(1)


def _gaussian(a: Float32[np.ndarray, "n d"], b: Float32[np.ndarray, "m d"], lengths: Float32[np.ndarray, " m"]) -> Float32[np.ndarray, "n m"]:
    """The exponential of minus the mean squared difference; ``lengths`` are the squared ones of ``b``."""
    squares = np.square(a).sum(1)[:, None] + lengths - 2 * a @ b.T
    return np.exp(-np.maximum(squares, 0) / a.shape[1])

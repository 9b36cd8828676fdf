"""How alike are two images, or two sets of images, for one network to have made them? A score learnt on other networks.

Probabilistic linear discriminant analysis in its two-covariance form (Ioffe 2006; Bruemmer and de Villiers 2010): an image's
features are its network's mean plus noise, among which is all that the scene adds; both are normal. The score is the log LR that
follows. It is calibrated afterwards, because neither is quite normal and the covariances are estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular  # pyrefly: ignore[untyped-import]  # scipy has no stubs

SHRINKAGE = 0.3  # the weight of the identity in the covariance within networks; chosen on training photographs of the demo


@dataclass(frozen=True, eq=False)
class Likeness:
    """``project`` takes features, less their ``mean``, to where the noise has unit variance and networks vary by ``between``, in k directions."""

    mean: Float[np.ndarray, " d"]
    sd: Float[np.ndarray, " d"]
    project: Float[np.ndarray, "d k"]
    between: Float[np.ndarray, " k"]

    @classmethod
    def fit(cls, features: Float[np.ndarray, "n d"], networks: np.ndarray, *, shrinkage: float = SHRINKAGE) -> Likeness:
        """Learn from images of several networks, each with about as many. Raises ValueError for fewer than three networks."""
        names, places, counts = np.unique(networks, return_inverse=True, return_counts=True)
        if len(names) < 3:
            raise ValueError("a likeness needs at least three networks")
        means = np.stack([features[places == k].mean(0) for k in range(len(names))]).astype(float)
        noise = features - means[places]
        sd = noise.std(0) + 1e-6
        noise = (noise / sd).astype(np.float32)
        within = (1 - shrinkage) * (noise.T @ noise).astype(float) / (len(noise) - len(names)) + shrinkage * np.eye(len(sd))
        root = np.linalg.cholesky(within)
        mean = means.mean(0)
        whitened = solve_triangular(root, ((means - mean) / sd).T, lower=True)
        directions, spread, _ = np.linalg.svd(whitened, full_matrices=False)
        between = spread**2 / (len(names) - 1) - 1 / counts.mean()
        kept = between > 0
        project = solve_triangular(root, directions[:, kept], lower=True, trans=1) / sd[:, None]
        return cls(mean, sd.astype(float), project, between[kept])

    def place(self, features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """Where images lie. The place of a set of images is the mean of theirs."""
        return (features - self.mean) @ self.project

    def cosine(self, first: Float[np.ndarray, "n d"], second: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """The cosine of standardised features, for which next to nothing is learnt: a score to compare with."""
        one, other = ((features - self.mean) / self.sd for features in (first, second))
        return (one * other).sum(1) / np.sqrt((one**2).sum(1) * (other**2).sum(1))

    def score(
        self, first: Float[np.ndarray, "n k"], second: Float[np.ndarray, "n k"], *, images: tuple[int, int] = (1, 1)
    ) -> Float[np.ndarray, " n"]:
        """The natural log LR of each pair of places, each the mean of so many ``images``: one network for both over two networks."""
        a, b = (self.between + 1 / n for n in images)
        c = self.between
        left = a * b - c**2
        alike = (b * first**2 - 2 * c * first * second + a * second**2) / left
        return 0.5 * (np.log(a * b / left) - alike + first**2 / a + second**2 / b).sum(1)

"""The two toys among the interactive figures, which need no run: the arithmetic of room.js and ratio.js."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

import numpy as np
import pandas as pd
from jaxtyping import Float

from ..classifiers.predictions import Predictions
from ..experiments import separability

SEEDS, STEPS, APART = 8, 60, 0.1  # seeds of the room, steps of their training, and how far apart two can be told apart
POINTS = 12  # of a cloud


def drawn(seed: int) -> Iterator[float]:
    """The scripts' random numbers in 0..1. They calculate with floating-point numbers, and so does this.

    >>> [round(number, 3) for number in islice(drawn(1), 3)]
    [0.514, 0.176, 0.155]
    """
    state = float(seed)
    while True:
        state = (1103515245.0 * state + 12345.0) % 2147483648.0
        yield state / 2147483648.0


def fitting(scale: int, value: float = 0.5) -> Float[np.ndarray, "n scale"]:
    """All signals of black (0), grey and white (1) pixels whose mean is the pixel of the small image.

    >>> fitting(2).tolist()
    [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    """
    every = np.array(list(product((0.0, 0.5, 1.0), repeat=scale)))
    return every[np.isclose(every.mean(1), value)]


def trained(loss: str, scale: int, value: float = 0.5) -> Float[np.ndarray, "seeds scale"]:
    """Where the eight seeds end: L1 at the median of the fitting signals, an adversarial loss each at one of them."""
    real = fitting(scale, value)
    found = np.array([list(islice(drawn(7919 * (seed + 1)), scale)) for seed in range(SEEDS)])
    for step in range(STEPS):
        if loss == "L1":
            found = found - 0.05 * (1 - step / STEPS) * np.sign(found[:, None] - real).mean(1)
        else:
            found = found + 0.12 * (real[np.abs(found[:, None] - real).mean(2).argmin(1)] - found)
        found = (found + value - found.mean(1, keepdims=True)).clip(0, 1)
    return found


def told_apart(signals: Float[np.ndarray, "seeds scale"]) -> tuple[int, int]:
    """How many pairs of seeds are more than a tenth apart, and of how many.

    >>> told_apart(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))
    (2, 3)
    """
    pairs = list(combinations(signals, 2))
    return sum(bool(np.abs(a - b).mean() > APART) for a, b in pairs), len(pairs)


def clouds(places: Sequence[tuple[int, int]], spread: float = 45.0) -> Float[np.ndarray, "networks 12 2"]:
    """Two clouds of points around places in a field of 360 x 220."""
    numbers = np.array(list(islice(drawn(5), len(places) * POINTS * 6))) - 0.5
    return np.array(places)[:, None] + spread * numbers.reshape(len(places), POINTS, 2, 3).sum(-1)


def ratios(points: Float[np.ndarray, "2 12 2"]) -> tuple[float, float]:
    """Ratio and ratio of squares of two clouds, as chapter 10 calculates them from features."""
    index = pd.DataFrame([(network, str(i), str(i)) for network in "AB" for i in range(POINTS)], columns=["model_id", "image", "photograph"])
    features = points.reshape(-1, 2).astype(np.float32)
    run = Predictions("toy", 1, ("A", "B"), index, np.zeros((len(index), 2), np.float32), features)
    return float(separability.ratio([run]).matrix[0, 1]), float(separability.ratio_of_squares([run]).matrix[0, 1])

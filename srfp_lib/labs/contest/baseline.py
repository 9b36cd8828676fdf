"""A baseline for the contest: the log power spectrum of an image, and linear discriminant analysis.

Run it in the folder of the contest: ``python baseline.py``. It needs numpy, pillow and scikit-learn, and writes baseline.csv.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

WINDOW, STEP = 32, 8  # pixels
SHRINKAGE = 0.03  # of the covariance towards the identity
DOUBTFUL = 0.05  # share of the labelled images that the rule for "unknown" may take for unknown


def spectrum(image: np.ndarray) -> np.ndarray:
    """The log of the mean power over Hann windows of an 8-bit image, H x W x 3, less its 3 x 3 binomial blur."""
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    residual = image - (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    windows = np.lib.stride_tricks.sliding_window_view(residual, (WINDOW, WINDOW), axis=(0, 1))[::STEP, ::STEP]
    hann = np.hanning(WINDOW + 1)[:-1]
    power = np.abs(np.fft.rfft2(windows * np.outer(hann, hann))) ** 2
    return np.log(power.mean((0, 1)) + 0.01).ravel()


def read(folder: Path, table: str) -> tuple[list[dict[str, str]], np.ndarray]:
    """The rows of a table of images and the spectrum of each."""
    with (folder / table).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, np.array([spectrum(np.asarray(Image.open(folder / "images" / row["image"]))) for row in rows])


def margin(log_probabilities: np.ndarray) -> np.ndarray:
    """How far the most probable network is ahead of the second."""
    ordered = np.sort(log_probabilities, axis=1)
    return ordered[:, -1] - ordered[:, -2]


def fitted(rows: list[dict[str, str]], features: np.ndarray) -> tuple[Pipeline, float]:
    """A classifier of the labelled images, and the margin below which an answer is "unknown".

    The margin is that of images whose photograph the classifier has not seen: photographs, not images, are dealt into folds.
    """
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE))
    networks, photographs = [row["network"] for row in rows], [row["photograph"] for row in rows]
    folds = GroupKFold(min(4, len(set(photographs))))
    held_out = cross_val_predict(model, features, networks, groups=photographs, cv=folds, method="predict_log_proba")
    return model.fit(features, networks), float(np.quantile(margin(held_out), DOUBTFUL))


def answers(folder: Path) -> dict[str, str]:
    """An answer for each test image: the label of a network, or "unknown"."""
    model, least = fitted(*read(folder, "labels.csv"))
    rows, features = read(folder, "submission_template.csv")
    found = np.where(margin(model.predict_log_proba(features)) < least, "unknown", model.predict(features))
    return dict(zip([row["image"] for row in rows], found.tolist(), strict=True))


if __name__ == "__main__":
    here = Path(__file__).parent
    with (here / "baseline.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "network"])
        writer.writerows(answers(here).items())
    print(f"wrote {here / 'baseline.csv'}")

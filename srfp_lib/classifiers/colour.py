"""How much does the mean colour of an image give away? (D50; not in the paper.)

The three channel means of a super-resolved image minus those of the true image, in grey levels, are all that this
classifier sees: linear discriminant analysis, no texture. A forger's opponent would not have the true image, so what it
reaches is more than a colour cast alone can give away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def offset(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """Mean difference by channel in grey levels: uint8 n x H x W x 3 to float32 n x 3.

    >>> offset(np.full((1, 2, 2, 3), 9, np.uint8), np.full((1, 2, 2, 3), 7, np.uint8)).tolist()
    [[2.0, 2.0, 2.0]]
    """
    return (_sums(sr) - _sums(hr)).astype(np.float32) / (sr.shape[1] * sr.shape[2])


def _sums(images: np.ndarray) -> np.ndarray:
    # Rows first: summing over both axes at once takes numpy 15 times as long.
    return images.sum(1, dtype=np.uint32).sum(1, dtype=np.int64)


def log_probabilities(train: np.ndarray, labels: Sequence[str], test: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Train on offsets n x 3 with a label each; log-probabilities m x classes of the offsets of ``test``."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    model = LinearDiscriminantAnalysis().fit(train, labels)
    order = [list(model.classes_).index(c) for c in classes]
    return model.predict_log_proba(test)[:, order].astype(np.float32)

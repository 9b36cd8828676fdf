"""How much does the mean colour of an image reveal? (D50; not in the paper.)

Linear discriminant analysis of three numbers: the channel means of a super-resolved image minus those of the true image, in grey
levels. A detective lacks the true image, so this is an upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from scipy.special import log_softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis


def offset(sr: UInt8[np.ndarray, "n h w 3"], hr: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n 3"]:
    """Mean difference by channel, in grey levels.

    >>> offset(np.full((1, 2, 2, 3), 9, np.uint8), np.full((1, 2, 2, 3), 7, np.uint8)).tolist()
    [[2.0, 2.0, 2.0]]
    """
    return (_sums(sr) - _sums(hr)).astype(np.float32) / (sr.shape[1] * sr.shape[2])


def _sums(images: UInt8[np.ndarray, "n h w 3"]) -> Int64[np.ndarray, "n 3"]:
    # Rows first: summing over both axes at once takes numpy 15 times as long.
    return images.sum(1, dtype=np.uint32).sum(1, dtype=np.int64)


def log_probabilities(
    train: Float32[np.ndarray, "n 3"], labels: Sequence[str], test: Float32[np.ndarray, "m 3"], classes: Sequence[str]
) -> Float32[np.ndarray, "m classes"]:
    """Train on offsets with a label each; returns the log-probabilities of the test offsets.

    Without spread within the classes, as of blank pictures, the nearest class mean is the answer: equal means are a tie, and so chance.
    """
    groups = [train[np.equal(labels, c)] for c in classes]
    if not any(np.ptp(group, axis=0).any() for group in groups):
        squares = ((test[:, None].astype(float) - [group[0] for group in groups]) ** 2).sum(2)
        return log_softmax(-squares / 2, axis=1).astype(np.float32)
    with np.errstate(invalid="ignore"):  # equal means: no direction explains anything of a variance of 0
        model = LinearDiscriminantAnalysis().fit(train, labels)
    order = [list(model.classes_).index(c) for c in classes]
    return model.predict_log_proba(test)[:, order].astype(np.float32)

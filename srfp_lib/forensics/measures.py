"""How well a score tells known from unknown, and names the known: the measures of open-set recognition.

A score is high where an image seems to be of a known class. A threshold accepts every score that reaches it, so that equal scores
are accepted together: curves run straight between thresholds, as those of a receiver operating characteristic do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class Curve:
    """The shares accepted at falling thresholds, from nothing to everything.

    ``known`` and ``right``: of the images of known classes, those accepted, and those accepted and named rightly;
    ``unknown``: of the images of unknown classes, those accepted.
    """

    known: Float[np.ndarray, " n"]
    right: Float[np.ndarray, " n"]
    unknown: Float[np.ndarray, " n"]

    def auroc(self) -> float:
        """The area under `known` over `unknown`: how often a known image scores higher than an unknown one, ties counted half (Fawcett 2006).

        >>> Ranked.of(np.array([2.0, 1.0]), np.array([True, True]), np.array([1.0, 0.0])).curve().auroc()
        0.875
        """
        return _area(self.unknown, self.known)

    def oscr(self) -> float:
        """The area under `right` over `unknown` (Dhamija, Günther and Boult 2018; Vaze et al. 2022): at most the closed-set accuracy."""
        return _area(self.unknown, self.right)

    def fpr_at_tpr(self, least: float = 0.95) -> float:
        """The share of unknown images that is accepted at the highest threshold that accepts ``least`` of the known ones (Liang et al. 2018)."""
        return float(self.unknown[np.argmax(self.known >= least - 1e-12)])

    def ccr_at_fpr(self, most: float) -> float:
        """The correct classification rate: the share of known images accepted and named rightly where at most that share of the unknown is accepted.

        The threshold is the best for these very images (Dhamija, Günther and Boult 2018).
        """
        return float(self.right[self.unknown <= most + 1e-12].max())


def _area(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)


@dataclass(frozen=True, eq=False)
class Ranked:
    """Images by falling score: whether each is of an unknown class, whether it was named rightly, and where a run of equal scores ends."""

    order: Int[np.ndarray, " n"]  # the place of each among the known and then the unknown images
    unknown: Bool[np.ndarray, " n"]
    right: Bool[np.ndarray, " n"]
    last: Bool[np.ndarray, " n"]

    @classmethod
    def of(cls, known: Float[np.ndarray, " k"], right: Bool[np.ndarray, " k"], unknown: Float[np.ndarray, " u"]) -> Ranked:
        """From the scores of known and unknown images; raises ValueError where there are none, or a score is no number."""
        scores = np.concatenate([known, unknown])
        if not len(known) or not len(unknown) or np.isnan(scores).any():
            raise ValueError(f"{len(known)} known and {len(unknown)} unknown images, {np.isnan(scores).sum()} of them without a score")
        order = np.argsort(-scores, kind="stable")
        falling = scores[order]
        of_unknown = np.arange(len(scores)) >= len(known)
        named = np.concatenate([right, np.zeros(len(unknown), bool)])
        return cls(order, of_unknown[order], named[order], np.append(falling[1:] != falling[:-1], True))

    def curve(self, kept: Bool[np.ndarray, " n"] | None = None) -> Curve:
        """The curve of all images, or of those that are ``kept``, in the order known, unknown."""
        some = np.ones(len(self.order), bool) if kept is None else kept[self.order]
        counts = [np.append(0, np.cumsum(some & which)[self.last]) for which in (~self.unknown, self.right, self.unknown)]
        known, right, unknown = (count.astype(float) for count in counts)
        return Curve(known / known[-1], right / known[-1], unknown / unknown[-1])


def threshold(known: Float[np.ndarray, " n"], false_alarms: float) -> float:
    """The highest threshold that rejects at most that share of known images; those of validation photographs, never of test ones.

    >>> threshold(np.arange(100.0), 0.05)
    5.0
    """
    return float(np.sort(known)[int(np.floor(false_alarms * len(known) + 1e-9))])

"""Reasons for doubt that the pixels themselves give: an earlier JPEG compression, darkness, flatness."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

LOOKED_AT = 1024  # rows and columns in which blocks are looked for: enough, and a large image takes no longer
BLOCKY = 4.0  # standard errors: see `blockiness`
DARK, CLIPPED, FLAT = 30, 0.25, 1.5  # mean grey level; share of values at 0 or 255; grey levels between neighbours


def blockiness(pixels: UInt8[np.ndarray, "h w 3"]) -> float:
    """How much one column and one row in eight stand out by their step to the next, in standard errors.

    JPEG codes blocks of 8 x 8 pixels (Fan and de Queiroz, 2003). Networks leave patterns of period 2 and 4, in which more than one in eight
    stands out: what counts is the lead over the second.
    """
    grey = pixels[:LOOKED_AT, :LOOKED_AT].mean(2)
    return float((_lead(grey) + _lead(grey.T)) / 2**0.5)


def _lead(grey: np.ndarray) -> float:
    step = np.abs(np.diff(grey, axis=1))
    excess = np.log1p(step[:, 1:-1]) - (np.log1p(step[:, :-2]) + np.log1p(step[:, 2:])) / 2
    columns = excess.mean(0)
    places = [columns[start::8] for start in range(8)]
    if min(map(len, places)) < 3:
        return 0.0
    means, errors = np.array([p.mean() for p in places]), np.array([p.std(ddof=1) / len(p) ** 0.5 for p in places])
    second, first = np.argsort(means)[-2:]
    return float((means[first] - means[second]) / max(np.hypot(errors[first], errors[second]), 1e-6))


def doubts(pixels: UInt8[np.ndarray, "h w 3"]) -> list[str]:
    """Sentences on what of the image's content weakens a verdict."""
    grey = pixels.mean(2)
    said = []
    if grey.mean() < DARK:
        said.append(f"The image is dark (mean grey level {grey.mean():.0f} of 255): rounding hides fingerprints.")
    if (clipped := float(((pixels == 0) | (pixels == 255)).mean())) > CLIPPED:
        said.append(f"{100 * clipped:.0f} % of the values are black or white at their limit, where nothing is left of a fingerprint.")
    if (steps := float(np.abs(np.diff(grey, axis=1)).mean())) < FLAT:
        said.append(f"The image is flat (neighbours differ by {steps:.1f} grey levels): there is little for a fingerprint to show in.")
    return said

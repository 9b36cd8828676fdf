"""How often do the intervals of chapter 20 cover the truth? Simulated pairs of images, whose error rates are known.

    python benchmarks/coverage_pairs.py [--repeats 200]

The score of a pair is normal: higher by `APART` if one network made both images, plus what its networks, its two photographs, and the image itself
add. A study has five splits, as in `srfp_lib.forensics.verifying`: each has networks of its own and a third of the photographs. "photographs alone"
leaves the networks' part out: then the intervals, which count photographs and splits, count all there is. `coverage_pairs.csv` has a row for each
measure, spread and number of photographs: the share of intervals that cover, of studies with an interval, the median width, the truth and the mean of
what the studies measure. The truth is a formula for the equal error rate, and for Cllr_min, the cost of the best calibration, that of 400,000 pairs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from srfp_lib.experiments.verification import row
from srfp_lib.forensics import evidence

FILE = Path(__file__).with_suffix(".csv")
APART, IMAGE = 1.7, 1.0
SPREADS = {"photographs alone": (0.0, 0.35), "photographs and networks": (0.3, 0.35)}  # standard deviations: of a pair of networks, of a photograph
SPLITS, PAIRS, EACH = 5, 120, 12  # pairs of networks in a split, and pairs of images of each, half of them by one network
PHOTOGRAPHS = (39, 114, 300)  # a third of them is tested in a split


def split(rng: np.random.Generator, number: int, photographs: np.ndarray, spread: tuple[float, float], shown: np.ndarray) -> pd.DataFrame:
    """The pairs of a split; ``photographs`` are the tested ones, ``shown`` what each of all adds to a score."""
    networks = np.repeat(np.arange(PAIRS), EACH)
    same = np.tile(np.arange(EACH) % 2 == 1, PAIRS)
    both = np.stack([rng.choice(photographs, 2, replace=False) for _ in networks])
    scores = APART * same + spread[0] * rng.normal(size=PAIRS)[networks] + spread[1] * shown[both].sum(1) + IMAGE * rng.normal(size=len(same))
    names = ["\n".join(f"{p:03d}" for p in pair) for pair in both]
    return pd.DataFrame({"split": number, "same": same, "score": scores, "own_log10_lr": np.nan, "log10_lr": np.nan, "plain": np.nan,
                         "first": networks + PAIRS * number, "second": networks, "photographs": names})  # fmt: skip


def study(rng: np.random.Generator, n: int, spread: tuple[float, float]) -> dict[str, float]:
    """The book's measures and intervals of one simulated study."""
    shown = rng.normal(size=n)
    return row(pd.concat([split(rng, k, rng.permutation(n)[: n // 3], spread, shown) for k in range(SPLITS)], ignore_index=True))


def truths(spread: tuple[float, float]) -> dict[str, float]:
    """For endlessly many pairs, photographs and networks."""
    sd = np.sqrt(spread[0] ** 2 + 2 * spread[1] ** 2 + IMAGE**2)
    same = np.arange(400_000) % 2 == 1
    scores = APART * same + sd * np.random.default_rng(0).normal(size=len(same))
    return {"eer": float(stats.norm.cdf(-APART / 2 / sd)), "cllr_min": evidence.cllr(evidence.pav(scores, same), same)}


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    repeats, rows = parser.parse_args().repeats, []
    for number, (name, spread) in enumerate(SPREADS.items()):
        truth = truths(spread)
        for n in PHOTOGRAPHS:
            rng = np.random.default_rng([number, n])
            found = pd.DataFrame([study(rng, n, spread) for _ in range(repeats)])
            for measure, value in truth.items():
                low, high = found[f"{measure}_low"], found[f"{measure}_high"]
                known = low.notna()
                rows.append({"measure": measure, "spread": name, "n_photographs": n, "coverage": ((low <= value) & (value <= high))[known].mean(),
                             "with_interval": known.mean(), "width": (high - low).median(), "truth": value, "mean": found[measure].mean(),
                             "repeats": repeats})  # fmt: skip
            print(pd.DataFrame(rows).tail(2).to_string(index=False), flush=True)
            pd.DataFrame(rows).round(4).to_csv(FILE, index=False)


if __name__ == "__main__":
    main()

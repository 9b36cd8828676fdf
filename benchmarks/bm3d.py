"""Does the paper's denoiser, BM3D, make a better noise residual than the wavelets of the small profiles?

One architecture, its six triplets of networks that differ by the seed alone, the same images for both denoisers, at a known and at an
unknown offset to the sub-pixel grid (fewer images there). The package bm3d is for non-commercial use only (the extra "bm3d"). 45 CPU
minutes:

    python benchmarks/bm3d.py [runs/demo]

It writes benchmarks/bm3d.csv: accuracy of the seed among three with its interval, and CPU seconds an image.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from srfp_lib import tasks
from srfp_lib.experiments.uncertainty import Accuracy
from srfp_lib.fingerprints import prnu
from srfp_lib.images import gallery
from srfp_lib.study import Study
from srfp_lib.workflow.desk import Desk

ARCHITECTURE = "EDSR"
IMAGES = {False: 20, True: 10}  # of each network, in training and again in test, by whether the offset is known


def spread(numbers: tuple[int, ...], count: int) -> list[int]:
    """So many of the images, evenly spread, in order."""
    return [numbers[int((i + 0.5) * len(numbers) / count)] for i in range(min(count, len(numbers)))]


def attribute(images: gallery.Gallery, names: list[str], denoiser: str, known_offset: bool) -> list[dict]:
    """An answer for each tested image of a triplet."""
    train, test = (spread(images.numbers(part, run=1), IMAGES[known_offset]) for part in ("train", "test"))

    def residuals(name: str, numbers: list[int]) -> np.ndarray:
        whole = np.concatenate(list(images.batches(name, numbers)))
        shown = prnu.cut(whole, numbers, crop=None, tiles=True, known_offset=known_offset, master_seed=1)
        return prnu.residuals(shown, denoiser, int8=False)

    fingerprints = np.stack([residuals(name, train).mean(0).ravel() for name in names])
    answers = []
    for i, name in enumerate(names):
        best = prnu.scores(residuals(name, test), fingerprints).argmax(1)
        photographs = images.index([(name, number) for number in test])["photograph"]
        answers += [{"run": 1, "photograph": p, "correct": b == i} for p, b in zip(photographs, best, strict=True)]
    return answers


def main(workspace: str = "runs/demo") -> None:
    """Measure both denoisers."""
    study = Study.open("", workspace, there=True)
    images = gallery.custom(Desk(study.workspace, study.workspace.root))
    triplets = [[n.model_id for n in t] for t in tasks.seed_triplets() if t[0].architecture == ARCHITECTURE]
    rows = []
    for known_offset in (False, True):
        for denoiser in ("wavelet", "bm3d"):
            start = time.process_time()
            answers = pd.DataFrame([answer for names in triplets for answer in attribute(images, names, denoiser, known_offset)])
            each = (time.process_time() - start) / (len(triplets) * 3 * 2 * IMAGES[known_offset])
            row = {"denoiser": denoiser, "known_offset": known_offset, "n_networks": 3 * len(triplets), "chance": 1 / 3}
            row["images"] = IMAGES[known_offset]
            rows.append(row | Accuracy.of(answers).columns() | {"cpu_seconds_an_image": each})
            print(rows[-1], flush=True)
    pd.DataFrame(rows).drop(columns=["sd", "each", "n_runs"]).to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f")


if __name__ == "__main__":
    main(*sys.argv[1:])

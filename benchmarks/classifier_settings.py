"""Which body, learning rate and number of steps suit the small classifiers, and what does a spectrum do instead, or beside them?

Compared by 180-way accuracy at unknown offsets on the *validation* photographs of a workspace made from a folder of photographs;
neither the embedded photographs of `demo` nor the folder's test photographs are used:

    python -m srfp_lib run --profile FOLDER.toml --workspace W --chapters 04    # networks and their images
    python benchmarks/classifier_settings.py W

It writes benchmarks/classifier_settings.csv. The last rows are a linear model of log power spectra, which do not see the offset, and
its log-probabilities added to those of the second row's classifier.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from srfp_lib import fleet, tasks
from srfp_lib.classifiers import bodies, recipe
from srfp_lib.images import gallery
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

CANDIDATES = [((24, 32), 4e-3, 600), ((24, 32, 32), 4e-3, 600), ((16, 24, 32), 8e-3, 600)]  # widths, learning rate, steps
WINDOW = 32
IMAGES = 24  # of a network that the linear model is trained on


class Trial:
    """The 180-way task on the validation photographs of a workspace."""

    def __init__(self, desk: Desk) -> None:
        self.images, self.task, self.profile = gallery.custom(desk), tasks.attribution(), desk.profile
        self.train, self.validation = (self.images.numbers(part, run=1) for part in ("train", "validation"))
        self.picks = [(n.model_id, i) for n in self.task.test for i in self.validation]
        self.truth = np.array([self.task.classes.index(m) for m, _ in self.picks])

    def row(self, seconds: float, scores: np.ndarray, **about: Any) -> dict[str, Any]:
        """What is kept of a candidate."""
        right = scores.argmax(1) == self.truth
        adversarial = np.array([fleet.parse(m).adversarial for m, _ in self.picks])
        found = about | {"cpu_seconds": seconds, "accuracy": right.mean(), "accuracy_L1": right[~adversarial].mean(),
                         "accuracy_adversarial": right[adversarial].mean(), "chance": 1 / len(self.task.classes),
                         "n_photographs": self.images.table.iloc[list(self.validation)]["photograph"].nunique()}  # fmt: skip
        print(found, flush=True)
        return found

    def network(self, widths: tuple[int, ...], rate: float, steps: int) -> tuple[float, np.ndarray]:
        """CPU seconds of training and test, and log-probabilities, of a small classifier."""
        bodies.SMALL["small_plain"] = partial(bodies.small_plain, *widths)
        settings, seed, start = replace(self.profile.classifier, learning_rate=rate), self.profile.master_seed, time.process_time()
        fitting = recipe.Fitting({"attribution": self.task}, self.images, self.train, (), run=1, backbone="small_plain", settings=settings,
                                 master_seed=seed)  # fmt: skip
        model = recipe.fit(fitting, steps)
        _, scores = recipe.evaluate(model, self.images, self.picks, side=None, seed=seed, precision=settings.precision)
        return time.process_time() - start, scores["attribution"]

    def spectra(self) -> tuple[float, np.ndarray]:
        """The same of a linear model of spectra."""
        start, seed = time.process_time(), self.profile.master_seed
        some = [self.train[int(i * len(self.train) / IMAGES)] for i in range(IMAGES)]
        learnt = [(n.model_id, i) for n in self.task.train for i in some]
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=200))
        model.fit(self._spectra(learnt, seed), [m for m, _ in learnt])
        order = [list(model.classes_).index(m) for m in self.task.classes]
        return time.process_time() - start, model.predict_log_proba(self._spectra(self.picks, seed))[:, order]

    def _spectra(self, picks: list[tuple[str, int]], seed: int) -> np.ndarray:
        side = self.images.whole(picks[0][0])
        parts = [picks[i : i + 64] for i in range(0, len(picks), 64)]
        return np.concatenate([spectrum(self.images.test_crops(part, side, seed=seed)) for part in parts])


def spectrum(images: torch.Tensor) -> np.ndarray:
    """Log of the mean power and mean of the log power over Hann windows of 32 pixels, step 16, of images less their blur; n x 3264."""
    window = torch.hann_window(WINDOW)
    windows = bodies.HighPass()(images).unfold(2, WINDOW, WINDOW // 2).unfold(3, WINDOW, WINDOW // 2) * torch.outer(window, window)
    power = torch.fft.rfft2(windows).abs().square().flatten(2, 3) + 1e-6  # n 3 windows 32 17
    return torch.cat([power.mean(2).log(), power.log().mean(2)], 1).flatten(1).numpy()


def main() -> None:
    """Compare the candidates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    trial = Trial(Desk(Workspace.existing(options.workspace), options.workspace))
    rows, found = [], {}
    for widths, rate, steps in CANDIDATES:
        found[widths, rate] = seconds, scores = trial.network(widths, rate, steps)
        rows.append(trial.row(seconds, scores, method="-".join(map(str, widths)), learning_rate=rate, steps=steps))
    seconds, scores = trial.spectra()
    rows.append(trial.row(seconds, scores, method="spectrum"))
    first = found[CANDIDATES[1][:2]]
    rows.append(trial.row(seconds + first[0], scores + first[1], method="both"))
    pd.DataFrame(rows).to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f")


if __name__ == "__main__":
    main()

"""Which crop, batch size and learning rate suit the small classifiers? Chosen on photographs that no profile tests on.

The candidates cost about the same CPU time. They are compared by 180-way accuracy on the *validation* photographs of a
workspace made from a folder of photographs; neither the embedded photographs of `demo` nor the folder's test photographs are used:

    python -m srfp_lib run --profile FOLDER.toml --workspace W --chapters 04    # demo's networks on a folder of photographs
    python benchmarks/classifier_settings.py W

It writes benchmarks/classifier_settings.csv. `demo` and `lab` use the best row.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from srfp_lib import fleet, tasks
from srfp_lib.classifiers import recipe
from srfp_lib.images import gallery
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

CANDIDATES = [(32, 128, 6e-3, 600), (32, 128, 3e-3, 600), (48, 96, 4e-3, 400), (64, 96, 3e-3, 250)]  # crop, batch, learning rate, steps


def validated(desk: Desk, crop: int, batch: int, rate: float, steps: int) -> dict[str, float]:
    """Train one candidate and test it on the validation photographs."""
    images, task, profile = gallery.custom(desk), tasks.attribution(), desk.profile
    settings = replace(profile.classifier, crop=crop, batch=batch, learning_rate=rate)
    train, validation = (images.numbers(part, run=1) for part in ("train", "validation"))
    start = time.process_time()
    fitting = recipe.Fitting({"attribution": task}, images, train, validation, run=1, backbone=settings.backbones[0], settings=settings,
                             master_seed=profile.master_seed)  # fmt: skip
    model = recipe.fit(fitting, steps)
    seconds = time.process_time() - start
    picks = [(n.model_id, i) for n in task.test for i in validation]
    _, scores = recipe.evaluate(model, images, picks, side=None, seed=profile.master_seed, precision=settings.precision)
    right = scores["attribution"].argmax(1) == np.array([task.classes.index(m) for m, _ in picks])
    adversarial = np.array([fleet.parse(m).adversarial for m, _ in picks])
    return {
        "crop": crop, "batch": batch, "learning_rate": rate, "steps": steps, "cpu_seconds": seconds,
        "accuracy": right.mean(), "accuracy_L1": right[~adversarial].mean(), "accuracy_adversarial": right[adversarial].mean(),
        "n_photographs": images.table.iloc[list(validation)]["photograph"].nunique(), "chance": 1 / len(task.classes),
    }  # fmt: skip


def main() -> None:
    """Compare the candidates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    desk = Desk(Workspace.existing(options.workspace), options.workspace)
    table = pd.DataFrame([validated(desk, *candidate) for candidate in CANDIDATES])
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()

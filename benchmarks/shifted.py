"""Does the accuracy of a kept classifier depend on where an image begins? Test images of a finished run, cut 0 to 3 pixels further down and right.

    python benchmarks/shifted.py [WORKSPACE]

One row a shift in `shifted.csv`: the 180-way accuracy of run 1's classifier, the mean over photographs, with the 95 % interval of its
difference from no shift, paired by photograph.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from srfp_lib import fleet
from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.classifiers.recipe import load_state
from srfp_lib.experiments.uncertainty import Accuracy
from srfp_lib.photos import split
from srfp_lib.study import Study

SHIFTS = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0), (1, 3), (3, 2), (3, 3)]
HERE = Path(__file__).parent


@torch.inference_mode()
def answers(model: Classifier, workspace: Path, images: pd.DataFrame, numbers: np.ndarray, shift: tuple[int, int]) -> pd.DataFrame:
    """One row per test image: run, photograph, correct."""
    found = []
    for place, network in enumerate(fleet.custom()):
        tiles = np.load(workspace / "decoded" / f"{network.model_id}.npy", mmap_mode="r")[numbers]
        side = tiles.shape[1] // 4 * 4 - 4
        cut = tiles[:, shift[0] : shift[0] + side, shift[1] : shift[1] + side]
        logits = model(torch.from_numpy(np.ascontiguousarray(cut)).permute(0, 3, 1, 2).float() / 255)[1]["attribution"]
        found.append(pd.DataFrame({"run": 1, "photograph": images["photograph"].to_numpy()[numbers], "correct": (logits.argmax(1) == place).numpy()}))
    return pd.concat(found)


def main(workspace: str = "") -> None:
    torch.set_num_threads(1)
    study = Study.open("", workspace) if workspace else Study.open("demo")
    root, rotations = study.workspace.root, study.profile.photographs.rotations
    images = study.photographs("images")
    numbers = np.flatnonzero([split(fold, rotation=0, rotations=rotations) == "test" for fold in images["fold"]])
    model = Classifier(study.profile.classifier.backbones[0], {"attribution": 180}).eval()
    model.load_state_dict(load_state(root / "classifiers" / "attribution" / "1.safetensors"))
    rows, plain = [], Accuracy.of(answers(model, root, images, numbers, (0, 0)))
    for shift in SHIFTS:
        accuracy = Accuracy.of(answers(model, root, images, numbers, shift))
        change = (accuracy - plain).estimate()
        rows.append({"down": shift[0], "right": shift[1], "accuracy": accuracy.estimate().value, "difference": change.value,
                     "low": change.low, "high": change.high, "n_photographs": change.n_photographs, "profile": study.profile.name})  # fmt: skip
        print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(HERE / "shifted.csv", index=False, float_format="%.4f")


if __name__ == "__main__":
    main(*sys.argv[1:])

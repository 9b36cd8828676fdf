"""How much to shrink the linear model of fingerprints: accuracy on validation photographs of finished runs, 180 networks.

Usage: python benchmarks/fingerprints.py WORKSPACE [WORKSPACE ...]; writes benchmarks/fingerprints.csv, a row a profile, kind and shrinkage.
"""

from __future__ import annotations

import sys
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from srfp_lib import fleet
from srfp_lib.fingerprints.kinds import KINDS
from srfp_lib.fingerprints.linear import Linear
from srfp_lib.images import gallery
from srfp_lib.stages.fingerprints import evenly, features
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

SHRINKAGES = (0.003, 0.03, 0.3)
IMAGES = 32  # training images of a network


def rows(root: Path, name: str, out: Path) -> list[dict[str, object]]:
    """The accuracy of a kind in a workspace, a row a shrinkage; the time is that of features and products, without the solution."""
    desk, kind, ids = Desk(Workspace.existing(root), out), KINDS[name], [n.model_id for n in fleet.custom()]
    images = gallery.custom(desk)
    train, validation = evenly(images.numbers("train", run=1), IMAGES), images.numbers("validation", run=1)
    start, model = time.process_time(), Linear()
    for network in ids:
        model.add(np.concatenate(list(features(desk, kind, images, network, train, training=True))))
    seconds, shown = time.process_time() - start, []
    for network in ids:
        shown.append(np.concatenate(list(features(desk, kind, images, network, validation, training=False))))
    labels, found = np.repeat(range(len(ids)), len(validation)), []
    for shrinkage in SHRINKAGES:
        one = deepcopy(model)
        one.shrinkage = shrinkage
        right = np.concatenate([one.scores(some).argmax(1) for some in shown]) == labels
        found.append({"profile": desk.profile.name, "kind": name, "shrinkage": shrinkage, "validation_images": len(validation),
                      "accuracy": right.mean(), "cpu_seconds": round(seconds, 1)})  # fmt: skip
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    linear = [name for name, kind in KINDS.items() if kind.model is Linear and name != "early-layers"]
    table: list[dict[str, object]] = []
    for root in sys.argv[1:]:
        for name in linear:
            table += rows(Path(root), name, Path("out"))
            print(*table[-len(SHRINKAGES) :], sep="\n", flush=True)
    pd.DataFrame(table).to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f")

"""A classifier for each JPEG quality: the file says the quality, so an image can be shown to the model that was trained at it.

    python benchmarks/survival.py WORKSPACE

Linear models of spectra (`srfp_lib.classifiers.lossy`) of the custom networks of a finished run, each trained on images of one quality, and tested on
images of that quality and of a neighbouring one, singly and several of one source together. Training and test photographs are those of run 1; crops
begin anywhere. One row a model, delivery and number of images in `survival.csv`; nothing was chosen here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from srfp_lib.classifiers.lossy import mean_power
from srfp_lib.common.randomness import numpy_generator
from srfp_lib.experiments.survival import from_one_source
from srfp_lib.fingerprints.linear import Linear
from srfp_lib.forensics.deliveries import deliver
from srfp_lib.images.spectrum import described
from srfp_lib.images.store import evenly, pixels
from srfp_lib.stages.judges import Asked, questions
from srfp_lib.stages.survival import together
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

TESTS = {"jpeg-98": ("jpeg-98",), "jpeg-95": ("jpeg-95", "jpeg-90"), "jpeg-90": ("jpeg-90",), "jpeg-80": ("jpeg-80",), "jpeg-50": ("jpeg-50",)}
HERE = Path(__file__).parent


def expert(asked: Asked, delivery: str) -> Linear:
    """A model that is trained on images as one delivery leaves them."""
    model = Linear()
    for name in asked.classes:
        rng = numpy_generator(asked.seed, "expert", name)
        picks = [(name, i) for i in evenly(asked.numbers("train"), asked.sizes.train)]
        crops = pixels(asked.images.random_crops(picks, asked.side, grid=1, rng=rng))
        model.add(described(np.stack([deliver(delivery, crop, rng) for crop in crops]), mean_power))
    return model


def main(workspace: str, out: str = "") -> None:
    """Train and test all, and write the table as it grows."""
    torch.set_num_threads(1)
    asked, rows = questions(Desk(Workspace.existing(Path(workspace)), HERE))[0], []
    for trained, deliveries in TESTS.items():
        model = expert(asked, trained)
        for delivery in deliveries:
            found = together(asked, delivery, lambda shown, model=model: model.scores(described(shown, mean_power)))
            rows.append(from_one_source(found).assign(delivery=delivery, trained=trained))
            print(rows[-1][["of", "images", "accuracy"]].to_string(), flush=True)
            pd.concat(rows).to_csv(Path(out or HERE / "survival.csv"), index=False, float_format="%.4f")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How well is the network behind a JPEG image named when the image is larger than the 88 pixels of `survival.csv`?

    python benchmarks/jpeg.py WORKSPACE [FOLDER]

A linear model of spectra (`srfp_lib.classifiers.lossy`) is trained at each quality and side, on images that `jpeg_images.py` makes of the networks of
a finished run and keeps in FOLDER. Nothing was chosen here.

One row a model, quality, side and number of images judged together in `jpeg.csv`: parts of one photograph, or images of several. A model was trained
on `trained_parts` images of `trained_side` pixels of each photograph. The interval is over photographs. `jpeg_networks.py` adds its rows.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import torch
from jpeg_images import PARTS, Ask, Made, answers, share, stored
from torch import Tensor

from srfp_lib.classifiers.lossy import YCC
from srfp_lib.fingerprints.linear import Linear
from srfp_lib.images.spectrum import FLOOR, STEP, WINDOW, HighPass

QUALITIES = ("jpeg-95", "jpeg-90", "jpeg-98", "jpeg-80", "jpeg-50", "png")
MODELS = ((88, 1), (88, 9), (128, 1), (128, 4), (192, 1), (256, 1))  # side, parts of each photograph that train
ELSEWHERE = {(88, 9): (128, 192, 256), (128, 4): (192, 256)}  # sides that a model is tested at beside its own


@torch.inference_mode()
def spectra(images: np.ndarray) -> dict[int, np.ndarray]:
    """`lossy.mean_power` of all parts, n parts d, by their side: windows of a part are windows of the whole."""
    found: dict[int, list[Tensor]] = {side: [] for side in PARTS}
    window = torch.outer(torch.hann_window(WINDOW), torch.hann_window(WINDOW))
    for start in range(0, len(images), 8):
        some = torch.from_numpy(images[start : start + 8]).permute(0, 3, 1, 2).float() / 255
        residual = HighPass()(torch.einsum("kc,nchw->nkhw", torch.tensor(YCC), some))
        power = torch.fft.rfft2(residual.unfold(2, WINDOW, STEP).unfold(3, WINDOW, STEP) * window).abs().square()
        for side, starts in PARTS.items():
            count, places = (side - WINDOW) // STEP + 1, [at // STEP for at in starts]
            means = [power[:, :, r : r + count, c : c + count].mean((2, 3)) for r in places for c in places]
            found[side].append((torch.stack(means, 1) + FLOOR).log().flatten(2))
    return {side: torch.cat(several).numpy() for side, several in found.items()}


def gathered(made: Made, part: str, quality: str) -> dict[int, np.ndarray]:
    """The spectra of a part of the photographs by side: networks photographs parts d."""
    found = [spectra(made.delivered(name, part, quality)) for name in made.networks]
    return {side: np.stack([of[side] for of in found]) for side in PARTS}


def linear(train: np.ndarray) -> Ask:
    """From spectra of networks photographs parts d."""
    model = Linear()
    for features in train:
        model.add(features.reshape(-1, features.shape[-1]))
    return model.scores


def main(workspace: str, folder: str = "runs/jpeg") -> None:
    """Train and test the linear models of all qualities, and write the table as it grows."""
    torch.set_num_threads(1)
    made = Made(workspace, folder)
    made.make()
    for quality in QUALITIES:
        train, test, rows = gathered(made, "train", quality), gathered(made, "test", quality), []
        for side, parts in MODELS:
            seen = train[side][:, :, :parts]
            ask = linear(seen)
            about = {"model": "linear", "quality": quality, "trained_side": side, "trained_parts": parts, "train_accuracy": share(ask, seen)}
            rows += [made.judged(answers(ask, test[tested])).assign(**about, side=tested) for tested in (side, *ELSEWHERE.get((side, parts), ()))]
        stored(rows)
        single = pd.concat(rows).query("images_together == 1")
        print(single[["quality", "trained_side", "trained_parts", "side", "accuracy", "train_accuracy"]].to_string(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Linear probes are fitted after the training of a classifier, on large crops, while its body stands still."""

from __future__ import annotations

import torch
from torch import Tensor

from ..common import devices
from ..images.store import ahead, evenly
from .recipe import IGNORED, KNOWN, Fitting
from .spectrum import inputs


@torch.no_grad()
def fit(fitting: Fitting, most: int) -> None:
    """Fit the linear probes on a random crop, as large as those of the test, of at most so many training images of each network."""
    model, images, settings = fitting.model.eval(), fitting.images, fitting.settings
    picks = [(model_id, i) for model_id in fitting.ids for i in evenly(fitting.train, most)]
    side, grid = images.whole(picks[0][0]) if images.tiles else fitting.side, KNOWN if fitting.seed is None else 1
    several = [picks[start : start + 16] for start in range(0, len(picks), 16)]
    found: list[Tensor] = []
    for crops in ahead(images.random_crops(some, side, grid=grid, rng=fitting.rng) for some in several):
        crops = devices.place(crops, fitting.device, settings.precision)
        with devices.autocast(fitting.device, settings.precision):
            features = model.body.features(model.body(crops))
        found.append(inputs(features, crops))
    seen = torch.cat(found)
    for head, fitted in model.probes.items():
        wanted = torch.tensor([fitting.labels[model_id, head] for model_id, _ in picks], device=seen.device)
        with torch.enable_grad():
            fitted.fit(seen[wanted != IGNORED], wanted[wanted != IGNORED])

"""The classifier that a run of attribution kept, for whoever wants to ask or to attack it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from .. import fleet
from ..profiles import Classifier as Settings
from .bodies import Classifier
from .recipe import load_state


class Kept:
    """A trained attribution classifier in float32 on the CPU; ``classes`` are the 180 model_ids, in the order of its answers.

    ``probed``: a linear probe stands beside its head.
    """

    def __init__(self, path: Path, settings: Settings, *, probed: bool) -> None:
        self.classes = tuple(network.model_id for network in fleet.custom())
        self.network = Classifier(settings.backbones[0], {"attribution": len(self.classes)}, pretrained=False, probed=probed)
        self.network.load_state_dict(load_state(path))
        self.network.eval().requires_grad_(False)

    def log_probabilities(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 180"]:
        """Of images in 0..1, which may ask for gradients."""
        return self.network(images)[1]["attribution"].float().log_softmax(1)

    @torch.inference_mode()
    def __call__(self, images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n 180"]:
        """The probabilities of the networks, for images of one size from 32 pixels up; a row adds up to 1."""
        several = (torch.from_numpy(images[start : start + 16]) for start in range(0, len(images), 16))
        found = [self.log_probabilities(some.permute(0, 3, 1, 2).float() / 255).exp() for some in several]
        return torch.cat(found).numpy() if found else np.zeros((0, len(self.classes)), np.float32)

"""Attacks on a classifier by its gradient: hide the network behind an image, or have another one named.

Projected gradient ascent within a ball in L2 (Madry et al. 2018), which is a least PSNR; the outcome is an 8-bit image, as any other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

Scores = Callable[[Float[Tensor, "n 3 h w"]], Float[Tensor, "n classes"]]
STEPS = 5
ROUNDING = 1 / 12  # the mean squared error of rounding, in grey levels


def climb(scores: Scores, images: UInt8[np.ndarray, "n h w 3"], classes: Int64[np.ndarray, " n"], decibels: float, *, forge: bool,
          start: UInt8[np.ndarray, "n h w 3"] | None = None, steps: int = STEPS) -> UInt8[np.ndarray, "n h w 3"]:  # fmt: skip
    """Images that are as much more (``forge``), or less, of a class as a PSNR of ``decibels`` allows.

    ``classes``: the numbers of the classes to be named, or not to be named. ``start``: images within the budget, such as the outcome of a
    smaller one, in place of the images themselves; of all steps the best counts, so that a larger budget does no harm. At 58.9 dB
    rounding alone uses up the budget; above, images stay as they are.
    """
    budget = max(255**2 * 10 ** (-decibels / 10) - ROUNDING, 0) ** 0.5 / 255
    original, here = _floats(images), _floats(images if start is None else start)
    wanted, sign = torch.from_numpy(classes)[:, None], 1 if forge else -1
    best, record = here, torch.full((len(images), 1), -torch.inf)
    for step in range(steps + 1 if budget else 0):
        here = here.requires_grad_(True)
        value = sign * _odds(scores(here), wanted)
        better = value.detach() > record
        best, record = torch.where(better[..., None, None], here.detach(), best), torch.where(better, value.detach(), record)
        if step < steps:
            (gradient,) = torch.autograd.grad(value.sum(), here)
            moved = here.detach() + 2 * budget / (steps + step) * gradient / _rms(gradient) - original
            here = (original + moved * (budget / _rms(moved)).clamp(max=1)).clamp(0, 1)
    return (best * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def _floats(images: UInt8[np.ndarray, "n h w 3"]) -> Float[Tensor, "n 3 h w"]:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def _odds(scores: Float[Tensor, "n classes"], wanted: Int64[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
    """The log-odds of a class. A log-probability of nearly 0, of a classifier that is sure, has no gradient in float32; they have one."""
    others = scores.scatter(1, wanted, -torch.inf).logsumexp(1, keepdim=True)
    return scores.gather(1, wanted) - others


def _rms(values: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 1 1"]:
    return values.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)

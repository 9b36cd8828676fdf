"""The log power spectrum of images less their blur: features that no network was trained for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

WINDOW, STEP = 32, 16  # pixels
BATCH = 16  # images at a time: their windows stay in the processor's cache
FLOOR = 1e-6  # added to the power: the logarithm of flat places stays finite
SPECTRUM = 3 * WINDOW * (WINDOW // 2 + 1)  # the numbers of a log power spectrum


class HighPass(nn.Module):
    """Image minus its binomial blur ([1 2 1] x [1 2 1] / 16), times 12, clamped to +-2: where fingerprints live."""

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        # Sums of slices, not a convolution, which autocast would take in bfloat16, whose steps are those of a grey level.
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        rows = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
        blurred = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 16
        return ((x - blurred) * 12).clamp(-2, 2)


def log_power(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
    """The mean log power over Hann windows of 32 pixels, step 16 (Welch 1967), of images in 0..1 less their blur: 1,632 numbers.

    Smaller images are surrounded by zeros. The power, but for edges of windows, does not depend on where an image begins.

    >>> log_power(torch.rand(2, 3, 40, 50)).shape
    torch.Size([2, 1632])
    """
    height, width = images.shape[2:]
    residual = F.pad(HighPass()(images), (0, max(WINDOW - width, 0), 0, max(WINDOW - height, 0)))
    hann = torch.hann_window(WINDOW, dtype=images.dtype, device=images.device)
    windows = residual.unfold(2, WINDOW, STEP).unfold(3, WINDOW, STEP) * torch.outer(hann, hann)
    return (torch.fft.rfft2(windows).abs().square() + FLOOR).log().mean((2, 3)).flatten(1)


@torch.inference_mode()
def described(images: UInt8[np.ndarray, "n h w 3"], features: Callable[[Tensor], Tensor] = log_power) -> Float32[np.ndarray, "n d"]:
    """The spectra of images."""
    several = (torch.from_numpy(images[start : start + BATCH]) for start in range(0, len(images), BATCH))
    return np.concatenate([features(some.permute(0, 3, 1, 2).float() / 255).numpy() for some in several])

"""A spectrum for images that were compressed.

JPEG sets to zero what is faint, so that many windows of an image have next to no power left and say nothing of the network. The log of
the mean power listens to the others; the mean of the log, which `spectrum.log_power` is, to all alike. And JPEG treats
brightness and colour apart.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..images.spectrum import FLOOR, STEP, WINDOW, HighPass

YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))  # of JFIF, without its offset


def mean_power(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
    """The log of the mean power over Hann windows of 32 pixels, step 16, of brightness and colour (YCbCr) less their blur: 1,632 numbers.

    Images are in 0..1; smaller ones are surrounded by zeros. Chosen on validation photographs: `benchmarks/tried.md`.

    >>> mean_power(torch.rand(2, 3, 40, 50)).shape
    torch.Size([2, 1632])
    """
    height, width = images.shape[2:]
    residual = HighPass()(torch.einsum("kc,nchw->nkhw", torch.tensor(YCC, dtype=images.dtype, device=images.device), images))
    padded = F.pad(residual, (0, max(WINDOW - width, 0), 0, max(WINDOW - height, 0)))
    hann = torch.hann_window(WINDOW, dtype=images.dtype, device=images.device)
    windows = padded.unfold(2, WINDOW, STEP).unfold(3, WINDOW, STEP) * torch.outer(hann, hann)
    return (torch.fft.rfft2(windows).abs().square().mean((2, 3)) + FLOOR).log().flatten(1)

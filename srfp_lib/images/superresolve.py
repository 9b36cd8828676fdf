"""From photograph to super-resolved image (paper, section 3.2; D36): bicubic LR, network, clamp, round, 8 bits.

Kernel: bicubic with a = -0.5, antialiased as MATLAB's imresize, rounded once to 8 bits; the grid starts at the top left
pixel. Nothing lossy may follow: the fingerprints of networks trained with L1 are below one grey level.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def to_float(images: np.ndarray) -> Tensor:
    """uint8 ... H x W x 3 to float32 ... 3 x H x W in 0..1."""
    return torch.from_numpy(images).movedim(-1, -3).float() / 255


def to_8_bits(images: Tensor) -> np.ndarray:
    """float ... 3 x H x W to uint8 ... H x W x 3: clamped to 0..1 and rounded.

    >>> to_8_bits(torch.tensor([[[1.2]], [[0.5]], [[-1.0]]])).ravel().tolist()
    [255, 128, 0]
    """
    return (images.detach().clamp(0, 1) * 255).round().to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()


def downscale(images: np.ndarray, scale: int) -> np.ndarray:
    """The 8-bit LR images of uint8 N x H x W x 3; H and W are multiples of the scale.

    >>> downscale(np.full((1, 8, 8, 3), 7, np.uint8), 4).shape
    (1, 2, 2, 3)
    """
    height, width = images.shape[1:3]
    small = F.interpolate(to_float(images), size=(height // scale, width // scale), mode="bicubic", antialias=True)
    return to_8_bits(small)


def upscale_bicubic(lr: np.ndarray, scale: int) -> np.ndarray:
    """The bicubic enlargement (a = -0.5), 8 bits: the image that every network has to beat."""
    from ..networks.narrow import bicubic

    return to_8_bits(bicubic(to_float(lr), scale))


def bicubic_of(hr: np.ndarray, scale: int) -> np.ndarray:
    """uint8 N x H x W x 3 reduced and enlarged again, what is left over at the right and bottom cut off."""
    height, width = (length // scale * scale for length in hr.shape[1:3])
    return upscale_bicubic(downscale(hr[:, :height, :width], scale), scale)


@torch.inference_mode()
def super_resolve(network: nn.Module, lr: np.ndarray, *, batch: int = 16, device: str = "cpu") -> np.ndarray:
    """What a network, which is on the device, makes of uint8 N x h x w x 3, as uint8 N x sh x sw x 3."""
    parts = [to_8_bits(network(to_float(lr[i : i + batch]).to(device))) for i in range(0, len(lr), batch)]
    return np.concatenate(parts)


@torch.inference_mode()
def enlarge(network: nn.Module, lr: np.ndarray, *, device: str = "cpu") -> np.ndarray:
    """What a network, which is on the device, makes of uint8 N x h x w x 3 unwritten: float32 N x sh x sw x 3, not clamped."""
    return network(to_float(lr).to(device)).movedim(1, -1).cpu().numpy()

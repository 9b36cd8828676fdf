"""From photograph to super-resolved image (paper, section 3.2; D36): bicubic LR, network, clamp, round, 8 bits.

Kernel: bicubic with a = -0.5, antialiased as MATLAB's imresize, rounded once to 8 bits; the grid starts at the top left
pixel. The fingerprints of networks trained with L1 are below one grey level.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from PIL import Image
from torch import Tensor, nn

from ..common import devices
from ..networks.narrow import bicubic


def to_float(images: UInt8[np.ndarray, "*n h w 3"]) -> Float32[Tensor, "*n 3 h w"]:
    """8-bit images as tensors in 0..1."""
    return torch.from_numpy(images).movedim(-1, -3).float() / 255


def to_8_bits(images: Float[Tensor, "*n 3 h w"]) -> UInt8[np.ndarray, "*n h w 3"]:
    """Tensors as 8-bit images: clamped to 0..1 and rounded.

    >>> to_8_bits(torch.tensor([[[1.2]], [[0.5]], [[-1.0]]])).ravel().tolist()
    [255, 128, 0]
    """
    return (images.detach().clamp(0, 1) * 255).round().to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()


def downscale(images: UInt8[np.ndarray, "n h w 3"], scale: int) -> UInt8[np.ndarray, "n h/{scale} w/{scale} 3"]:
    """The 8-bit LR images of HR images, whose sides are multiples of the scale.

    >>> downscale(np.full((1, 8, 8, 3), 7, np.uint8), 4).shape
    (1, 2, 2, 3)
    """
    height, width = images.shape[1:3]
    small = F.interpolate(to_float(images), size=(height // scale, width // scale), mode="bicubic", antialias=True)
    return to_8_bits(small)


def bicubic_of(hr: UInt8[np.ndarray, "n _ _ 3"], scale: int) -> UInt8[np.ndarray, "n _ _ 3"]:
    """The baseline: HR images, cut to a multiple of the scale, downscaled and upscaled again, both bicubic (a = -0.5)."""
    height, width = (length // scale * scale for length in hr.shape[1:3])
    return to_8_bits(bicubic(to_float(downscale(hr[:, :height, :width], scale)), scale))


def lanczos_of(hr: UInt8[np.ndarray, "n _ _ 3"], scale: int) -> UInt8[np.ndarray, "n _ _ 3"]:
    """The same with Pillow's Lanczos filter for the way up, as image viewers and editors enlarge."""
    height, width = (length // scale * scale for length in hr.shape[1:3])
    low = downscale(hr[:, :height, :width], scale)
    return np.stack([np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)) for image in low])


@torch.inference_mode()
def super_resolve(network: nn.Module, lr: UInt8[np.ndarray, "n h w 3"], *, batch: int = 16, device: str = "cpu") -> UInt8[np.ndarray, "n _ _ 3"]:
    """The 8-bit SR images that a network on the device makes of LR images."""
    return np.concatenate([to_8_bits(network(devices.place(to_float(lr[i : i + batch]), device))) for i in range(0, len(lr), batch)])


@torch.inference_mode()
def enlarge(network: nn.Module, lr: UInt8[np.ndarray, "n h w 3"], *, device: str = "cpu") -> Float32[np.ndarray, "n _ _ 3"]:
    """The raw output of a network on the device, neither clamped nor rounded."""
    return network(devices.place(to_float(lr), device)).movedim(1, -1).cpu().numpy()

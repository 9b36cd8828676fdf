"""From the file on Flickr to the photograph of the set (D42)."""

from __future__ import annotations

import numpy as np

SIDE = 960


def prepare(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
    """uint8 H x W x 3 with the longer side reduced to ``side``: Gaussian blur, then bicubic sampling (a = -0.75).

    The paper does not give the width of the blur; here it is (factor - 1) / 2 pixels (D42). Smaller images stay as they are.

    >>> prepare(np.full((300, 200, 3), 7, np.uint8), 96).shape
    (96, 64, 3)
    """
    import torch
    from scipy.ndimage import gaussian_filter

    height, width = pixels.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return pixels
    sigma = (factor - 1) / 2
    blurred = torch.from_numpy(gaussian_filter(pixels.astype(np.float32), (sigma, sigma, 0)))
    size = (max(round(height / factor), 1), max(round(width / factor), 1))
    small = torch.nn.functional.interpolate(blurred.movedim(-1, 0)[None], size=size, mode="bicubic")[0]
    return small.movedim(0, -1).round().clamp(0, 255).to(torch.uint8).contiguous().numpy()


def as_png(pixels: np.ndarray) -> bytes:
    """The PNG file of an image."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()

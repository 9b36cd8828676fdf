"""Real-ESRGAN, 2x and 4x (Wang, Xie, Dong, Shan: "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data", ICCV Workshops 2021, arXiv 2107.10833): ESRGAN's generator, trained on degraded photographs.

As `esrgan`, under BasicSR's names. At 2x odd images are extended by reflection, right and below. The official script runs in
half precision on a GPU unless told otherwise; here precision is single.
"""

from __future__ import annotations

from functools import partial

from . import esrgan
from .esrgan import RRDBNet
from .parts import Image, builder, check_sides
from .tiling import Enlarged, upscale_padded


def upscale(module: RRDBNet, lr: Image, *, scale: int) -> Enlarged:
    """n x 3 x h x w in 0..1 to n x 3 x sh x sw in 0..1, unclamped; at 2x sides of at least 2."""
    check_sides(lr, 4 // scale, "Real-ESRGAN 2x halves the image")
    return upscale_padded(module, lr, scale=scale, multiple=4 // scale)


official = partial(esrgan.official, default=esrgan.BASICSR)
build = builder("Real-ESRGAN", lambda _, scale: RRDBNet(scale), scales=(2, 4))

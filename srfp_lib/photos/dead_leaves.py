"""Dead-leaves images: random overlapping discs.

They share edges and scales with photographs (Lee, Mumford, Huang 2001); small profiles extend their training sets with them.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from ..common.randomness import numpy_generator


def draw(side: int, *, master_seed: int, name: str) -> np.ndarray:
    """One image, uint8 side x side x 3: discs with power-law radii, random colours and faint texture.

    >>> draw(32, master_seed=1, name="example").shape
    (32, 32, 3)
    """
    rng = numpy_generator(master_seed, "dead leaves", name)
    large = 2 * side  # drawn at twice the size, so that halving smooths the edges
    canvas = Image.new("RGB", (large, large), tuple(int(v) for v in rng.integers(0, 256, 3)))
    pen, count = ImageDraw.Draw(canvas), 600
    # Inverse transform sampling of a density ~ r^-3 between 3 and large / 3 pixels.
    radii = (3.0**-2 + rng.random(count) * ((large / 3) ** -2 - 3.0**-2)) ** -0.5
    centres, colours = rng.random((count, 2)) * large, rng.integers(0, 256, (count, 3))
    for radius, (x, y), colour in zip(radii, centres, colours, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple(colour.tolist()))
    small = np.asarray(canvas.resize((side, side), Image.Resampling.LANCZOS)).astype(np.float32)
    texture = rng.normal(0, 3, (side, side, 1)).astype(np.float32)
    return np.clip(small + texture, 0, 255).round().astype(np.uint8)

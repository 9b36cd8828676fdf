"""What happens to an image on its way: compression, another size, blur, noise, a crop.

A delivery has a name, such as "jpeg-95"; names joined by "+" follow one another: "size-75+jpeg420-80". Codecs are Pillow's: equal
pixels give equal pixels, with one version of the library. JPEG's grid of 8 x 8 pixels begins at the image's first pixel.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from scipy import ndimage

from ..common.errors import UserError

Pixels = UInt8[np.ndarray, "_ _ 3"]
Delivery = Callable[[Pixels, np.random.Generator], Pixels]
QUALITIES = (100, 98, 95, 90, 85, 80, 70, 60, 50)


def deliver(name: str, image: Pixels, rng: np.random.Generator) -> Pixels:
    """What arrives of an image. ``rng`` draws the noise and the place of a crop. UserError for a name that does not exist.

    >>> deliver("size-50+png", np.zeros((8, 12, 3), np.uint8), np.random.default_rng(0)).shape
    (4, 6, 3)
    """
    for step in name.split("+"):
        if step not in DELIVERIES:
            raise UserError(f"there is no delivery '{step}': choose among {', '.join(DELIVERIES)}, or several joined by +")
        image = DELIVERIES[step](image, rng)
    return image


def jpeg(image: Pixels, _: np.random.Generator, quality: int, subsampling: int = 0) -> Pixels:
    """JPEG of a quality in 1..100; ``subsampling`` 0 keeps all colour (4:4:4), 2 every other row and column of it (4:2:0)."""
    return _decoded(image, format="JPEG", quality=quality, subsampling=subsampling)


def webp(image: Pixels, _: np.random.Generator, quality: int) -> Pixels:
    """Lossy WebP of a quality in 0..100, which always has a quarter of the colour (4:2:0)."""
    return _decoded(image, format="WebP", quality=quality)


def png(image: Pixels, _: np.random.Generator) -> Pixels:
    """Saved as PNG once more: nothing changes."""
    return _decoded(image, format="PNG", compress_level=1)


def _decoded(image: Pixels, **how: object) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(image).save(file, **how)  # pyrefly: ignore[bad-argument-type]
    return np.array(Image.open(file).convert("RGB"))


def resized(image: Pixels, _: np.random.Generator, percent: int) -> Pixels:
    """Bicubic, with antialiasing, to a percentage of height and width."""
    height, width = (max(round(length * percent / 100), 1) for length in image.shape[:2])
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def down_and_up(image: Pixels, _: np.random.Generator, percent: int) -> Pixels:
    """To a percentage of height and width and back, both bicubic."""
    height, width, _channels = image.shape
    small = Image.fromarray(image).resize((max(round(width * percent / 100), 1), max(round(height * percent / 100), 1)), Image.Resampling.BICUBIC)
    return np.array(small.resize((width, height), Image.Resampling.BICUBIC))


def blurred(image: Pixels, _: np.random.Generator, sigma: float) -> Pixels:
    """A Gaussian blur of a standard deviation in pixels."""
    return _rounded(ndimage.gaussian_filter(image.astype(np.float32), (sigma, sigma, 0), mode="nearest"))


def noisy(image: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    """Gaussian noise of a standard deviation in grey levels, drawn for every value."""
    return _rounded(image + rng.normal(0, sigma, image.shape))


def cropped(image: Pixels, rng: np.random.Generator, percent: int) -> Pixels:
    """A percentage of height and width, from a place that is drawn."""
    height, width = (max(round(length * percent / 100), 1) for length in image.shape[:2])
    top, left = int(rng.integers(image.shape[0] - height + 1)), int(rng.integers(image.shape[1] - width + 1))
    return image[top : top + height, left : left + width].copy()


def shifted(image: Pixels, _: np.random.Generator, pixels: int) -> Pixels:
    """Without the first rows and columns; an image that small keeps its last ones."""
    return image[min(pixels, len(image) - 1) :, min(pixels, image.shape[1] - 1) :].copy()


def grey_on_average(image: Pixels, _: np.random.Generator) -> Pixels:
    """The mean colour removed: every channel shifted to a mean of 127.5, cut at black and white."""
    return _rounded(image - image.mean((0, 1)) + 127.5)


def coarser(image: Pixels, _: np.random.Generator, bits: int) -> Pixels:
    """2^bits grey levels from 0 to 255."""
    most = 2**bits - 1
    return _rounded(np.round(image / 255 * most) / most * 255)


def _rounded(values: np.ndarray) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def messenger(image: Pixels, rng: np.random.Generator, percent: int, quality: int) -> Pixels:
    """As messengers send: smaller, then JPEG with a quarter of the colour."""
    return jpeg(resized(image, rng, percent), rng, quality, subsampling=2)


def _named(kind: str, work: Callable[..., Pixels], argument: str, *values: int | float) -> dict[str, Delivery]:
    """One delivery for each value of an argument: KIND-VALUE."""
    return {f"{kind}-{value:g}": partial(work, **{argument: value}) for value in values}


DELIVERIES: dict[str, Delivery] = {
    "png": png,
    **_named("jpeg", jpeg, "quality", *QUALITIES),
    **_named("jpeg420", partial(jpeg, subsampling=2), "quality", *QUALITIES),
    **_named("webp", webp, "quality", 100, 95, 90, 80, 50),
    **_named("size", resized, "percent", 50, 75, 90, 98, 102, 110, 150, 200),
    **_named("reupscaled", down_and_up, "percent", 50, 75, 90),
    **_named("blur", blurred, "sigma", 0.3, 0.5, 0.7, 1.0, 1.5),
    **_named("noise", noisy, "sigma", 0.5, 1.0, 2.0, 4.0, 8.0),
    **_named("crop", cropped, "percent", 90, 75, 50),
    **_named("shift", shifted, "pixels", 1),
    "grey": grey_on_average,
    **_named("bits", coarser, "bits", 7, 6, 5, 4),
    "messenger-mild": partial(messenger, percent=90, quality=85),
    "messenger": partial(messenger, percent=75, quality=75),
}
"""Deliveries by their names."""

MILD = ("png", "shift-1", "crop-90", "size-98", "size-102", "jpeg-95", "jpeg-90", "jpeg420-95", "webp-95", "noise-0.5")
"""What an image may meet without anybody's seeing it: a verdict should outlast it, or not be given."""

"""What image files, their scores and their noise residuals cost on this machine, timed on a natural photograph."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..photos import embedded
from ..profiles import Profile
from . import throughput
from .timing import Timing


class Files:
    """Image files and what is computed of images without a network, timed on a natural photograph; seconds an image.

    ``png_bytes`` are the bytes of a pixel in a PNG file.
    """

    def __init__(self, profile: Profile) -> None:
        from PIL import Image

        from ..images.store import Images, read_png

        self.decoded = profile.photographs.decoded or profile.photographs.image_size is not None
        (height, width), crop = throughput.image_size(profile), profile.classifier.crop
        self.image = photograph(height, width)
        with TemporaryDirectory() as place:
            root = Path(place)
            (root / "images" / "x").mkdir(parents=True)
            (root / "decoded").mkdir()
            file = root / "images" / "x" / "y.png"
            save = lambda: Image.fromarray(self.image).save(file, compress_level=1)  # noqa: E731
            save()
            self.writing, self.reading = _seconds(save), _seconds(lambda: read_png(file))
            self.png_bytes = file.stat().st_size / (height * width)
            if self.decoded:
                np.save(root / "decoded" / "x.npy", self.image[None])
                self.writing += _seconds(lambda: np.save(root / "decoded" / "z.npy", self.image[None]))
            images, rng = Images(root / "images", root / "decoded", ["y"]), np.random.default_rng(1)
            side = min(crop, height, width)
            self.cropping = _seconds(lambda: images.random_crops([("x", 0)] * 16, side, grid=1, rng=rng)) / 16
        self.scoring, self.residual = self._scoring(profile), self._residual(profile)

    def _scoring(self, profile: Profile) -> Timing:
        from ..images import metrics

        batch = np.stack([self.image] * (16 if profile.photographs.image_size else 1))
        other, crop = np.roll(batch, 1, 1), profile.quality.crop
        return Timing(_seconds(lambda: metrics.score([batch], [other], crop=crop)) / len(batch))

    def _residual(self, profile: Profile) -> Timing | None:
        from importlib.util import find_spec

        from ..classifiers.prnu import residuals

        settings = profile.prnu
        side = min(settings.crop or max(self.image.shape[:2]), *self.image.shape[:2])
        if settings.denoiser != "bm3d":
            count = 16 if profile.photographs.image_size else 1
            batch = np.stack([self.image] * count)
            seconds = _seconds(lambda: residuals(batch, settings.denoiser, crop=settings.crop, int8=settings.int8))
            return Timing(seconds / count)
        if find_spec("bm3d") is None:
            return None
        part = min(side, 64)
        seconds = _seconds(lambda: residuals(self.image[None], "bm3d", crop=part, int8=settings.int8))
        return Timing(seconds * side**2 / part**2, part < side)


def _seconds(action: Callable[[], object]) -> float:
    """The shorter of two times, CPU seconds."""
    found = []
    for _ in range(2):
        start = time.process_time()
        action()
        found.append(time.process_time() - start)
    return min(found)


def photograph(height: int, width: int) -> np.ndarray:
    """A natural photograph of a size, uint8 H x W x 3: one inside an installed package, mirrored where it is smaller."""
    from ..photos.reading import read

    path = next((p for row in embedded.rows() if (p := embedded.locate(row))), None)
    pixels = read(path)[0] if path else np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    missing = [(0, max(length - have, 0)) for length, have in zip((height, width), pixels.shape[:2], strict=True)]
    return np.ascontiguousarray(np.pad(pixels, [*missing, (0, 0)], mode="symmetric")[:height, :width])

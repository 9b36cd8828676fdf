"""A folder shaped like the authors' release, with small images, for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from srfp_lib.release.contents import SPLITS, TRUTH

FEW = ("EDSR-div2k-x2-L1-s1", "RCAN-div2k-x4-VGG_GAN-s2", "SRFBN-NA-x2-L1-NA-pretrained")
PHOTOGRAPHS = 10


def photograph(number: int) -> str:
    return f"{30 + number}_ab{number}"


def make(root: Path, networks=FEW, *, count: int = PHOTOGRAPHS) -> Path:
    """The true photographs, no two of one size, the networks' images two pixels smaller, and splits of 60, 20 and 20 %."""
    names = [photograph(i) for i in range(count)]
    for place, folder in enumerate((TRUTH, *networks)):
        (root / folder).mkdir(parents=True)
        for i, name in enumerate(names):
            smaller = 0 if folder == TRUTH else 2
            rng = np.random.default_rng(i)
            pixels = rng.integers(0, 200, (36 + i % 3, 38 + i, 3)) + np.random.default_rng(place).integers(0, 9, 3)
            Image.fromarray(pixels.astype(np.uint8)[: 36 + i % 3 - smaller]).save(root / folder / f"{name}.png", compress_level=1)
    ends = (0, count * 6 // 10, count * 8 // 10, count)
    for i, file in enumerate(SPLITS.values()):
        (root / file).write_text("".join(f"{name}.png\n" for name in names[ends[i] : ends[i + 1]]))
    return root

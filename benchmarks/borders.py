"""How far does the border of a small tile reach into what a published network makes of it?

A tile of 96 pixels is super-resolved by itself, as the small profiles do, and as the middle of one of 192 pixels. Where the two differ,
a network shows how it pads, not only what it is. Three photographs of scikit-image; 15 CPU seconds:

    python benchmarks/borders.py

It writes benchmarks/borders.csv: the root mean square difference over the tile in grey levels, and the share of values that differ in
the central 32 x 32 pixels.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from skimage.data import astronaut, chelsea, coffee

from srfp_lib import profiles
from srfp_lib.images import superresolve
from srfp_lib.published import sources
from srfp_lib.published.weights_folder import WeightsFolder

PLACES = ((astronaut, 0, 160), (chelsea, 60, 100), (coffee, 100, 200))  # top and left of 192 pixels
MIDDLE, CENTRE = slice(48, 144), slice(32, 64)


def differences(upscale, scale: int) -> tuple[float, float]:
    """Root mean square over the tile, and the share of values that differ in its centre; means over the photographs."""

    def levels(hr: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(upscale(superresolve.downscale(hr[None], scale)[0]), 0, 1) * 255)

    found = []
    for photograph, top, left in PLACES:
        hr = photograph()[top : top + 192, left : left + 192]
        apart = np.abs(levels(hr)[MIDDLE, MIDDLE] - levels(hr[MIDDLE, MIDDLE]))
        found.append((np.sqrt(np.square(apart).mean()), (apart[CENTRE, CENTRE] > 0).mean()))
    rms, changed = np.mean(found, axis=0).tolist()
    return rms, changed


def main() -> None:
    """Measure every network of packages."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    settings, rows = profiles.get("demo").published, []
    for row in sources.available(settings):
        network, _ = WeightsFolder(Path(settings.weights_dir)).open(row)
        rms, changed = differences(network.upscale, row.scale)
        rows.append({"model_id": row.model_id, "rms_levels": rms, "changed_in_centre": changed})
        print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.3f")


if __name__ == "__main__":
    main()

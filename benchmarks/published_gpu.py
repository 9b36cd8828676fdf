"""What does a published network cost on a GPU? Seconds and memory of each, at full depth, up to 960 x 720 LR pixels.

All run in one process with fresh weights, on noise in blocks of 8 pixels. `gpu_mb` is the peak GPU memory above the loaded
network; figures are of the second run at each size. The official networks were not measured on a GPU; `published.py`
compares on the CPU. The rows kept are older than the layout n c h w of networks on a GPU: these ran channels last.

    python benchmarks/published_gpu.py [--sizes 120x80 480x320 960x720] [--only SAN EDSR/large]

It writes benchmarks/published_gpu.csv, one row per network and size.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from published import KEY, OFFICIAL

from srfp_lib.common import devices
from srfp_lib.published import catalogue, network

GPU = "cuda:0"


def measure(model_id: str, variant: str, sizes: list[str]) -> list[dict[str, object]]:
    """One row per size."""
    found, rng, rows = network(model_id, variant, device=GPU), np.random.default_rng(0), []
    found.load_state_dict(found.state_dict())
    found.upscale(rng.integers(0, 256, (24, 24, 3), np.uint8))  # libraries load their kernels
    for size in sizes:
        width, height = (int(n) for n in size.split("x"))
        lr = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        for _ in range(2):
            torch.cuda.reset_peak_memory_stats()
            held, start = torch.cuda.memory_allocated(), time.perf_counter()
            sr = found.upscale(lr)  # ends on the CPU, so that nothing is left running
            seconds, peak = time.perf_counter() - start, torch.cuda.max_memory_allocated()
        rows.append({"lr": size, "sr": f"{sr.shape[1]}x{sr.shape[0]}", "seconds": seconds, "gpu_mb": (peak - held) / 1e6})
    return rows


def main() -> None:
    """Measure every network at every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["120x80", "480x320", "960x720"], help="width x height of the LR image")
    parser.add_argument("--only", nargs="+", metavar="FAMILY[/VARIANT]", default=list(dict.fromkeys(f for f, _, _ in OFFICIAL)))
    parser.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    options = parser.parse_args()
    for family, variant, scale in (k for k in OFFICIAL if {k[0], f"{k[0]}/{k[1]}"} & set(options.only)):
        name = catalogue().query("family == @family and variant == @variant and scale == @scale").iloc[0]["model_id"]
        about = {"family": family, "variant": variant, "scale": scale}
        with devices.exact(GPU):
            rows = measure(name, variant, options.sizes)
        rows = [about | row | {"device": torch.cuda.get_device_name(), "torch": torch.__version__} for row in rows]
        old = [pd.read_csv(options.csv, keep_default_na=False)] if options.csv.exists() else []
        table = pd.concat([*old, pd.DataFrame(rows)]).drop_duplicates(KEY, keep="last")
        table.to_csv(options.csv, index=False, float_format="%.3f")
        print(table.tail(len(rows)).drop(columns=["device", "torch"]).round(2).to_string(header=False, index=False), flush=True)


if __name__ == "__main__":
    main()

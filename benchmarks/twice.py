"""Does our own version of a network that BasicSR has too earn its lines? EDSR, RCAN, SwinIR and RRDBNet, ours beside BasicSR's.

Both versions take turns, each run in a fresh process: one thread, random weights, channels last, inference mode, random image.
Counted are CPU seconds of one image (the least of the rounds) and the peak memory above the loaded network (median).

    python benchmarks/twice.py [--sizes 120x80 480x320] [--only EDSR/large/4] [--rounds 3]

It writes benchmarks/twice.csv, one row a network and size; rows that are not measured again stay.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

SWINIR = {"window_size": 8, "mlp_ratio": 2}
PLAIN = {"upsampler": "pixelshuffle", "resi_connection": "1conv"}
CASES = {
    "EDSR/baseline/2": {"num_feat": 64, "num_block": 16, "upscale": 2},
    "EDSR/baseline/4": {"num_feat": 64, "num_block": 16, "upscale": 4},
    "EDSR/large/2": {"num_feat": 256, "num_block": 32, "res_scale": 0.1, "upscale": 2},
    "EDSR/large/4": {"num_feat": 256, "num_block": 32, "res_scale": 0.1, "upscale": 4},
    "RCAN//2": {"num_block": 20, "upscale": 2},
    "RCAN//4": {"num_block": 20, "upscale": 4},
    "SwinIR/DIV2K/2": {"img_size": 48, "embed_dim": 180, "depths": [6] * 6, "num_heads": [6] * 6, "upscale": 2} | PLAIN,
    "SwinIR/DIV2K/4": {"img_size": 48, "embed_dim": 180, "depths": [6] * 6, "num_heads": [6] * 6, "upscale": 4} | PLAIN,
    "SwinIR/M/4": {
        "img_size": 64, "embed_dim": 180, "depths": [6] * 6, "num_heads": [6] * 6, "upscale": 4, "upsampler": "nearest+conv",
    },
    "SwinIR/L/4": {
        "img_size": 64, "embed_dim": 240, "depths": [6] * 9, "num_heads": [8] * 9, "upscale": 4, "upsampler": "nearest+conv",
        "resi_connection": "3conv",
    },
    "RRDBNet//2": {"scale": 2},
    "RRDBNet//4": {"scale": 4},
}  # fmt: skip
"""Network, variant, scale: the settings of BasicSR's class."""
OURS = {"EDSR": "edsr", "RCAN": "rcan", "SwinIR": "swinir", "RRDBNet": "real_esrgan"}
FILE = Path(__file__).with_suffix(".csv")


def _network(case: str, whose: str):
    from srfp_lib.networks import _basicsr

    family, variant, scale = case.split("/")
    if whose == "ours":
        return __import__(f"srfp_lib.networks.{OURS[family]}", fromlist=["build"]).build(variant, int(scale))
    settings = CASES[case] | (SWINIR if family == "SwinIR" else {"num_in_ch": 3, "num_out_ch": 3})
    return getattr(_basicsr.load(f"archs.{family.lower()}_arch"), family)(**settings)


def measure(case: str, whose: str, size: str) -> dict[str, float]:
    """One image through one version, in this process: CPU seconds, peak MB above the loaded network."""
    import ctypes
    import resource
    import time
    import warnings

    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    network = _network(case, whose).eval().to(memory_format=torch.channels_last)
    width, height = (int(n) for n in size.split("x"))
    image = torch.rand(1, height, width, 3).permute(0, 3, 1, 2)
    with torch.inference_mode():
        network(image[..., :16, :16])
        ctypes.CDLL(None).malloc_trim(0)  # what building the network left behind
        before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
        start = time.process_time()
        network(image)
        seconds = time.process_time() - start
    return {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 - before}


def _fresh(*arguments: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", *arguments]
    root = str(Path(__file__).parents[1])
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": root})
    return json.loads(run.stdout)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["120x80", "480x320"], help="width x height of the LR image")
    parser.add_argument("--only", nargs="+", default=list(CASES), help=f"of {' '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one)))
        return
    rows = {(row["network"], row["lr"]): row for row in csv.DictReader(FILE.open())} if FILE.exists() else {}
    for size in given.sizes:
        for case in given.only:
            runs = [{whose: _fresh(case, whose, size) for whose in ("ours", "basicsr")} for _ in range(given.rounds)]
            seconds = {whose: min(run[whose]["seconds"] for run in runs) for whose in runs[0]}
            mb = {whose: median(run[whose]["mb"] for run in runs) for whose in runs[0]}
            rows[case, size] = {
                "network": case, "lr": size, "rounds": given.rounds,
                **{f"{whose}_cpu_seconds": f"{seconds[whose]:.2f}" for whose in seconds},
                **{f"{whose}_mb": f"{mb[whose]:.0f}" for whose in mb},
                "times_faster": f"{seconds['basicsr'] / seconds['ours']:.2f}",
                "times_less_memory": f"{mb['basicsr'] / mb['ours']:.2f}",
            }  # fmt: skip
            print(*rows[case, size].values(), flush=True)
            with FILE.open("w", newline="") as file:
                writer = csv.DictWriter(file, rows[case, size])
                writer.writeheader()
                writer.writerows(rows.values())


if __name__ == "__main__":
    main()

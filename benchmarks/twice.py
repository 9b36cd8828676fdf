"""Does our own version of a network that BasicSR has too earn its lines? EDSR, RCAN, SwinIR and RRDBNet, ours beside BasicSR's.

Both versions take turns, each run in a fresh process: one thread, random weights, channels last, inference mode, random image.
Counted are CPU seconds of one image (the least of the rounds) and the peak memory above the loaded network (median).

    python benchmarks/twice.py [--sizes 120x80 480x320] [--only EDSR/large/4] [--rounds 3]

It writes benchmarks/twice.csv, one row a network and size; rows that are not measured again stay. The rows there are from a
busy machine with two cores. Memory below about 100 MB says little: the allocator keeps more than that from building a network.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from srfp_lib.networks import _basicsr, swinir

BASICSR = {
    "EDSR/baseline": {"num_feat": 64, "num_block": 16}, "EDSR/large": {"num_feat": 256, "num_block": 32, "res_scale": 0.1},
    "RCAN/": {"num_block": 20}, "RRDBNet/": {},
}  # fmt: skip
"""Network and variant: the arguments of BasicSR's class beside channels and scale."""
CASES = [
    "EDSR/baseline/2", "EDSR/baseline/4", "EDSR/large/2", "EDSR/large/4", "RCAN//2", "RCAN//4", "RRDBNet//2", "RRDBNet//4",
    "SwinIR/DIV2K/2", "SwinIR/DIV2K/4", "SwinIR/M/4", "SwinIR/L/4",
]  # fmt: skip
OURS = {"EDSR": "edsr", "RCAN": "rcan", "SwinIR": "swinir", "RRDBNet": "real_esrgan"}
FILE = Path(__file__).with_suffix(".csv")


def _network(case: str, whose: str) -> nn.Module:
    family, variant, scale = case.split("/")
    if whose == "ours":
        return import_module(f"srfp_lib.networks.{OURS[family]}").build(variant, int(scale))
    if family == "SwinIR":
        return swinir.make(swinir.settings(int(scale), **swinir.VARIANTS[variant]), swinir.ARCH.SwinIR)
    scaled = {"scale" if family == "RRDBNet" else "upscale": int(scale)}
    kind = getattr(_basicsr.load(f"archs.{family.lower()}_arch"), family)
    return kind(3, 3, **BASICSR[f"{family}/{variant}"], **scaled)


def _memory(field: str) -> float:
    """Of this process, from Linux: VmRSS, the resident memory, or VmHWM, its peak; MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1e3


def measure(case: str, whose: str, size: str) -> dict[str, float]:
    """One image through one version, in this process."""
    torch.set_num_threads(1)
    network = _network(case, whose).eval().to(memory_format=torch.channels_last)
    width, height = (int(n) for n in size.split("x"))
    image = torch.rand(1, height, width, 3).permute(0, 3, 1, 2)
    with torch.inference_mode():
        network(image[..., :16, :16])
        ctypes.CDLL(None).malloc_trim(0)  # what building the network left behind
        before, start = _memory("VmRSS"), time.process_time()
        network(image)
        return {"cpu_seconds": time.process_time() - start, "mb": _memory("VmHWM") - before}


def _fresh(case: str, whose: str, size: str) -> dict[str, float]:
    """As `measure`, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, __file__, "--one", case, whose, size]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def row(case: str, size: str, rounds: int) -> dict[str, object]:
    """Both versions, taking turns."""
    runs = pd.DataFrame([{"whose": whose} | _fresh(case, whose, size) for _ in range(rounds) for whose in ("ours", "basicsr")])
    seconds, mb = runs.groupby("whose")["cpu_seconds"].min(), runs.groupby("whose")["mb"].median()
    return {
        "network": case, "lr": size, "rounds": rounds,
        "ours_cpu_seconds": round(seconds["ours"], 2), "basicsr_cpu_seconds": round(seconds["basicsr"], 2),
        "ours_mb": round(mb["ours"]), "basicsr_mb": round(mb["basicsr"]),
        "times_faster": round(seconds["basicsr"] / seconds["ours"], 2), "times_less_memory": round(mb["basicsr"] / mb["ours"], 2),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["120x80", "480x320"], help="width x height of the LR image")
    parser.add_argument("--only", nargs="+", default=CASES, help=f"of {' '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one)))
        return
    table = pd.read_csv(FILE) if FILE.exists() else pd.DataFrame(columns=["network", "lr"])
    for size in given.sizes:
        for case in given.only:
            fresh = row(case, size, given.rounds)
            print(*fresh.values(), flush=True)
            others = table[(table["network"] != case) | (table["lr"] != size)]
            table = pd.concat([others, pd.DataFrame([fresh])], ignore_index=True)
            table.to_csv(FILE, index=False)


if __name__ == "__main__":
    main()

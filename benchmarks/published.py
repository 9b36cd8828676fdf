"""What does a published network cost? Seconds and memory of each at 120 x 80 and 480 x 320 LR pixels.

Each network runs in its own process with one thread and fresh weights; memory is the peak above the loaded
network. Beside ours are the figures of the official networks, measured at 120 x 80 on one thread with torch 2.12 (CPU seconds,
because the machine was busy), and 16 times that at 480 x 320, where the published SAN cannot run. On an idle machine:

    python benchmarks/published.py [--sizes 120x80 480x320] [--only SAN EDSR/large] [--repeats 3]

It writes benchmarks/published.csv, one row per network and size, and keeps the rows that it does not measure. Of several repeats
it takes the one with the median CPU seconds. Variants that differ only in weights or names (RDN sanghyun, SwinIR DF2K,
ESRGAN basicsr-names) have no row.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd

OFFICIAL = {
    ("EDSR", "baseline", 2): (0.4, 38), ("EDSR", "baseline", 4): (0.7, 115),
    ("EDSR", "large", 2): (8.6, 122), ("EDSR", "large", 4): (10.8, 401),
    ("RDN", "yjn870", 2): (5.7, 110), ("RDN", "yjn870", 4): (5.9, 158),
    ("RCAN", "", 2): (4.6, 37), ("RCAN", "", 4): (5.1, 108),
    ("SAN", "", 4): (41.1, 1100),
    ("DRN", "S", 4): (3.8, 160), ("DRN", "L", 4): (6.1, 232),
    ("NLSN", "", 2): (12.8, 538), ("NLSN", "", 4): (14.8, 507),
    ("SwinIR", "DIV2K", 2): (6.3, 200), ("SwinIR", "DIV2K", 4): (6.9, 166),
    ("SwinIR", "M", 4): (6.8, 148), ("SwinIR", "L", 4): (13.1, 213),
    ("EnhanceNet", "", 4): (1.4, 150),
    ("ProSR", "", 4): (18, 400), ("ProSRGAN", "", 4): (18, 400),
    ("ESRGAN", "", 4): (16, 100),
    ("SRFBN", "", 2): (6.8, 250), ("SRFBN", "", 4): (27, 600),
    ("SPSR", "", 4): (30, 700),
    ("NCSR", "", 4): (23, 450),
    ("LIIF", "rdn", 2): (12, 200), ("LIIF", "rdn", 4): (22, 200),
    ("LIIF", "edsr-baseline", 2): (float("nan"), float("nan")), ("LIIF", "edsr-baseline", 4): (18, 500),
    ("Real-ESRGAN", "", 2): (5.8, 100), ("Real-ESRGAN", "", 4): (12.3, 200),
}  # fmt: skip
"""Official networks at 120 x 80: CPU seconds and MB above the loaded network. ProSRGAN is ProSR again; nan: not timed."""


class Peak:
    """The largest resident memory of this process while the block runs, sampled by a thread."""

    def __enter__(self) -> Peak:
        import psutil

        self._rss, self._done = lambda: psutil.Process().memory_info().rss, threading.Event()
        self.start = self.bytes = self._rss()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self.bytes = max(self.bytes, self._rss())

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()
        self.bytes = max(self.bytes, self._rss())


def measure(model_id: str, variant: str, width: int, height: int) -> dict[str, float]:
    """One run of one network in this process."""
    import numpy as np
    import torch

    from srfp_lib.published import network

    torch.set_num_threads(1)
    found = network(model_id, variant)
    found.load_state_dict(found.state_dict())
    rng = np.random.default_rng(0)
    found.upscale(rng.integers(0, 256, (24, 24, 3), np.uint8))  # libraries load their kernels
    lr = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    with Peak() as peak:
        wall, cpu = time.perf_counter(), time.process_time()
        found.upscale(lr)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"seconds": wall, "cpu_seconds": cpu, "extra_mb": (peak.bytes - peak.start) / 1e6}


def row(family: str, variant: str, scale: int, size: str, repeats: int, note: str) -> dict[str, object]:
    """One row of the table, each run measured in a fresh process."""
    from srfp_lib.published import catalogue

    table = catalogue().query("family == @family and variant == @variant and scale == @scale")
    width, height = (int(n) for n in size.split("x"))
    arguments = [sys.executable, __file__, "--measure", table.iloc[0]["model_id"], variant, str(width), str(height)]
    runs = [json.loads(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()[-1]) for _ in range(repeats)]
    ours = sorted(runs, key=lambda run: run["cpu_seconds"])[repeats // 2]
    row = {"family": family, "variant": variant, "scale": scale, "lr": size} | ours
    return row | official(family, variant, scale, width * height) | {"machine": ", ".join(filter(None, [machine(), note]))}


def official(family: str, variant: str, scale: int, pixels: int) -> dict[str, float]:
    """The official network's figures for an image of this many pixels, nan if it cannot run; all but SAN are linear in the pixels."""
    impossible = family == "SAN" and pixels > 9600
    seconds, mb = (float("nan"), float("nan")) if impossible else OFFICIAL[family, variant, scale]
    return {"official_cpu_seconds": seconds * pixels / 9600, "official_extra_mb": mb * pixels / 9600}


KEY = ["family", "variant", "scale", "lr"]


def stored(path: Path, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Add rows to the file, with their ratios to the official networks; a new row replaces the old one of its case."""
    old = pd.read_csv(path, keep_default_na=False, na_values=[""]).fillna({"variant": ""}) if path.exists() else pd.DataFrame(columns=KEY)
    table = pd.concat([old, pd.DataFrame(rows)]) if len(old) else pd.DataFrame(rows)
    table = table.drop_duplicates(KEY, keep="last", ignore_index=True)
    table["times_faster"] = table["official_cpu_seconds"] / table["cpu_seconds"]
    table["memory_share"] = table["extra_mb"] / table["official_extra_mb"]
    table.to_csv(path, index=False, float_format="%.3f")
    return table


def machine() -> str:
    """The machine in words."""
    import torch

    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {os.cpu_count()} cores, 1 thread used, torch {torch.__version__}"


def main() -> None:
    """Measure every network at every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["120x80", "480x320"], help="width x height of the LR image")
    parser.add_argument("--only", nargs="+", metavar="FAMILY[/VARIANT]", default=list(dict.fromkeys(f for f, _, _ in OFFICIAL)))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--note", default="", help="what else the machine did, for the column machine")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        model_id, variant, width, height = options.measure
        print(json.dumps(measure(model_id, variant, int(width), int(height))))
        return
    path = Path(__file__).with_suffix(".csv")
    for size in options.sizes:
        for family, variant, scale in (k for k in OFFICIAL if {k[0], f"{k[0]}/{k[1]}"} & set(options.only)):
            table = stored(path, [row(family, variant, scale, size, options.repeats, options.note)])
            print(table.tail(1).drop(columns="machine").round(2).to_string(header=False, index=False), flush=True)


if __name__ == "__main__":
    main()

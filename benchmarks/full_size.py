"""What makes training faster at full size? Steps in bfloat16, with channels last, and compiled, against float32 and against BasicSR.

The networks are the paper's (L1, 4X), trained one at a time, in these ways, which a profile can choose (section `training`):

    float32           as BasicSR computes, but on a GPU without TF32 in convolutions
    channels_last     float32 with images and weights in the layout n h w c
    bfloat16          `precision = "bfloat16"`: convolutions and matrix products in bfloat16, weights in float32
    both              bfloat16 and channels last
    compiled          float32 with torch.compile (only for networks named by --compiled: it takes minutes)
    basicsr           BasicSR's step, on a GPU without TF32
    basicsr_tf32      GPU only: BasicSR's step as in its trainer: cuDNN searches for the fastest kernels, and torch's default, TF32,
                      rounds the factors of convolutions to 10 bits (the rows kept are older and without the search)

On the CPU a batch is one patch of 48 pixels, on a GPU the paper's: 16 patches of 128. The ways take turns, and figures are
medians. On the CPU they are of CPU seconds, which other work on the machine affects little. `loss_after` is the loss after
20 steps on one batch, relative to float32's: the cost of a precision.

    python benchmarks/full_size.py [--device cuda] [--compiled EDSR] [--rounds 3]      (on an idle machine, one thread)

It writes benchmarks/full_size.csv, one row per network and way.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import pandas as pd
import torch
from training import Case, Step, as_in_basicsr, basicsr_step, case, our_step

from srfp_lib import fleet, profiles
from srfp_lib.common import devices
from srfp_lib.networks import _basicsr

OURS = {
    "float32": {}, "channels_last": {"channels_last": fleet.ARCHITECTURES}, "bfloat16": {"precision": "bfloat16"},
    "both": {"precision": "bfloat16", "channels_last": fleet.ARCHITECTURES}, "compiled": {"compiled": True},
}  # fmt: skip
KEY = ["device", "architecture", "way"]


class Way:
    """A way to train one network, with its state so far."""

    def __init__(self, chosen: Case, kind: str) -> None:
        self.kind, self.device, self.rates, self.index = kind, chosen.device, [], 0
        settings = replace(chosen.settings, **OURS.get(kind, {}))
        self._step: Step = basicsr_step(chosen) if kind.startswith("basicsr") else our_step(replace(chosen, settings=settings), 1)

    def steps(self, count: int) -> tuple[float, float]:
        """Seconds per step, and the last loss (nan for BasicSR)."""
        loss, start = float("nan"), self._now()
        with as_in_basicsr() if self.kind == "basicsr_tf32" else devices.exact(self.device):
            for _ in range(count):
                loss, self.index = self._step(self.index), self.index + 1
        took = (self._now() - start) / count
        return took, float("nan") if self.kind.startswith("basicsr") else float(loss.mean())

    def _now(self) -> float:
        if self.device == "cpu":
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()


def measure(chosen: Case, kinds: list[str], rounds: int, steps: int) -> list[dict[str, object]]:
    """One row per way."""
    rows = {}
    ways = {kind: Way(chosen, kind) for kind in kinds}
    after = {kind: way.steps(20)[1] for kind, way in ways.items()}  # libraries choose their kernels, graphs are recorded
    for _ in range(rounds):
        for way in ways.values():
            way.rates.append(1 / way.steps(steps)[0])
    rates = {kind: median(way.rates) for kind, way in ways.items()}
    for kind, rate in rates.items():
        ratios = {f"times_{other}": rate / rates[other] for other in ("float32", "basicsr", "basicsr_tf32") if other in rates}
        rows[kind] = {"way": kind, "steps_per_second": rate, **ratios, "loss_after": after[kind] / after["float32"]}
    return list(rows.values())


def kinds_of(architecture: str, options: argparse.Namespace) -> list[str]:
    """The ways of a network."""
    ours = [kind for kind in OURS if kind != "compiled" or architecture in options.compiled]
    return [*ours, "basicsr", *(["basicsr_tf32"] if options.device != "cpu" else [])]


def stored(path: Path, rows: list[dict[str, object]]) -> None:
    """Add rows to the file; a new row replaces the old one of its case."""
    old = [pd.read_csv(path)] if path.exists() else []
    pd.concat([*old, pd.DataFrame(rows)]).drop_duplicates(KEY, keep="last").to_csv(path, index=False, float_format="%.5g")


def main() -> None:
    """Measure the five architectures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--only", nargs="+", default=fleet.ARCHITECTURES, choices=fleet.ARCHITECTURES)
    parser.add_argument("--compiled", nargs="*", default=[], choices=fleet.ARCHITECTURES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="steps per way and round")
    parser.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    _basicsr.load("models.sr_model")
    device = "cpu" if options.device == "cpu" else "cuda:0"
    title = devices.title(device) or f"CPU ({platform.machine()}, {os.cpu_count()} cores, 1 thread)"
    for architecture in options.only:
        chosen = case(architecture, 4, "L1", replace(profiles.get("paper").training), device)
        if device == "cpu":
            chosen = replace(chosen, settings=replace(chosen.settings, batch=1, patch=48))
        rows = measure(chosen, kinds_of(architecture, options), options.rounds, options.steps)
        about = {"device": title, "architecture": architecture, "batch": chosen.settings.batch, "patch": chosen.settings.patch}
        stored(options.csv, [about | row | {"torch": torch.__version__} for row in rows])
        print(pd.DataFrame(rows).assign(architecture=architecture).round(2).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()

"""How fast is training on a GPU? The study's way against BasicSR's own models, per architecture, loss and scale.

As `training.py`, on the first GPU and in one process; the ways take turns:

    ours         as the study trains: the six networks of a loss as a stack, its step recorded as one CUDA graph
    ours_apart   our trainer with one of these networks
    basicsr      BasicSR with one network, as its trainer runs: cuDNN searches for the fastest kernels, and torch's default, TF32,
                 rounds the factors of convolutions to 10 bits

At full size ours is one network. Batch, patch, discriminator and perceptual network are the profile's, the last with
random weights. Ours computes convolutions in float32 without TF32; `full_size.py` compares other precisions.

The rows kept in training_gpu.csv are older than this: there BasicSR had neither the search nor TF32, which flatters us at full size.
They need a GPU to be made anew.

    python benchmarks/training_gpu.py --profile lab     (demo, paper) [--only EDSR RDN] [--scales 4] [--rounds 3] [--seconds 0.3]

It writes benchmarks/training_gpu.csv: network steps per second (medians over rounds), their ratios, and peak memory in MB.
In the rows kept there, rates and memory are rounded to two decimals.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import torch
from training import Case, Step, as_in_basicsr, basicsr_step, case, our_step, stored

from srfp_lib import fleet, profiles
from srfp_lib.common import devices
from srfp_lib.networks import _basicsr

GPU = "cuda:0"
WARM_UP = 6  # steps; ours is recorded in the fourth


class Way:
    """A training step on the GPU, with its rate in each round and its peak memory."""

    def __init__(self, case: Case, kind: str) -> None:
        torch.cuda.reset_peak_memory_stats()
        before, self.networks = torch.cuda.memory_allocated(), len(case.networks) if kind == "ours" else 1
        self.theirs = kind == "basicsr"
        self.step: Step = basicsr_step(case) if self.theirs else our_step(case, self.networks)
        self.seconds(WARM_UP)
        self.mb = (torch.cuda.max_memory_allocated() - before) / 1e6
        self.rates: list[float] = []

    def seconds(self, steps: int) -> float:
        """Seconds of this many steps, by the GPU's clock."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        with as_in_basicsr() if self.theirs else devices.exact(GPU):
            start.record()
            for index in range(steps):
                self.step(index)
            end.record()
            end.synchronize()
        return start.elapsed_time(end) / 1000

    def run(self, seconds: float) -> None:
        """Train for about this many seconds."""
        steps = max(int(seconds / self.seconds(2) * 2), 3)
        self.rates.append(self.networks * steps / self.seconds(steps))


def measure(case: Case, rounds: int, seconds: float) -> dict[str, float]:
    """Rates, ratios and memory of the ways."""
    kinds = ("ours", "ours_apart", "basicsr") if len(case.networks) > 1 else ("ours", "basicsr")
    ways = {kind: Way(case, kind) for kind in kinds}
    for _ in range(rounds):
        for way in ways.values():
            way.run(seconds)
    rates = {kind: median(way.rates) for kind, way in ways.items()}
    found = {f"{kind}_per_second": rate for kind, rate in rates.items()}
    found |= {f"times_{kind}": rates["ours"] / rate for kind, rate in rates.items() if kind != "ours"}
    return found | {f"{kind}_mb": way.mb for kind, way in ways.items()}


def row(profile: str, architecture: str, scale: int, loss: str, rounds: int, seconds: float) -> dict[str, object]:
    """One row of the table."""
    chosen = case(architecture, scale, loss, profiles.get(profile).training, GPU)
    about = {
        "profile": profile, "device": torch.cuda.get_device_name(), "architecture": architecture, "scale": scale, "loss": loss,
        "batch": chosen.settings.batch, "patch": chosen.settings.patch, "networks": len(chosen.networks),
    }  # fmt: skip
    return about | measure(chosen, rounds, seconds) | {"torch": torch.__version__}


def main() -> None:
    """Measure every architecture, scale and loss of a profile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="lab", choices=["demo", "lab", "paper"])
    parser.add_argument("--only", nargs="+", default=fleet.ARCHITECTURES, choices=fleet.ARCHITECTURES)
    parser.add_argument("--losses", nargs="+", default=fleet.LOSSES, choices=fleet.LOSSES)
    parser.add_argument("--scales", nargs="+", type=int, default=fleet.SCALES, choices=fleet.SCALES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--csv", type=Path, default=Path(__file__).with_suffix(".csv"))
    options = parser.parse_args()
    _basicsr.load("models.srgan_model")
    cases = [(a, s, loss) for s in options.scales for a in options.only for loss in options.losses]
    for chosen in cases:
        table = stored(options.csv, [row(options.profile, *chosen, options.rounds, options.seconds)])
        print(table.tail(1).drop(columns=["device", "torch"]).round(2).to_string(header=chosen == cases[0], index=False), flush=True)


if __name__ == "__main__":
    main()

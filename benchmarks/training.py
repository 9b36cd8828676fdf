"""How fast is training? Steps per second and network: stacked, one by one, and BasicSR's own models.

All three train the same networks on batches of the same shape, in one process with one thread, in turn within each case
(A B C, A B C, ...), so that a machine whose speed drifts treats them alike. Run it on an idle machine:

    python benchmarks/training.py [--profile demo] [--rounds 3]

It writes benchmarks/training.csv: milliseconds for one step of one network (medians over rounds), and the ratios.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from srfp_lib import fleet, profiles
from srfp_lib.profiles import Training
from srfp_lib.training import basicsr
from srfp_lib.training.trainer import Trainer

STEPS = 6
Runner = Callable[[], None]


def stacked(networks: tuple[fleet.Network, ...], settings: Training, lr: torch.Tensor, hr: torch.Tensor) -> Runner:
    """All networks in one step."""
    trainer = Trainer(networks, settings, master_seed=1)
    return lambda: [trainer.step(lr, hr, i) for i in range(STEPS)] and None


def one_by_one(networks: tuple[fleet.Network, ...], settings: Training, lr: torch.Tensor, hr: torch.Tensor) -> Runner:
    """The same code, a trainer a network."""
    trainers = [Trainer((n,), settings, master_seed=1) for n in networks]
    return lambda: [t.step(lr[i : i + 1], hr[i : i + 1], s) for s in range(STEPS) for i, t in enumerate(trainers)] and None


def with_basicsr(networks: tuple[fleet.Network, ...], settings: Training, lr: torch.Tensor, hr: torch.Tensor) -> Runner:
    """BasicSR's SRModel or SRGANModel, a model a network."""
    models = [basicsr.model(n, settings, master_seed=1) for n in networks]
    return lambda: [basicsr.step(m, lr[i], hr[i], s) for s in range(STEPS) for i, m in enumerate(models)] and None


def case(architecture: str, scale: int, adversarial: bool, settings: Training, rounds: int) -> dict[str, object]:
    """One row: the phase of a stack as the study trains it."""
    networks = tuple(n for n in fleet.stack(architecture, scale) if n.adversarial == adversarial)
    generator = torch.Generator().manual_seed(0)
    hr = torch.rand(len(networks), settings.batch, 3, settings.patch, settings.patch, generator=generator)
    lr = hr[..., ::scale, ::scale].contiguous()
    runners = {f.__name__: f(networks, settings, lr, hr) for f in (stacked, one_by_one, with_basicsr)}
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, run in runners.items():
            start = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                seconds[name].append((time.perf_counter() - start) / STEPS / len(networks))
    ms = {f"{name}_ms": 1000 * median(values) for name, values in seconds.items()}
    row = {"architecture": architecture, "scale": scale, "loss": "adversarial" if adversarial else "L1", "networks": len(networks), **ms}
    return row | {
        "times_one_by_one": ms["one_by_one_ms"] / ms["stacked_ms"],
        "times_basicsr": ms["with_basicsr_ms"] / ms["stacked_ms"],
        "one_by_one_times_basicsr": ms["with_basicsr_ms"] / ms["one_by_one_ms"],
    }


def main() -> None:
    """Measure every architecture, scale and phase."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = profiles.get(options.profile).training
    rows = []
    for scale in fleet.SCALES:
        for architecture in fleet.ARCHITECTURES:
            for adversarial in (False, True):
                rows.append(case(architecture, scale, adversarial, settings, options.rounds))
                print(pd.DataFrame(rows[-1:]).round(2).to_string(header=len(rows) == 1, index=False), flush=True)
    table = pd.DataFrame(rows)
    table["machine"] = f"{platform.machine()}, 1 thread, torch {torch.__version__}"
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.3f")
    print(table.groupby(["scale", "loss"])[["times_one_by_one", "times_basicsr"]].median().round(2).to_string())


if __name__ == "__main__":
    main()

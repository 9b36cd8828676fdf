"""How fast is training, on a whole machine? The study's way against BasicSR's own models, per architecture, loss and scale.

Four ways to use two cores (or --cores), all on the same networks and on batches of the same shape:

    ours           as the study trains: a process per core, one thread each, with a stack (at full size: one network)
    ours_apart     our trainer without stacks: a process per core, one thread each, with one network
    basicsr        as BasicSR trains: one process with a thread per core, one network after another
    basicsr_apart  the best use of BasicSR: a process per core, one thread each, with one network

The processes of a way run at the same time for the same seconds; the ways take turns (A B C D, A B C D, ...), so that drift
of the machine's speed affects them alike. A stack has the six networks of one loss; the study stacks both adversarial
losses. Batches are in memory: reading images is not compared. Run it on an idle machine:

    python benchmarks/training.py --profile demo     (lab, paper) [--only EDSR RDN] [--rounds 3] [--seconds 0.6]

It writes benchmarks/training.csv: network steps per second (medians over rounds), their ratios, and peak memory in MB above
the imports, summed over a way's processes. Rows that are not measured again stay. At full size batch and patch are reduced,
and a reduced patch needs the small discriminator. Full-size perceptual networks have random weights, at the cost of
ImageNet's. `training_gpu.py` does the same on a GPU.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from srfp_lib import fleet, profiles
from srfp_lib.networks import _basicsr
from srfp_lib.profiles import Training
from srfp_lib.training import basicsr_trainer
from srfp_lib.training.perceptual import UNTRAINED
from srfp_lib.training.trainer import Trainer

KEY = ["profile", "device", "architecture", "scale", "loss"]
WAYS = ("ours", "ours_apart", "basicsr", "basicsr_apart")
Step = Callable[[int], object]


@dataclass(frozen=True)
class Case:
    """What is trained: networks of one architecture, scale and loss, as one stack if the profile stacks."""

    networks: tuple[fleet.Network, ...]
    settings: Training
    device: str


def case(architecture: str, scale: int, loss: str, settings: Training, device: str = "cpu") -> Case:
    """A case with the profile's batch and patch, reduced where a step on the CPU would take minutes."""
    networks = tuple(n for n in fleet.stack(architecture, scale) if n.loss == loss)
    settings = replace(settings, perceptual=UNTRAINED.get(settings.perceptual, settings.perceptual))
    if settings.size == "full" and device == "cpu":
        whole = architecture == "EDSR"  # the others have 8 to 30 times its weights
        settings = replace(settings, batch=1, patch=128 if whole else 48, discriminator="vgg" if whole else "small")
    return Case(networks if settings.stacked else networks[:1], settings, device)


def batch(case: Case, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """LR and HR crops for some networks."""
    generator, settings = torch.Generator().manual_seed(0), case.settings
    hr = torch.rand(count, settings.batch, 3, settings.patch, settings.patch, generator=generator)
    scale = case.networks[0].scale
    return hr[..., ::scale, ::scale].contiguous(), hr


def our_step(case: Case, count: int) -> Step:
    """A step of our trainer with the first ``count`` networks as a stack."""
    trainer, (lr, hr) = Trainer(case.networks[:count], case.settings, master_seed=1, device=case.device), batch(case, count)
    return lambda index: trainer.step(lr, hr, index)


def basicsr_step(case: Case) -> Step:
    """A step of BasicSR's SRModel or SRGANModel with one network."""
    model, (lr, hr) = basicsr_trainer.model(case.networks[0], case.settings, master_seed=1, device=case.device), batch(case, 1)
    return lambda index: basicsr_trainer.step(model, lr[0], hr[0], index)


def as_in_basicsr() -> AbstractContextManager[None]:
    """Within the block cuDNN works as in BasicSR's trainer: it searches for kernels, and torch's default, TF32, holds."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True)


def work(pipe: Connection, case: Case, way: str, threads: int) -> None:
    """One process of a way: prepares, then trains for each number of seconds received; 0 ends it."""
    torch.set_num_threads(threads)
    networks = len(case.networks) if way == "ours" else 1
    start = peak_mb()
    step = our_step(case, networks) if way.startswith("ours") else basicsr_step(case)
    for index in range(1 if case.settings.size == "full" else 4):
        step(index)
    pipe.send("ready")
    while seconds := pipe.recv():
        pipe.send(networks * rate(step, seconds))
    pipe.send(peak_mb() - start)


def rate(step: Step, seconds: float) -> float:
    """Steps per second."""
    begin, index = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        step(index)
        index += 1
    return index / (time.perf_counter() - begin)


def peak_mb() -> float:
    """The peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


class Crew:
    """The processes of one way, forked from this one, which has imported everything and computed nothing."""

    def __init__(self, case: Case, way: str, cores: int) -> None:
        count, threads = (1, cores) if way == "basicsr" else (cores, 1)
        self.rates: list[float] = []
        self._pipes, self._processes = [], []
        for _ in range(count):
            here, there = get_context("fork").Pipe()
            self._processes.append(get_context("fork").Process(target=work, args=(there, case, way, threads), daemon=True))
            self._processes[-1].start()
            there.close()
            self._pipes.append(here)
        for pipe in self._pipes:
            pipe.recv()  # all are ready

    def run(self, seconds: float) -> None:
        """Train for some seconds and record the network steps per second of all processes together."""
        self.rates.append(sum(self._told(seconds)))

    def _told(self, seconds: float) -> list[float]:
        for pipe in self._pipes:
            pipe.send(seconds)
        return [pipe.recv() for pipe in self._pipes]

    @contextmanager
    def working(self) -> Iterator[Crew]:
        """End the processes afterwards and record their peak memory."""
        yield self
        self.mb = sum(self._told(0))
        for process in self._processes:
            process.join()


def measure(case: Case, *, cores: int, rounds: int, seconds: float) -> dict[str, object]:
    """Rates and memory of the ways; at full size one way at a time, because all of them together do not fit in memory."""
    ways = [way for way in WAYS if way != "ours_apart" or len(case.networks) > 1]
    crews: dict[str, Crew] = {}
    for group in [ways] if case.settings.size == "narrow" else [[way] for way in ways]:
        with ExitStack() as stack:
            crews |= {way: stack.enter_context(Crew(case, way, cores).working()) for way in group}
            for _ in range(rounds):
                for way in group:
                    crews[way].run(seconds)
    steps = {way: median(crew.rates) for way, crew in crews.items()}
    found: dict[str, object] = {"device": "CPU", **{f"{way}_per_second": value for way, value in steps.items()}}
    found |= {f"times_{way}": steps["ours"] / value for way, value in steps.items() if way != "ours"}
    found |= {f"{way}_mb": crew.mb for way, crew in crews.items()}
    return found | {"memory_of_basicsr_apart": crews["ours"].mb / crews["basicsr_apart"].mb}


def row(profile: str, architecture: str, scale: int, loss: str, options: argparse.Namespace) -> dict[str, object]:
    """One row of the table."""
    chosen = case(architecture, scale, loss, profiles.get(profile).training)
    settings = chosen.settings
    full = "full size, random weights" if settings.perceptual in UNTRAINED.values() else "small"
    about = {
        "profile": profile, "architecture": architecture, "scale": scale, "loss": loss, "batch": settings.batch, "patch": settings.patch,
        "networks_a_process": len(chosen.networks), "cores": options.cores,
        "perceptual": "" if loss == "L1" else full, "discriminator": "" if loss == "L1" else settings.discriminator,
    }  # fmt: skip
    measured = measure(chosen, cores=options.cores, rounds=options.rounds, seconds=options.seconds)
    return about | measured | {"machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"}


def stored(path: Path, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Add rows to the file; a new row replaces the old one of its case."""
    old = [pd.read_csv(path, keep_default_na=False, na_values=["nan"])] if path.exists() else []
    known = [table for table in old if set(KEY) <= set(table)]  # an earlier form of this benchmark had other columns
    table = pd.concat([*known, pd.DataFrame(rows)]).drop_duplicates(KEY, keep="last", ignore_index=True)
    table.to_csv(path, index=False, float_format="%.3f", na_rep="nan")
    return table


def main() -> None:
    """Measure every architecture, scale and loss of a profile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="demo", choices=["demo", "lab", "paper"])
    parser.add_argument("--only", nargs="+", default=fleet.ARCHITECTURES, choices=fleet.ARCHITECTURES)
    parser.add_argument("--losses", nargs="+", default=fleet.LOSSES, choices=fleet.LOSSES)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.6)
    options = parser.parse_args()
    for module in ("models.srgan_model", "models.sr_model"):
        _basicsr.load(module)
    rows = []
    for scale in fleet.SCALES:
        for architecture in options.only:
            for loss in options.losses:
                rows.append(row(options.profile, architecture, scale, loss, options))
                stored(Path(__file__).with_suffix(".csv"), rows[-1:])
                print(pd.DataFrame(rows[-1:]).drop(columns=["machine"]).round(2).to_string(header=len(rows) == 1, index=False), flush=True)
    ratios = [column for column in rows[0] if column.startswith("times_")] + ["memory_of_basicsr_apart"]
    print(pd.DataFrame(rows).groupby(["scale", "loss"])[ratios].median().round(2).to_string())


if __name__ == "__main__":
    main()

"""How long is a training step of the small classifiers, with each way of the lattice's mean and of its head's shifts?

`before` is the mean as one sum over two axes, its gradient as one repetition, and the shifts as an index; `now` is the package's own.
A step is forward and backward of a batch as `demo` has it: 128 crops of 32 pixels, 180 classes, bfloat16, one thread, in a process that keeps
freed memory as the workers do. The ways take turns; figures are medians of the rounds. On an idle machine:

    python benchmarks/lattice.py [--rounds 7]

It writes benchmarks/lattice.csv, a row for each body and way.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from srfp_lib.classifiers import bodies
from srfp_lib.classifiers.bodies import PERIOD, Classifier, Lattice, LatticeHead
from srfp_lib.workflow.engines import local

CLASSES, BATCH, SIDE, STEPS = 180, 128, 32, 10
NAMES = ("small_narrow", "small_separable", "small_inverted")


class Before(torch.autograd.Function):
    """The mean by one sum over two axes."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        n, channels, height, width = maps.shape
        ctx.dtype, ctx.repeats = maps.dtype, (height // PERIOD, width // PERIOD)
        rows, columns = ctx.repeats
        return maps.reshape(n, channels, rows, PERIOD, columns, PERIOD).sum((2, 4), dtype=torch.float32) / (rows * columns)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        rows, columns = ctx.repeats
        gradient = (gradients[0] / (rows * columns)).to(ctx.dtype).permute(0, 2, 3, 1)
        return gradient.repeat(1, rows, columns, 1).permute(0, 3, 1, 2)


def by_index(head: LatticeHead, found: Tensor) -> Tensor:
    """The head's logits with shifts by an index."""
    places = torch.arange(PERIOD**2).reshape(PERIOD, PERIOD)
    shifts = torch.stack([places.roll((row, column), (0, 1)).flatten() for row in range(PERIOD) for column in range(PERIOD)])
    shifted = found.unflatten(1, (-1, PERIOD**2))[:, :, shifts].transpose(1, 2).flatten(2)
    return head.linear(shifted).float().logsumexp(1)


def milliseconds(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """CPU milliseconds of a step."""
    begun = time.process_time()
    for _ in range(STEPS):
        with torch.autocast("cpu", torch.bfloat16):
            _, logits = model(images)
        F.cross_entropy(logits["a"].float(), labels).backward()
    return 1000 * (time.process_time() - begun) / STEPS


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    local.prepare()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images, labels = torch.rand(BATCH, SIDE, SIDE, 3).permute(0, 3, 1, 2), torch.randint(0, CLASSES, (BATCH,))
    ways = {"before": (Before, by_index), "now": (Lattice, LatticeHead.forward)}
    models = {name: Classifier(name, {"a": CLASSES}).to(memory_format=torch.channels_last) for name in NAMES}
    found: dict[tuple[str, str], list[float]] = {(name, way): [] for name in NAMES for way in ways}
    for number in range(rounds + 1):
        for (name, way), seconds in found.items():
            bodies.Lattice, LatticeHead.forward = ways[way]  # pyrefly: ignore[bad-assignment]
            measured = milliseconds(models[name], images, labels)
            seconds += [measured] if number else []  # the first round warms up
    machine = f"{platform.processor() or platform.machine()}, one thread, torch {torch.__version__}"
    rows = [
        {
            "body": name,
            "way": way,
            "milliseconds": median(seconds),
            "times_before": median(found[name, "before"]) / median(seconds),
            "machine": machine,
        }
        for (name, way), seconds in found.items()
    ]
    pd.DataFrame(rows).to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.3f")


if __name__ == "__main__":
    main()

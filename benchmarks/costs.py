"""Seconds and memory of every kind of work of a study, for `python -m srfp_lib plan`: writes `data/costs.csv`.

CPU rows are measured here, in CPU seconds of one thread, the least of a few repeats: narrow networks and classifiers by whole steps,
networks of full size by a small crop (column `part`). A row is a law: seconds = fixed + seconds x units. GPU rows come from the
benchmarks made on one (`*_gpu.csv`, `full_size.csv`). Weights are random, which costs the same time.

    python benchmarks/costs.py [BEGINNING ...]      measures the rows whose "kind variant" begins so, or all
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image
from threadpoolctl import threadpool_limits

from srfp_lib import fleet, networks
from srfp_lib.classifiers import prnu
from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.common.checkout import DATA
from srfp_lib.common.devices import autocast
from srfp_lib.fetching.timm_weights import PACKAGES
from srfp_lib.images import metrics, superresolve
from srfp_lib.images.store import Images, read_png
from srfp_lib.photos import embedded, reading
from srfp_lib.planning import costs
from srfp_lib.profiles import DEMO, PAPER, PAPER_BACKBONES, SMALL_BACKBONES, Training
from srfp_lib.training import batches
from srfp_lib.training.perceptual import UNTRAINED
from srfp_lib.training.trainer import Trainer

HERE = Path(__file__).parent
LAUNCHING = 5e-4  # seconds that a GPU takes for the smallest step
Measured = dict[str, Any]


def seconds_of(action: Callable[[], object]) -> float:
    """The least CPU seconds of two to four repeats: the first one also sets things up."""
    found = []
    while len(found) < 2 or (len(found) < 4 and sum(found) < 3):
        start = time.process_time()
        action()
        found.append(time.process_time() - start)
    return min(found)


def held_by(step: Callable[[], object]) -> float:
    """Megabytes that a step keeps for its gradients, weights excepted."""
    seen: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        if not isinstance(tensor, torch.nn.Parameter):
            seen[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(seen.values()) / 1e6


def line(small: tuple[float, float], large: tuple[float, float]) -> Measured:
    """The law through two measurements (units, seconds); neither part is negative."""
    slope = max((large[1] - small[1]) / (large[0] - small[0]), 0.0)
    return {"fixed": max(small[1] - slope * small[0], 0.0), "seconds": min(slope, large[1] / large[0])}


def trainer(architecture: str, scale: int, loss: str, settings: Training, n: int = 1) -> Trainer:
    network = fleet.parse(f"{architecture}-div2k-x{scale}-{loss}-s1")
    return Trainer((network,) * n, replace(settings, perceptual=UNTRAINED.get(settings.perceptual, settings.perceptual)), master_seed=1)


def step_of(player: Trainer, scale: int, n: int, batch: int, side: int) -> tuple[float, float, Callable[[], object]]:
    """Megapixels of HR crops and seconds of a step, the cutting of its crops included; and the step."""
    tiles = batches.Tiles.of(np.random.default_rng(1).integers(0, 256, (4, max(side, 96), max(side, 96), 3), dtype=np.uint8), scale)
    draws = batches.draw(tiles, steps=1, batch=batch, patch=side, name=("costs",), master_seed=1)
    step = lambda: player.step(*batches.batch_of([tiles] * n, [draws] * n, 0, patch=side), 0)  # noqa: E731
    return n * batch * side**2 / 1e6, seconds_of(step), step


def train(size: str, architecture: str, scale: int) -> Measured:
    """L1 steps: of a narrow network alone and of six together, or of one small crop and the update of all weights."""
    settings = replace(DEMO.training if size != "full" else PAPER.training, size=size)
    one = trainer(architecture, scale, "L1", settings)
    if size != "full":
        small, large = step_of(one, scale, 1, 3, 48), step_of(trainer(architecture, scale, "L1", settings, 6), scale, 6, 3, 48)
        return line(small[:2], large[:2])
    units, seconds, step = step_of(one, scale, 1, 1, 16 * scale)
    updating = seconds_of(one.optimisers[0].step)
    return {"fixed": updating, "seconds": max(seconds - updating, 0) / units, "megabytes": held_by(step) / units, "part": 1}


def adversary(perceptual: str, discriminator: str, loss: str) -> Measured:
    """What an adversarial step takes beside the same step with L1; measured with narrow EDSR 4x."""
    settings, small = replace(DEMO.training, perceptual=perceptual, discriminator=discriminator), discriminator == "small"
    points = []
    for n, batch, side in ((1, 3, 48), (6, 3, 48)) if small else ((1, 1, 128), (1, 3, 128)):
        units, alone, _ = step_of(trainer("EDSR", 4, "L1", settings, n), 4, n, batch, side)
        _, both, step = step_of(trainer("EDSR", 4, loss, settings, n), 4, n, batch, side)
        points.append((units, max(both - alone, 0.0)))
    return {**line(*points), "megabytes": held_by(step) / units}


def enlarge(size: str, architecture: str, scale: int) -> Measured:
    """Images of 96 pixels, 16 together; of a full-size network a part of 32 pixels that is reduced already."""
    network, count = networks.build(architecture, scale, size).eval(), 1 if size == "full" else 16
    side = 32 if size == "full" else 96 // scale
    lr = np.random.default_rng(1).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    seconds = seconds_of(lambda: superresolve.super_resolve(network, lr))
    return {"seconds": seconds * 1e6 / (count * (side * scale) ** 2), "part": 1 if size == "full" else ""}


def standin(measure: Callable[[str, str, int], Measured], scale: int) -> Measured:
    """The mean of the stand-ins of a scale."""
    found = [measure("stand-in", name, scale) for name in dict.fromkeys(n.architecture for n in fleet.published() if n.scale == scale)]
    return {key: mean(row[key] for row in found) for key in ("fixed", "seconds") if key in found[0]}


def classifier(backbone: str, kind: str) -> Measured:
    """A training step, or the evaluation of crops, per megapixel."""
    small = backbone in SMALL_BACKBONES
    settings, points = (DEMO if small else PAPER).classifier, []
    model = Classifier(backbone, {"costs": 180}, pretrained=False).to(memory_format=torch.channels_last).train(kind == "teach")
    optimiser, held = torch.optim.AdamW(model.parameters(), lr=1e-6), 0.0
    for count in (32, 128) if small else (1, 2):
        crops, wanted = torch.rand(count, settings.crop, settings.crop, 3).permute(0, 3, 1, 2), torch.zeros(count, dtype=torch.long)

        def forward(crops: torch.Tensor = crops) -> Any:
            with autocast("cpu", settings.precision):
                return model(crops)[1]["costs"].float()

        def step(wanted: torch.Tensor = wanted) -> None:
            optimiser.zero_grad()
            F.cross_entropy(forward(), wanted).backward()
            optimiser.step()

        with torch.inference_mode(kind == "look"):
            points.append((count * settings.crop**2 / 1e6, seconds_of(step if kind == "teach" else forward)))
            held = held_by(step) / points[-1][0] if kind == "teach" else 0.0
    weights = sum(p.numel() for p in model.parameters()) * 16 / 1e6  # float32, with gradients and two moments
    per_batch = weights / (settings.batch * settings.crop**2 / 1e6)
    law = line(*points) if kind == "teach" else {"seconds": points[-1][1] / points[-1][0]}
    return law | {"megabytes": held + per_batch if held else 0.0, "part": "" if small else 1}


@cache
def files() -> dict[str, Measured]:
    """Image files and what is computed of images without a network, per megapixel of a natural photograph of 480 x 480."""
    path = next(p for row in embedded.rows() if (p := embedded.locate(row)))
    pixels = reading.read(path)[0][:480, :480]
    tiles = np.stack([np.ascontiguousarray(pixels[96 * (i % 4) :, 96 * (i // 4) :][:96, :96]) for i in range(16)])
    found: dict[str, float] = {}
    with TemporaryDirectory() as place:
        root = Path(place)
        for name in ("images/x", "decoded"):
            (root / name).mkdir(parents=True)
        file = root / "images" / "x" / "y.png"

        def save() -> None:
            superresolve.downscale(tiles, 4)
            for tile in tiles:
                Image.fromarray(tile).save(file, compress_level=1)
            np.save(root / "decoded" / "x.npy", tiles)

        found["save"], found["read"] = seconds_of(save), seconds_of(lambda: [read_png(file) for _ in tiles])
        images, rng = Images(root / "images", root / "decoded", [str(i) for i in range(16)]), np.random.default_rng(1)
        crops = seconds_of(lambda: images.random_crops([("x", i) for i in range(16)] * 8, 32, grid=4, rng=rng)) / 128
    found["score"] = seconds_of(lambda: metrics.score([tiles], [np.roll(tiles, 1, 1)], crop=None))
    found["residual wavelet"] = seconds_of(lambda: prnu.residuals(tiles, "wavelet", crop=None, int8=False))
    rows = {name: {"seconds": seconds * 1e6 / tiles[..., 0].size} for name, seconds in found.items()} | {"crop": {"fixed": crops}}
    if find_spec("bm3d"):
        rows["residual bm3d"] = {"seconds": seconds_of(lambda: prnu.residuals(pixels[None], "bm3d", crop=299, int8=True)) * 1e6 / 299**2}
    return rows


def on_gpu() -> dict[str, Measured]:
    """Of an H200, from the benchmarks made on it: steps of narrow networks, of full-size ones at 4x, and their images."""
    steps = {(r.profile, r.architecture, r.scale, r.loss): r for r in pd.read_csv(HERE / "training_gpu.csv").itertuples()}
    found: dict[str, Measured] = {}
    for (profile, name, scale, loss), row in steps.items():
        base = steps.get((profile, name, scale, "L1"))
        seconds = [6 / row.ours_per_second, 1 / row.ours_apart_per_second, 1 / row.ours_per_second]
        if loss != "L1" and base:  # in addition to the same step with L1
            seconds = [
                a - b for a, b in zip(seconds, [6 / base.ours_per_second, 1 / base.ours_apart_per_second, 1 / base.ours_per_second], strict=True)
            ]
        units, title = row.batch * row.patch**2 / 1e6, f"train {'narrow' if profile == 'lab' else 'full'} {name} x{scale}"
        if loss != "L1":
            title = f"adversary {'seeded small' if profile == 'lab' else 'imagenet vgg'} {loss}"
        if base:
            law = line((units, seconds[1]), (6 * units, seconds[0])) if profile == "lab" else {"seconds": seconds[2] / units}
            found[title] = law | {"megabytes": row.ours_mb / units / row.networks}
    edsr = pd.read_csv(HERE / "full_size.csv").query("device == 'NVIDIA H200' and architecture == 'EDSR' and way == 'float32'").iloc[0]
    found["train full EDSR x4"] = {"seconds": 1e6 / edsr.steps_per_second / (edsr.batch * edsr.patch**2)}
    images = pd.read_csv(HERE / "published_gpu.csv", keep_default_na=False).query(
        "lr == '480x320' and variant in ['baseline', 'yjn870', '', 'DIV2K']"
    )
    for row in images[images["family"].isin(fleet.ARCHITECTURES)].itertuples():
        found[f"enlarge full {row.family} x{row.scale}"] = {"seconds": row.seconds * 1e6 / (480 * 320 * row.scale**2)}
    found["calibration"] = {"fixed": found["enlarge full EDSR x4"]["seconds"] * 480 * 320 * 16 / 1e6}
    lab = pd.read_csv(HERE / "lab_gpu.csv").set_index("stage")["seconds"]
    return found | {f"teach {backbone}": {"fixed": lab["backbones"] / 4 / 1500} for backbone in SMALL_BACKBONES}


def ways() -> dict[str, Callable[[], Measured]]:
    """How each row of a CPU is measured."""
    found: dict[str, Callable[[], Measured]] = {"calibration": lambda: {"fixed": min(costs.calibrate("cpu") for _ in range(3))}}
    for way in (train, enlarge):
        for size, name, scale in product(("narrow", "full"), fleet.ARCHITECTURES, fleet.SCALES):
            found[f"{way.__name__} {size} {name} x{scale}"] = partial(way, size, name, scale)
        found |= {f"{way.__name__} stand-in x{scale}": partial(standin, way, scale) for scale in fleet.SCALES}
    for names in product(("seeded", "efficientnet_lite0", "imagenet"), ("small", "vgg"), fleet.LOSSES[1:]):
        found["adversary " + " ".join(names)] = partial(adversary, *names)
    for kind, name in product(("teach", "look"), (*SMALL_BACKBONES, *PAPER_BACKBONES, *PACKAGES)):
        found[f"{kind} {name}"] = partial(classifier, name, kind)
    return found | {name: lambda name=name: files()[name] for name in ("save", "read", "crop", "score", "residual wavelet", "residual bm3d")}


def main(beginnings: list[str]) -> int:
    torch.set_num_threads(1)
    threadpool_limits(1)  # as in a worker process
    warnings.filterwarnings("ignore", message="torch.meshgrid")  # of BasicSR's SwinIR
    path = DATA / "costs.csv"
    old = pd.read_csv(path, keep_default_na=False).to_dict("records") if path.exists() else []
    cpu = {row.pop("name"): row for row in old if row.pop("device") == "cpu"}
    for name, way in ways().items():
        if not beginnings or name.startswith(tuple(beginnings)):
            busy = costs.calibrate("cpu") / float(cpu["calibration"]["fixed"]) if name != "calibration" else 1.0  # or another machine
            row = way()
            cpu[name] = row | {key: row[key] / busy for key in ("fixed", "seconds") if key in row}
            print(name, cpu[name], flush=True)
    gpu = on_gpu()
    everywhere = gpu["calibration"]["fixed"] / float(cpu["calibration"]["fixed"]) * 64**2 / (480 * 320)
    for name, row in cpu.items():  # what was not measured on a GPU: as 4x there to 4x here, or as the calibrations
        if name.split()[0] in ("train", "adversary", "enlarge", "teach", "look") and name not in gpu:
            there, here = gpu.get(name.replace(" x2", " x4"), {}), cpu.get(name.replace(" x2", " x4"), {})
            ratio = there["seconds"] / float(here["seconds"]) if there else everywhere
            scaled = {key: float(row.get(key) or 0) * ratio for key in ("fixed", "seconds")}
            if not name.startswith(("look", "enlarge")):
                scaled["fixed"] = max(scaled["fixed"], LAUNCHING)
            gpu[name] = scaled | {"megabytes": row.get("megabytes"), "part": 1}
    table = pd.DataFrame([{"name": name, "device": device, **row} for device, found in (("cpu", cpu), ("cuda", gpu)) for name, row in found.items()])
    for column in ("fixed", "seconds", "megabytes"):
        table[column] = [f"{float(value):.4g}" if value and float(value) > 0 else "" for value in table[column].fillna("")]
    table[["name", "device", "fixed", "seconds", "megabytes", "part"]].to_csv(path, index=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

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
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image
from threadpoolctl import threadpool_limits

from srfp_lib import fleet, networks
from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.common.checkout import DATA
from srfp_lib.common.devices import autocast
from srfp_lib.fetching.timm_weights import PACKAGES
from srfp_lib.fingerprints import prnu
from srfp_lib.images import metrics, superresolve
from srfp_lib.images.arrays import read_png
from srfp_lib.images.store import Images
from srfp_lib.photos import embedded, reading
from srfp_lib.planning import costs
from srfp_lib.profiles import DEMO, PAPER, SMALL_BACKBONES, Training
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


def step_of(network: str, settings: Training, n: int, batch: int, side: int) -> tuple[float, float, Callable[[], object], Trainer]:
    """Megapixels of HR crops and seconds of a step of n networks, the cutting of its crops included; the step; and its trainer."""
    one, kind = fleet.parse(network), UNTRAINED.get(settings.perceptual, settings.perceptual)
    trainer = Trainer((one,) * n, replace(settings, perceptual=kind), master_seed=1)
    tiles = batches.Tiles.of(np.random.default_rng(1).integers(0, 256, (4, max(side, 96), max(side, 96), 3), dtype=np.uint8), one.scale)
    draws = batches.draw(tiles, steps=1, batch=batch, patch=side, name=("costs",), master_seed=1)
    step = lambda: trainer.step(*batches.batch_of([tiles] * n, [draws] * n, 0, patch=side), 0)  # noqa: E731
    return n * batch * side**2 / 1e6, seconds_of(step), step, trainer


def train(size: str, architecture: str, scale: int) -> Measured:
    """L1 steps: of a narrow network alone and of six together, or of one small crop and the update of all weights."""
    settings, name = replace((PAPER if size == "full" else DEMO).training, size=size), f"{architecture}-div2k-x{scale}-L1-s1"
    if size != "full":
        return line(*(step_of(name, settings, n, 3, 48)[:2] for n in (1, 6)))
    units, seconds, step, trainer = step_of(name, settings, 1, 1, 16 * scale)
    updating = seconds_of(trainer.optimisers[0].step)
    return {"fixed": updating, "seconds": max(seconds - updating, 0) / units, "megabytes": held_by(step) / units, "part": 1}


def adversary(perceptual: str, discriminator: str, loss: str) -> Measured:
    """What an adversarial step takes beside the same step with L1; measured with narrow EDSR 4x."""
    settings, points, megabytes = replace(DEMO.training, perceptual=perceptual, discriminator=discriminator), [], 0.0
    for n, batch, side in ((1, 3, 48), (6, 3, 48)) if discriminator == "small" else ((1, 1, 128), (1, 3, 128)):
        units, alone, *_ = step_of("EDSR-div2k-x4-L1-s1", settings, n, batch, side)
        _, both, step, _ = step_of(f"EDSR-div2k-x4-{loss}-s1", settings, n, batch, side)
        points.append((units, max(both - alone, 0.0)))
        megabytes = held_by(step) / units
    return line(*points) | {"megabytes": megabytes}


def enlarge(size: str, architecture: str, scale: int) -> Measured:
    """Images of 96 pixels, 16 together; of a full-size network a part of 32 pixels that is reduced already."""
    network, count = networks.build(architecture, scale, size).eval(), 1 if size == "full" else 16
    side = 32 if size == "full" else 96 // scale
    lr = np.random.default_rng(1).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    seconds = seconds_of(lambda: superresolve.super_resolve(network, lr))
    return {"seconds": seconds * 1e6 / (count * (side * scale) ** 2), "part": 1 if size == "full" else ""}


def classifier(backbone: str, kind: str) -> Measured:
    """A training step, or the evaluation of crops, per megapixel."""
    small = backbone in SMALL_BACKBONES
    settings, points = (DEMO if small else PAPER).classifier, []
    side = settings.side(backbone)
    model = Classifier(backbone, {"costs": 180}, pretrained=False).to(memory_format=torch.channels_last).train(kind == "teach")
    optimiser, held = torch.optim.AdamW(model.parameters(), lr=1e-6), 0.0
    for count in (32, 128) if small else (1, 2):
        crops, wanted = torch.rand(count, side, side, 3).permute(0, 3, 1, 2), torch.zeros(count, dtype=torch.long)

        def forward(crops: torch.Tensor = crops) -> Any:
            with autocast("cpu", settings.precision):
                return model(crops)[1]["costs"].float()

        def step(wanted: torch.Tensor = wanted) -> None:
            optimiser.zero_grad()
            F.cross_entropy(forward(), wanted).backward()
            optimiser.step()

        with torch.inference_mode(kind == "look"):
            points.append((count * side**2 / 1e6, seconds_of(step if kind == "teach" else forward)))
            held = held_by(step) / points[-1][0] if kind == "teach" else 0.0
    weights = sum(p.numel() for p in model.parameters()) * 16 / 1e6  # float32, with gradients and two moments
    per_batch = weights / (settings.batch * side**2 / 1e6)
    law = line(*points) if kind == "teach" else {"seconds": points[-1][1] / points[-1][0]}
    return law | {"megabytes": held + per_batch if held else 0.0, "part": "" if small else 1}


@cache
def files() -> dict[str, Measured]:
    """Image files and what is computed of images without a network, by tiles of 96 pixels of a natural photograph."""
    path = next(p for row in embedded.rows() if (p := embedded.locate(row)))
    pixels = reading.read(path)[0][:480, :480]
    tiles = np.stack([pixels[96 * (i % 4) :, 96 * (i // 4) :][:96, :96] for i in range(16)])
    with TemporaryDirectory() as place:
        folder, decoded = Path(place, "images"), Path(place)
        file = folder / "x" / "y.png"
        file.parent.mkdir(parents=True)

        def save() -> None:
            superresolve.downscale(tiles, 4)
            for tile in tiles:
                Image.fromarray(tile).save(file, compress_level=1)
            np.save(decoded / "x.npy", tiles)

        found = {"save": seconds_of(save), "read": seconds_of(lambda: [read_png(file) for _ in tiles])}
        images, picks, rng = Images(folder, decoded, [str(i) for i in range(16)]), [("x", i) for i in range(16)], np.random.default_rng(1)
        crop = seconds_of(lambda: images.random_crops(picks, 32, grid=4, rng=rng)) / len(picks)
    found["score"] = seconds_of(lambda: metrics.score([tiles], [np.roll(tiles, 1, 1)], crop=None))
    found["residual wavelet"] = seconds_of(lambda: prnu.residuals(tiles, "wavelet", int8=False))
    rows = {name: {"seconds": seconds * 1e6 / tiles[..., 0].size} for name, seconds in found.items()} | {"crop": {"fixed": crop}}
    if find_spec("bm3d"):
        rows["residual bm3d"] = {"seconds": seconds_of(lambda: prnu.residuals(prnu.centre(pixels[None], 299), "bm3d", int8=True)) * 1e6 / 299**2}
    return rows


def on_gpu(cpu: dict[str, Measured]) -> dict[str, Measured]:
    """Of an H200: from the benchmarks made on it, or as 4x there to 4x here, or as the calibrations there and here."""
    found: dict[str, Measured] = {}
    table = pd.read_csv(HERE / "training_gpu.csv").assign(six=lambda t: 6 / t.ours_per_second, one=lambda t: 1 / t.ours_apart_per_second)
    table = table.merge(table[table.loss == "L1"], on=["profile", "architecture", "scale"], suffixes=("", "_l1"))
    for row in table.itertuples():
        narrow, units, also = row.profile == "lab", row.batch * row.patch**2 / 1e6, row.loss != "L1"  # beside the same step with L1
        one, six = row.one - also * row.one_l1, row.six - also * row.six_l1
        law = line((units, one), (6 * units, six)) if narrow else {"seconds": six / 6 / units}
        name = f"train {'narrow' if narrow else 'full'} {row.architecture} x{row.scale}"
        found[f"adversary {'seeded small' if narrow else 'imagenet vgg'} {row.loss}" if also else name] = law | {
            "megabytes": row.ours_mb / units / row.networks
        }
    edsr = pd.read_csv(HERE / "full_size.csv").query("device == 'NVIDIA H200' and architecture == 'EDSR' and way == 'float32'").iloc[0]
    found["train full EDSR x4"] = {"seconds": 1e6 / edsr.steps_per_second / (edsr.batch * edsr.patch**2)}
    images = pd.read_csv(HERE / "published_gpu.csv", keep_default_na=False).query(
        "lr == '480x320' and variant in ['baseline', 'yjn870', '', 'DIV2K']"
    )
    for row in images[images["family"].isin(fleet.ARCHITECTURES)].itertuples():
        found[f"enlarge full {row.family} x{row.scale}"] = {"seconds": row.seconds * 1e6 / (480 * 320 * row.scale**2)}
    found["calibration"] = {"fixed": found["enlarge full EDSR x4"]["seconds"] * 480 * 320 * 16 / 1e6}
    lab = pd.read_csv(HERE / "lab_gpu.csv").set_index("stage")["seconds"]
    found |= {f"teach {backbone}": {"fixed": lab["backbones"] / 4 / 1500} for backbone in SMALL_BACKBONES}
    everywhere = found["calibration"]["fixed"] / float(cpu["calibration"]["fixed"]) * 64**2 / (480 * 320)
    for name in [n for n in cpu if n.split()[0] in ("train", "adversary", "enlarge", "teach", "look") and n not in found]:
        at_4x, row = name.replace(" x2", " x4"), cpu[name]
        ratio = found[at_4x]["seconds"] / float(cpu[at_4x]["seconds"]) if at_4x in found else everywhere
        least = 0.0 if name.startswith(("look", "enlarge")) else LAUNCHING
        found[name] = row | {"fixed": max(float(row.get("fixed") or 0) * ratio, least), "seconds": float(row["seconds"]) * ratio, "part": 1}
    for rough in pd.read_csv(HERE / "full_size.csv").query("device == 'NVIDIA H200' and way == 'both'").itertuples():
        for name in [n for n in found if n.startswith(f"train full {rough.architecture} ")]:
            faster = {key: float(found[name].get(key) or 0) / rough.times_float32 for key in ("fixed", "seconds")}
            found[f"{name} bfloat16"] = found[name] | faster | {"part": 1}
    return found


def ways() -> dict[str, Callable[[], Measured]]:
    """How each row of a CPU is measured."""
    found: dict[str, Callable[[], Measured]] = {"calibration": lambda: {"fixed": min(costs.calibrate("cpu") for _ in range(3))}}
    for way in (train, enlarge):
        for size, name, scale in product(("narrow", "full"), fleet.ARCHITECTURES, fleet.SCALES):
            found[f"{way.__name__} {size} {name} x{scale}"] = partial(way, size, name, scale)
    for names in product(("seeded", "efficientnet_lite0", "imagenet"), ("small", "vgg"), fleet.LOSSES[1:]):
        found["adversary " + " ".join(names)] = partial(adversary, *names)
    for kind, name in product(("teach", "look"), (*SMALL_BACKBONES, *PAPER.classifier.backbones, *PACKAGES)):
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
    table = pd.DataFrame(
        [{"name": name, "device": device, **row} for device, found in (("cpu", cpu), ("cuda", on_gpu(cpu))) for name, row in found.items()]
    )
    for column in ("fixed", "seconds", "megabytes"):
        table[column] = [f"{float(value):.4g}" if value and float(value) > 0 else "" for value in table[column].fillna("")]
    table[["name", "device", "fixed", "seconds", "megabytes", "part"]].to_csv(path, index=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

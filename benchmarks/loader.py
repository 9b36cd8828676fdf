"""Is loading crops fast enough? Images per second of our loader, of the released code's way of loading, and of the models.

Two cases: tiles of 96 pixels with crops of 32 in batches of 128 for the small residual network, and whole photographs of
960 x 675 with crops of 224 in batches of 16 for ResNet-50. Three ways: `released`, a rewrite of the released code's way
(a torch DataLoader with four workers opens a whole PNG file for every crop and normalises it, D15 to D17); `png`, ours
without decoded images; `decoded`, ours with them. `model` is a training step on a batch in memory, on a GPU if there is
one, else on one thread. The images are synthetic, with noise that brings the PNG files to the two bytes per pixel of
photographs. They have just been written, so the file cache is warm. The ways take turns within each case, so that drift of
the machine's speed affects them alike; figures are medians. On an idle machine:

    python benchmarks/loader.py [--rounds 5]

It writes benchmarks/loader.csv, one row per case and way.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import timm
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.fetching.timm_weights import IMAGENET
from srfp_lib.images.arrays import ArrayFile
from srfp_lib.images.store import Images, Pick
from srfp_lib.photos import dead_leaves

CLASSES, NETWORKS, PHOTOGRAPHS, WORKERS = 180, ("A", "B"), 12, 4
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Case:
    """What is loaded, for which model, and how many batches each way takes per reading."""

    name: str
    crop: int
    batch: int
    model: Callable[[], nn.Module]
    learns: str
    readings: dict[str, int]


CASES = (
    Case("tiles 96 x 96", 32, 128, lambda: Classifier("small_plain", {"model_id": CLASSES}), "small_plain, bfloat16",
         {"released": 24, "png": 8, "decoded": 64, "model": 6}),
    Case("photographs 960 x 675", 224, 16, lambda: timm.create_model("resnet50", num_classes=CLASSES), "ResNet-50, float32",
         {"released": 10, "png": 6, "decoded": 60, "model": 1}),
)  # fmt: skip


def photograph(network: str, number: int) -> np.ndarray:
    """A synthetic photograph, uint8 675 x 960 x 3, with independent noise in every channel."""
    drawn = dead_leaves.draw(960, master_seed=1, name=f"loader {number}")[:675]
    noise = np.random.default_rng([number, ord(network)]).normal(0, 1.2, drawn.shape)
    return np.clip(drawn + noise, 0, 255).round().astype(np.uint8)


def tiles(photographs: list[np.ndarray]) -> list[np.ndarray]:
    """The first 480 tiles of 96 pixels, 54 per photograph."""
    return [p[r : r + 96, c : c + 96] for p in photographs for r in range(0, 576, 96) for c in range(0, 864, 96)][:480]


def write(folder: Path) -> dict[str, tuple[list[str], float]]:
    """Write the images of both cases as PNG files and decoded; returns their names, and bytes per pixel of the files."""
    written = {}
    for case in CASES:
        (folder / case.name / "decoded").mkdir(parents=True)
    for network in NETWORKS:
        whole = [photograph(network, i) for i in range(PHOTOGRAPHS)]
        for case, images in zip(CASES, (tiles(whole), whole), strict=True):
            names = [f"{i:04d}" for i in range(len(images))]
            path = folder / case.name / "decoded" / f"{network}.npy"
            (folder / case.name / network).mkdir()
            with ArrayFile(path, len(images), None if images is whole else images[0].shape) as file:
                for name, pixels in zip(names, images, strict=True):
                    Image.fromarray(pixels).save(folder / case.name / network / f"{name}.png", compress_level=1)
                    file.add(pixels)
            size = sum(png.stat().st_size for png in (folder / case.name / network).iterdir())
            written[case.name] = names, 3 * size / sum(pixels.size for pixels in images)
    return written


class OnePngACrop(Dataset):
    """The released code's way: it opens a whole PNG file for one crop, and never takes the last offset (D17)."""

    def __init__(self, files: list[Path], crop: int, length: int) -> None:
        self.files, self.crop, self.length = files, crop, length
        self.mean, self.sd = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        whole = np.array(Image.open(self.files[number % len(self.files)]))
        top, left = (int(torch.randint(length - self.crop, ())) for length in whole.shape[:2])
        crop = torch.from_numpy(whole[top : top + self.crop, left : left + self.crop]).permute(2, 0, 1).float() / 255
        return (crop - self.mean) / self.sd, number


def released(case: Case, files: list[Path]) -> Iterator[None]:
    """Batches of the released way, after those that its workers have prefetched."""
    ready = 2 * WORKERS
    dataset = OnePngACrop(files, case.crop, case.batch * (case.readings["released"] + 2 * ready))
    batches = iter(DataLoader(dataset, case.batch, shuffle=True, num_workers=WORKERS))
    for _ in range(ready):
        next(batches)
    for _ in batches:
        yield


def ours(case: Case, images: Images) -> Iterator[None]:
    """Batches of our loader, with images and networks drawn as in training."""
    rng = np.random.default_rng(0)
    while True:
        picks: list[Pick] = [(NETWORKS[rng.integers(2)], int(rng.integers(len(images.names)))) for _ in range(case.batch)]
        images.random_crops(picks, case.crop, grid=1, rng=rng)
        yield


def training(case: Case) -> Iterator[None]:
    """Training steps of the case's model on one batch."""
    model = case.model().to(DEVICE, memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(model.parameters())
    crops = torch.rand(case.batch, 3, case.crop, case.crop, device=DEVICE).to(memory_format=torch.channels_last)
    labels = torch.arange(case.batch, device=DEVICE) % CLASSES
    while True:
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled="bfloat16" in case.learns):
            answer = model(crops)
        logits = answer[1]["model_id"] if isinstance(answer, tuple) else answer
        loss = F.cross_entropy(logits.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()  # waits for a GPU
        yield


def measure(case: Case, folder: Path, names: list[str], rounds: int) -> dict[str, float]:
    """Images per second of every way."""
    files = [folder / network / f"{name}.png" for network in NETWORKS for name in names]
    kept = {way: ours(case, Images(folder, folder / place, names)) for way, place in (("png", "none"), ("decoded", "decoded"))}
    running = kept | {"model": training(case)}
    for batches in running.values():
        next(batches)  # libraries load, pixels enter the cache
    rates: dict[str, list[float]] = {way: [] for way in case.readings}
    for _ in range(rounds):
        for way, count in case.readings.items():
            batches = running[way] if way in running else released(case, files)
            if way == "released":
                next(batches)  # its workers start
            start = time.perf_counter()
            for _ in range(count):
                next(batches)
            rates[way].append(count * case.batch / (time.perf_counter() - start))
    return {way: median(values) for way, values in rates.items()}


def machine() -> str:
    """The machine in words."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    gpu = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "no GPU, model on 1 thread"
    return f"{name}, {os.cpu_count()} cores, {gpu}, torch {torch.__version__}"


def main() -> None:
    """Measure both cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case, (names, bytes_a_pixel) in zip(CASES, write(Path(folder)).values(), strict=True):
            rates = measure(case, Path(folder) / case.name, names, options.rounds)
            for way, rate in rates.items():
                rows.append({
                    "images": case.name, "png_bytes_a_pixel": bytes_a_pixel, "file_cache": "warm", "crop": case.crop, "batch": case.batch,
                    "way": way, "images_per_second": rate, "times_released": rate / rates["released"], "times_model": rate / rates["model"],
                    "model": case.learns, "machine": machine(),
                })  # fmt: skip
    table = pd.DataFrame(rows)
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.3f")
    print(table.drop(columns=["file_cache", "model", "machine"]).round(2).to_string(index=False))


if __name__ == "__main__":
    main()

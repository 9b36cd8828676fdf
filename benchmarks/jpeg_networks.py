"""Do deeper models name the network behind a JPEG image better than the linear ones of `jpeg.py`?

    python benchmarks/jpeg_networks.py WORKSPACE [FOLDER [MODEL-QUALITY ...]]

Models: `two-layer` has the linear model's spectra as inputs; `small`, the body of the book's classifiers, and `deep`, a residual network of 14
layers, see crops of 88 pixels from anywhere in the images in FOLDER, compressed anew in every step. Trained from scratch at one quality; but
`continued` is `small` with the body of the workspace's attribution classifier, which saw lossless images of the same training photographs. Of ten
stages the best on validation photographs is tested, once; networks of convolutions on three of a photograph's nine parts. `jpeg.csv` has the rows.
"""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from jpeg import gathered
from jpeg_images import PIECE, Ask, Made, answers, asked, share, stored
from torch import Tensor, nn

from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.classifiers.recipe import load_state
from srfp_lib.common.randomness import numpy_generator, seeded_torch
from srfp_lib.forensics.deliveries import deliver
from srfp_lib.images.spectrum import HighPass

ALL = ("two-layer-jpeg-95", "small-jpeg-95", "continued-jpeg-95", "deep-jpeg-95")
SIDE = 88
Draw = Callable[[], tuple[Tensor, Tensor]]  # images or features, and their classes


def learned(layers: nn.Module, draw: Draw, shown: np.ndarray, steps: int, rate: float) -> Ask:
    """AdamW with 20 steps of warm-up, then a cosine; of ten stages the best on validation images is kept."""
    optimiser, best, ask = torch.optim.AdamW(layers.parameters(), lr=rate, weight_decay=0.01), (-1.0, {}), asked(layers)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 20) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
        images, wanted = draw()
        loss = F.cross_entropy(layers.train()(images), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % (steps // 10) == 0:
            best = max(best, (value := share(ask, shown), copy.deepcopy(layers.state_dict())), key=lambda stage: stage[0])
            print(f"step {step + 1}: loss {loss.item():.3f}, validation {value:.4f}, {time.process_time():.0f} CPU seconds", flush=True)
    layers.load_state_dict(best[1])
    return ask


def two_layer(train: np.ndarray, validation: np.ndarray, rng: np.random.Generator) -> Ask:
    """A layer of 512 and one of classes, of standardised spectra; ten epochs."""
    features, wanted = torch.from_numpy(train.reshape(-1, train.shape[-1])), torch.arange(len(train)).repeat_interleave(train[0, ..., 0].size)
    hidden = nn.Linear(features.shape[1], 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.5)
    layers = nn.Sequential(nn.BatchNorm1d(features.shape[1], affine=False), *hidden, nn.Linear(512, len(train)))

    def draw() -> tuple[Tensor, Tensor]:
        return features[some := torch.from_numpy(rng.integers(len(features), size=256))], wanted[some]

    return learned(layers, draw, validation, 10 * len(features) // 256, 1e-3)


class Seen(nn.Module):
    """Pixels, uint8 n h w 3, shown to a network of convolutions in bfloat16."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            found = self.layers(images.permute(0, 3, 1, 2).float() / 255)
        return (found[1]["jpeg"] if isinstance(found, tuple) else found).float()


def conv(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """Two convolutions with a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = conv(inputs, outputs, stride), conv(outputs, outputs)
        self.around = nn.Identity() if inputs == outputs else conv(inputs, outputs, stride, size=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.around(x) + self.second(F.relu(self.first(x))))


def deep(classes: int) -> nn.Module:
    """14 layers: a high-pass filter, five convolutions at full resolution, four at half and four at a quarter, mean, linear."""
    ways = ((16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1))
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)
    return nn.Sequential(HighPass(), conv(3, 16), nn.ReLU(), *(Block(*way) for way in ways), *head)


def convolutions(made: Made, quality: str, kind: str, rng: np.random.Generator) -> Ask:
    """800 steps of 64 crops of 88 pixels, from anywhere in the images of training photographs."""
    pieces, numbers = [np.load(made.path(name), mmap_mode="r") for name in made.networks], made.numbers["train"]

    def draw() -> tuple[Tensor, Tensor]:
        wanted, crops = rng.integers(len(made.networks), size=64), []
        for number in wanted:
            row, column = rng.integers(PIECE - SIDE + 1, size=2)
            crop = pieces[number][rng.choice(numbers), row : row + SIDE, column : column + SIDE]
            crops.append(deliver(quality, np.ascontiguousarray(crop), rng))
        return torch.from_numpy(np.stack(crops)), torch.from_numpy(wanted)

    layers = Seen(deep(len(made.networks)) if kind == "deep" else Classifier("small_plain", {"jpeg": len(made.networks)}))
    if kind == "continued":
        kept = load_state(made.desk.read("classifiers", "attribution", "1.safetensors"))
        layers.layers.load_state_dict({name: kept[name] for name in kept if name.startswith("body.")}, strict=False)
    return learned(layers, draw, made.parts("validation", quality, SIDE)[:, :, 4:5], 800, 0.002 if kind == "deep" else 0.004)


def tested(made: Made, kind: str, quality: str) -> None:
    """Train a model, and write its rows."""
    rng, about = numpy_generator(1, "jpeg", kind, quality), {"model": kind, "quality": quality, "trained_side": SIDE, "trained_parts": 9}
    if kind == "two-layer":
        train, test = (gathered(made, part, quality) for part in ("train", "test"))
        seen, ask = train[SIDE], two_layer(train[SIDE], gathered(made, "validation", quality)[SIDE], rng)
    else:
        about["trained_parts"] = np.nan  # crops from anywhere
        seen, test = made.parts("train", quality, SIDE)[:, :, 4:5], {SIDE: made.parts("test", quality, SIDE)[:, :, ::4]}
        ask = convolutions(made, quality, kind, rng)
    right = share(ask, seen)
    rows = [made.judged(answers(ask, shown)).assign(**about, side=side, train_accuracy=right) for side, shown in test.items()]
    stored(rows)
    print(pd.concat(rows)[["model", "quality", "side", "of", "images_together", "accuracy", "train_accuracy"]].to_string(), flush=True)


def main(workspace: str, folder: str = "runs/jpeg", *models: str) -> None:
    torch.set_num_threads(1)
    made = Made(workspace, folder)
    made.make()
    for model in models or ALL:
        kind, _, quality = model.rpartition("-jpeg-")
        with seeded_torch(1, "jpeg", model):
            tested(made, kind, f"jpeg-{quality}")


if __name__ == "__main__":
    main(*sys.argv[1:])

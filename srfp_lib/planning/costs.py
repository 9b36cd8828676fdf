"""What jobs cost: counts from the table of jobs, times the measured seconds and memory of `data/costs.csv`.

A row of the table is a law of one step, image or crop, seconds = fixed + seconds x megapixels, on one thread of the reference CPU
or on the reference GPU. One short calibration scales it to this machine; `benchmarks/costs.py` measures the rows.
"""

from __future__ import annotations

import csv
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

from .. import fleet, tasks
from ..common.checkout import DATA
from ..common.devices import CPU
from ..common.errors import UserError
from ..common.files import csv_rows
from ..fleet import Network
from ..photos.flickr.table import LIST
from ..photos.folder import files
from ..profiles import Photographs, Profile, Training
from ..published import sources
from ..stages import units
from ..workflow.jobs import Job
from ..workflow.placement import Demand

RDN_PARAMETERS = 22.2e6
FROM_FILES = ("score", "residual", "crop")  # of images that are read from PNG files unless they are kept decoded
RESNET = "resnet50.a1_in1k"  # stands for every backbone that the table lacks
LEAST_MEGABYTES, CONTEXT_MEGABYTES = 1500, 500  # of a step that was not measured (`benchmarks/published_gpu.csv`), and what CUDA takes by itself
Entry = tuple[float, str, float]  # so many times the row of a name, at so many megapixels
Needs = tuple[float, list[Entry]]  # steps or images, and what they take


@dataclass(frozen=True)
class Work:
    """``units`` steps or images, the ``seconds`` of all, the ``megabytes`` of one step, whether a part stands for the whole, and
    of the seconds those in which a GPU computes.
    """

    units: float = 0.0
    seconds: float = 0.0
    megabytes: float = 0.0
    scaled: bool = False
    on_gpu: float = field(default=0.0, compare=False)

    def __add__(self, other: Work) -> Work:
        return Work(self.units + other.units, self.seconds + other.seconds, max(self.megabytes, other.megabytes), self.scaled or other.scaled,
                    self.on_gpu + other.on_gpu)  # fmt: skip


@cache
def rows() -> dict[tuple[str, str], tuple[float, ...]]:
    """By name and device: seconds of a step, seconds and megabytes for each megapixel of it, and 1 if these were scaled from a part."""
    with (DATA / "costs.csv").open(newline="", encoding="utf-8") as file:
        return {(name, device): tuple(float(value or 0) for value in values) for name, device, *values in list(csv.reader(file))[1:]}


def calibrate(device: str) -> float:
    """Seconds of a fixed job: full-size EDSR 4x on 480 x 320 pixels on a GPU, on 64 x 64 on one thread of a CPU."""
    import torch

    from .. import networks

    clock, threads = time.process_time if device == CPU else time.perf_counter, torch.get_num_threads()
    network = networks.build("EDSR", 4, "full").eval().to(device)
    lr = torch.rand(1, 3, *((64, 64) if device == CPU else (320, 480))).to(device)

    def once() -> float:
        start = clock()
        network(lr).sum().item()  # waits for a GPU
        return clock() - start

    torch.set_num_threads(1)
    with torch.inference_mode():
        seconds = min(once() for _ in range(4))
    torch.set_num_threads(threads)
    return seconds


class Costs:
    """The work of a profile's jobs on a device: of the reference machine, or of one that takes ``factors`` (CPU, GPU) times longer."""

    def __init__(self, profile: Profile, device: str = CPU, factors: tuple[float, float] = (1.0, 1.0)) -> None:
        self.profile, self.device, self.factors, settings = profile, device.split(":")[0], factors, profile.photographs
        self.parts, self.images = parts(settings), count_images(settings)
        self.megapixels = (settings.image_size**2 if settings.image_size else 960 * 672) / 1e6  # paper, section 3.2
        self.decoded = settings.decoded

    @classmethod
    def here(cls, profile: Profile, device: str) -> Costs:
        """Those of this machine, calibrated within two seconds."""
        factors = [calibrate(d) / rows()["calibration", d.split(":")[0]][0] for d in dict.fromkeys((CPU, device))]
        return cls(profile, device, (factors[0], factors[-1]))

    def demands(self, jobs: Mapping[str, Job]) -> dict[str, Demand]:
        """What each job takes where it runs; what has no law of steps or images is taken to need no GPU."""
        found = {name: self.of(job) for name, job in jobs.items()}
        return {name: Demand(one.seconds, one.on_gpu / one.seconds, max(one.megabytes, LEAST_MEGABYTES) + CONTEXT_MEGABYTES)
                if one.on_gpu else Demand(one.seconds, 0.0) for name, one in found.items()}  # fmt: skip

    def total(self, jobs: Iterable[Job]) -> Work:
        """The work of jobs together."""
        return sum(map(self.of, jobs), Work())

    def of(self, job: Job) -> Work:
        """The work of a job. What is neither steps nor images (chapters, copies) keeps its cost in the table of jobs."""
        way = getattr(self, f"_{job.work.split(':')[1]}", None) if job.work.startswith("srfp_lib.stages.") else None
        if way is None:
            return Work(seconds=job.cost)
        units, entries = way(job)
        return sum((self._law(*entry) for entry in entries if entry[0]), Work(units))

    def _law(self, times: float, name: str, megapixels: float) -> Work:
        """So many times a row of the device or, of what runs on processors only, of the CPU. What was not measured in bfloat16 counts in
        float32, and an unknown backbone as a ResNet-50."""
        kind, names = name.split()[0], (name, name.removesuffix(" bfloat16"))
        key = next((key for key in product((*names, f"{kind} {RESNET}"), (self.device, CPU)) if key in rows()), None)
        if key is None:
            raise UserError(f"data/costs.csv has no row '{name}': correct that field of the profile, or measure the row with benchmarks/costs.py")
        fixed, seconds, megabytes, part = rows()[key]
        read = self._law(times, "read", self.megapixels).seconds if kind in FROM_FILES and not self.decoded else 0.0
        seconds = times * (fixed + seconds * megapixels) * self.factors[key[1] != CPU]
        return Work(0, seconds + read, megabytes * megapixels, bool(part) or key[0] != name, seconds * (key[1] != CPU))

    def _train(self, job: Job) -> Needs:
        return self._steps([fleet.parse(name) for name in job.arguments[0]], self.profile.training)

    def _steps(self, networks: Sequence[Network], settings: Training) -> Needs:
        """The steps of a stack of networks: those with L1, and those with a discriminator, which come in addition to the same with L1."""
        units, entries, crops = 0, [], settings.batch * settings.patch**2 / 1e6
        for adversarial, steps in ((False, settings.steps), (True, settings.adversarial_steps)):
            losses = Counter(n.loss for n in networks if n.adversarial is adversarial)
            units += steps * losses.total()
            rough = "" if settings.precision == "float32" else f" {settings.precision}"
            entries.append((steps * bool(losses), f"train {_variant(networks[0], settings.size)}{rough}", losses.total() * crops))
            for loss, n in losses.items() if adversarial else ():
                phi = loss if loss in fleet.LOSSES else "VGG_GAN"
                entries.append((steps, f"adversary {settings.perceptual} {settings.discriminator} {phi}", n * crops))
        return units, entries

    def _super_resolve(self, job: Job) -> Needs:
        images = len(job.arguments[0]) * self.images
        return images, self._enlarged(_variant(fleet.parse(job.arguments[0][0]), self.profile.training.size), images)

    def _enlarged(self, variant: str, images: float, share: float = 1.0) -> list[Entry]:
        return [(images * share, f"enlarge {variant}", self.megapixels), (images * self.profile.photographs.png, "save", self.megapixels)]

    def _make(self, job: Job) -> Needs:
        """Published networks by the number of their parameters, from RDN."""
        settings, units, entries = self.profile.published, 0.0, []
        for network in map(fleet.parse, job.arguments[0]):
            share = sources.row_of(settings, network.model_id).parameters / RDN_PARAMETERS
            twice = self.images * (len(sources.ways(settings, network.model_id)) > 1)  # saved in two ways
            entries += [
                *self._enlarged(f"full RDN x{network.scale}", self.images, share),
                (twice * self.profile.photographs.png, "save", self.megapixels),
            ]
            units += self.images + twice
        return units, entries

    def _quality(self, job: Job) -> Needs:
        """The images of each network, and the bicubic ones once."""
        settings, n = self.profile.quality, len(job.arguments[0])
        images = self.images if settings.images == "all" else min(self.parts["test"] * self.profile.photographs.rotations, self.images)
        return images * n, [(images * (n + 1), "score", self._cropped(settings.crop))]

    def _prnu(self, job: Job) -> Needs:
        settings, images = self.profile.prnu, 3 * len(tasks.seed_triplets()) * (self.parts["train"] + self.parts["test"])
        return images, [(images, f"residual {settings.denoiser}", self._cropped(settings.crop))]

    def _cropped(self, side: int | None) -> float:
        return min((side or math.inf) ** 2 / 1e6, self.megapixels)

    def _classify(self, job: Job) -> Needs:
        """Training steps by the recipe, validation after each epoch, and the test images once. A step of a frozen body is an evaluation."""
        asked, settings = job.arguments[0], self.profile.classifier
        crop = settings.side(asked.backbone) ** 2 / 1e6
        named = [units.task(name, self.profile.published) for name in asked.tasks]
        trained, tested = (len({n for task in named for n in getattr(task, part)}) for part in ("train", "test"))
        looks = tests = (len(sources.networks(self.profile.published)) if asked.only_evaluate else tested) * self.parts["test"]
        steps, frozen = asked.steps, 0
        if settings.recipe != "steps" and not asked.only_evaluate:
            batches = math.ceil(trained * self.parts["train"] / settings.batch)
            steps, frozen = batches * settings.epochs, batches * settings.head_epochs
            looks += (settings.head_epochs + settings.epochs) * trained * self.parts["validation"]
        crops = (steps + frozen) * settings.batch + looks
        return steps + frozen or tests, [
            (steps, f"teach {asked.backbone}", settings.batch * crop), (frozen, f"look {asked.backbone}", settings.batch * crop),
            (looks, f"look {asked.backbone}", self.megapixels if self.profile.photographs.image_size else crop),
            (crops, "crop", crop),
        ]  # fmt: skip


def _variant(network: Network, size: str) -> str:
    return f"{size} {network.architecture} x{network.scale}"


def parts(settings: Photographs) -> dict[str, float]:
    """The images to super-resolve in each part of a run's split, at most."""
    validation = 0.1
    test = 0.1 if settings.source == "paper" else 0.25 if settings.rotations == 1 else (1 - validation) / settings.rotations
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    return {part: count_images(settings) * share for part, share in shares.items()}


def count_images(settings: Photographs) -> int:
    """The images to super-resolve: at most what the profile allows, and what a list or folder of photographs has."""
    listed, folder = Path(settings.flickr1k, LIST), Path(settings.source)
    if settings.source == "paper" and listed.is_file():
        return min(settings.max_images, len(csv_rows(listed)))
    if settings.source not in ("paper", "embedded", "release") and folder.is_dir():
        half = len(files(folder)) // 2 + 1  # the other half trains networks
        return min(settings.max_images, half * (settings.max_images_per_photograph if settings.image_size else 1))
    return settings.max_images


def number(value: float) -> str:
    """Three digits.

    >>> number(0.01234), number(12.34), number(123456)
    ('0.0123', '12.3', '123,000')
    """
    return f"{float(f'{value:.3g}'):,g}"


def span(seconds: float, of: str = "") -> str:
    """Seconds as a length of time.

    >>> span(90), span(7200), span(86400 * 30, "core"), span(86400 * 365250)
    ('1.5 minutes', '2 hours', '30 core-days', '1,000 years')
    """
    lengths = {"years": 365.25 * 86400, "days": 86400, "hours": 3600, "minutes": 60}
    unit = next((unit for unit, length in lengths.items() if seconds >= 1.5 * length), "minutes")
    return f"{number(seconds / lengths[unit])} {of}{'-' * bool(of)}{unit}"

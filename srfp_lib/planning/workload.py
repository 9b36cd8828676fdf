"""What each job of a study asks for: its steps and images by the table of jobs, and their seconds by measured steps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .. import fleet, tasks
from ..common import devices
from ..common.errors import UserError
from ..photos import embedded, folder, split
from ..photos.flickr.table import LIST, SHARES, read_table
from ..profiles import Photographs, Profile
from ..published import sources
from ..workflow.jobs import Job
from . import throughput
from .image_costs import Files
from .throughput import Bench
from .timing import Timing

TRAINING_PIXELS = 2.78e6  # of a photograph of DIV2K or Flickr2K (paper, Table A.1)


@dataclass(frozen=True)
class Work:
    """A job's work: ``units`` steps or images, CPU- or GPU-``seconds``, on a GPU those on processors apart."""

    units: float
    seconds: float
    scaled: bool = False
    megabytes: float = 0.0
    note: str = ""

    def __add__(self, other: Work) -> Work:
        note = self.note if other.note in self.note else f"{self.note}; {other.note}".lstrip("; ")
        return Work(self.units + other.units, self.seconds + other.seconds, self.scaled or other.scaled, max(self.megabytes, other.megabytes), note)


NOTHING = Work(0, 0.0)


def count_images(settings: Photographs) -> int:
    """The images to super-resolve, at most: what the profile allows and the photographs can give."""
    if settings.source == "paper":
        list_ = Path(settings.flickr1k).expanduser() / LIST
        return min(settings.max_images, len(read_table(list_)) if list_.is_file() else 1000)
    try:
        photographs = len(_folds(settings)) if settings.source == "embedded" else round(0.5 * len(folder.files(Path(settings.source).expanduser())))
    except UserError:  # a folder that is not there is an obstacle, and no reason not to plan
        return settings.max_images
    return max(min(settings.max_images, photographs * (settings.max_images_per_photograph if settings.image_size else 1)), 1)


def _folds(settings: Photographs) -> list[int]:
    column = "fixed_fold" if settings.rotations == 1 else "fold"
    return [int(row[column]) for row in embedded.rows() if row["role"] == "classify"]


def shares(settings: Photographs) -> dict[str, float]:
    """The share of the images in each part of a run's split."""
    if settings.source == "paper":
        return {**SHARES, "train": 1 - sum(SHARES.values())}
    if settings.source == "embedded":
        parts = Counter(split(fold, rotation=0, rotations=settings.rotations) for fold in _folds(settings))
        return {part: n / sum(parts.values()) for part, n in parts.items()}
    if settings.rotations == 1:
        train, validation, _ = folder.FIXED
        return {"train": train, "validation": validation - train, "test": 1 - validation}
    folds = settings.rotations + 1
    return {"train": (folds - 2) / folds, "validation": 1 / folds, "test": 1 / folds}


class Workload:
    """The work of every job of a profile, measured by a bench."""

    def __init__(self, profile: Profile, bench: Bench) -> None:
        self.profile, self.bench = profile, bench
        self.images, self.shares = count_images(profile.photographs), shares(profile.photographs)
        self.files = Files(profile)
        self.ways = {"train": self._train, "super_resolve": self._enlarge, "quality": self._quality, "prnu": self._prnu, "make": self._published,
                     "classify": self._classify, "photographs": self._photographs}  # fmt: skip

    def of(self, job: Job) -> Work:
        """The work of a job. What is neither steps nor images (chapters, copies) keeps the cost of the table of jobs."""
        way = self.ways.get(job.work.split(":")[1])
        return way(job) if way else Work(0, job.cost, note="not measured")

    def _photographs(self, job: Job) -> Work:
        if self.profile.photographs.source != "paper":
            return Work(self.images, job.cost, note="not measured")
        pixels = 1600 * TRAINING_PIXELS + self.images * math.prod(throughput.image_size(self.profile))
        seconds = 2 * pixels * self.files.reading / math.prod(throughput.image_size(self.profile)) + self.images * self.files.writing
        return Work(1600 + self.images, seconds, note="each file decoded twice")

    def _train(self, job: Job) -> Work:
        networks = tuple(fleet.parse(name) for name in job.arguments[0])
        return self._steps(networks, self.profile.training)

    def _steps(self, networks: tuple[fleet.Network, ...], settings) -> Work:
        total = NOTHING
        for adversarial, steps in ((False, settings.steps), (True, settings.adversarial_steps)):
            if phase := tuple(n for n in networks if n.adversarial is adversarial):
                step = self.bench.training_step(phase, settings)
                total += Work(steps * len(phase), steps * step.seconds, step.scaled, step.megabytes)
        return total

    def _enlarge(self, job: Job) -> Work:
        network = fleet.parse(job.arguments[0][0])
        return self._made(len(job.arguments[0]), self.bench.enlarging(network.architecture, network.scale, self.profile.training))

    def _made(self, networks: int, one: Timing) -> Work:
        count = networks * self.images
        return Work(count, count * (one.seconds + self.files.writing), one.scaled, one.megabytes)

    def _published(self, job: Job) -> Work:
        total, again = NOTHING, sum(len(sources.ways(self.profile.published, name)) - 1 for name in job.arguments[0]) * self.images
        there = sources.weights_at(self.profile.published, job.arguments[0])
        for name in job.arguments[0]:
            true = name in there or self.profile.published.source == "weights"
            total += self._with_weights(name) if true else self._stand_in(fleet.parse(name))
        return total + Work(again, again * self.files.writing)

    def _with_weights(self, name: str) -> Work:
        """By its parameters, from RDN of full size: 25 networks of 15 families would take long to measure."""
        from ..published.catalogue import row

        network, full = fleet.parse(name), replace(self.profile.training, size="full")
        rdn = self.bench.enlarging("RDN", network.scale, full)
        work = self._made(1, replace(rdn, seconds=rdn.seconds * row(name).parameters / 22.2e6, scaled=True))
        return replace(work, note="published networks by their parameters, from RDN")

    def _stand_in(self, network: fleet.Network) -> Work:
        from ..training import recipes

        settings = recipes.stand_in(network.loss, self.profile.training, self.profile.published)
        return self._steps(recipes.with_twin(network), settings) + self._made(1, self.bench.enlarging(network.architecture, network.scale, settings))

    def _quality(self, job: Job) -> Work:
        """The images of each network, read and compared, and the bicubic ones once."""
        settings = self.profile.quality
        images = self.images if settings.images == "all" else round(self.images * self._tested())
        names, scale = job.arguments[0], fleet.parse(job.arguments[0][0]).scale
        one, reading = self.files.scoring.seconds, 0.0 if self.files.decoded else 2 * self.files.reading
        seconds = images * (len(names) * (one + reading) + one + 2 * self.bench.reducing(scale).seconds + reading)
        return Work(images * len(names), seconds, self.files.scoring.scaled)

    def _tested(self) -> float:
        return min(self.shares["test"] * self.profile.photographs.rotations, 1.0)

    def _prnu(self, job: Job) -> Work:
        images = 3 * len(tasks.seed_triplets()) * self.images * (self.shares["train"] + self.shares["test"])
        residual = self.files.residual
        if residual is None:
            return Work(images, 0.0, note="not measured: the package bm3d is not installed")
        return Work(images, images * (residual.seconds + (0 if self.files.decoded else self.files.reading)), residual.scaled)

    def _classify(self, job: Job) -> Work:
        """Training steps by the recipe, validation after each epoch, and the test images once."""
        asked, settings = job.arguments[0], self.profile.classifier
        named = [sources.task(name, self.profile.published) for name in asked.tasks]
        trained = len({n for task in named for n in task.train})
        shown = len(sources.networks(self.profile.published)) if asked.only_evaluate else len({n for task in named for n in task.test})
        step, look = self.bench.classifier(asked.backbone, sum(len(task.classes) for task in named))
        crop = self.files.cropping
        tests = shown * self.images * self.shares["test"]
        seconds, units = tests * (look.seconds + crop), 0.0
        if not asked.only_evaluate and settings.recipe == "steps":
            units, seconds = asked.steps, seconds + asked.steps * (step.seconds + settings.batch * crop)
        elif not asked.only_evaluate:
            batches = math.ceil(trained * self.images * self.shares["train"] / settings.batch)
            units = batches * (settings.head_epochs + settings.epochs)
            # With the body frozen a step is an evaluation of its crops.
            heads, whole = batches * settings.head_epochs, batches * settings.epochs
            validations = (settings.head_epochs + settings.epochs) * trained * self.images * self.shares["validation"]
            seconds += heads * settings.batch * look.seconds + whole * step.seconds + units * settings.batch * crop
            seconds += validations * (look.seconds + crop)
        return Work(units or tests, seconds, step.scaled, step.megabytes)


def longest_chain(jobs: dict[str, Job], seconds: dict[str, float]) -> float:
    """The seconds of the longest chain of jobs that wait for each other: no number of machines is faster."""
    ends: dict[str, float] = {}
    for name, job in jobs.items():
        ends[name] = seconds[name] + max((ends[need] for need in job.needs if need in ends), default=0.0)
    return max(ends.values(), default=0.0)


def measured(profile: Profile, due: Iterable[Job]) -> tuple[float, str]:
    """The seconds of jobs by measured steps, and the device that they were measured on."""
    chosen = devices.find("auto")[0]
    workload = Workload(profile, Bench(profile, chosen))
    return sum(workload.of(job).seconds for job in due), chosen

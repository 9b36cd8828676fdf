"""How long the steps of a study take on this machine, each measured when it is asked for, once.

On processors: CPU seconds of one thread, for a worker has one, so that other work on the machine disturbs little. On a GPU:
seconds on the clock. What would take long on a processor, networks of full size, is measured on a small part of a step
and scaled by pixels. Nothing is downloaded: weights are random, which costs the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import fleet
from ..common import devices
from ..fleet import Network
from ..profiles import SMALL_BACKBONES, Profile, Training
from .timing import Timing, bytes_of, gpu_megabytes, held_by, seconds_of

if TYPE_CHECKING:
    from ..training.trainer import Trainer

PART = 16  # LR side of the crop that stands for a training step of a full-size network; windows and hashes take it
PART_OF_IMAGE = 32  # LR side of the part of an image
LONG = 0.3  # seconds: what takes longer is measured once
MEGABYTES_OF_A_WORKER = 700  # Python with torch and the libraries


class Bench:
    """Measures the steps of a profile on a device, with one thread."""

    def __init__(self, profile: Profile, device: str = "cpu") -> None:
        self.profile, self.device = profile, device
        self.kept: dict[Any, Timing] = {}

    def timed(self, action: Callable[[], object]) -> float:
        """Seconds of an action on the device."""
        return seconds_of(action, self.device)

    def _once(self, key: Any, measure: Callable[[], Timing]) -> Timing:
        if key not in self.kept:
            import torch

            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                self.kept[key] = measure()
            finally:
                torch.set_num_threads(threads)
        return self.kept[key]

    def _in_parts(self, full_size: bool) -> bool:
        return full_size and self.device == "cpu"

    def training_step(self, networks: tuple[Network, ...], settings: Training) -> Timing:
        """One step of networks that are trained together, all L1 or all adversarial."""
        first = networks[0]
        key = ("train", first.architecture, first.scale, first.loss, len(networks), settings)

        def measure() -> Timing:
            if not self._in_parts(settings.size == "full"):
                return self._whole_step(networks, settings)
            if not first.adversarial:
                return self._step_by_parts(first, settings)
            twin = replace(first, loss="L1")
            return self.training_step((twin,), settings) + self._once(("adversary", first.loss, settings), lambda: self._adversary(first, settings))

        return self._once(key, measure)

    def _trainer(self, networks: tuple[Network, ...], settings: Training) -> Trainer:
        """The study's own trainer, its perceptual networks untrained, on the device."""
        from ..training.perceptual import UNTRAINED
        from ..training.trainer import Trainer

        kind = UNTRAINED.get(settings.perceptual, settings.perceptual)
        return Trainer(networks, replace(settings, perceptual=kind), master_seed=1, device=self.device)

    def _batch(self, settings: Training, scale: int, n: int, batch: int, side: int) -> tuple[Any, Any]:
        """Crops as the training cuts them, from a few random tiles."""
        from ..training import batches

        tiles = batches.Tiles.of(_noise(2, max(side, min(self.profile.photographs.training_tile, 480))), scale)
        draws = batches.draw(tiles, steps=1, batch=batch, patch=side, name=("plan",), master_seed=1)
        return batches.batch_of([tiles] * n, [draws] * n, 0, patch=side)

    def _whole_step(self, networks: tuple[Network, ...], settings: Training) -> Timing:
        from ..training.recorded import WARM_UP

        trainer, scale = self._trainer(networks, settings), networks[0].scale
        lr, hr = self._batch(settings, scale, len(networks), settings.batch, settings.patch)
        cutting = self.timed(lambda: self._batch(settings, scale, len(networks), settings.batch, settings.patch)) - self._reducing(settings, scale)
        step = lambda: trainer.step(lr, hr, 0)  # noqa: E731
        for _ in range(WARM_UP + 1 if trainer.recorded else 1):
            step()
        seconds = min(self.timed(step), self.timed(step))
        return Timing(seconds + max(cutting, 0), False, gpu_megabytes(self.device))

    def _reducing(self, settings: Training, scale: int) -> float:
        from ..training import batches

        tiles = _noise(2, max(settings.patch, min(self.profile.photographs.training_tile, 480)))
        return self.timed(lambda: batches.Tiles.of(tiles, scale))

    def _step_by_parts(self, network: Network, settings: Training) -> Timing:
        trainer, side = self._trainer((network,), settings), min(PART * network.scale, settings.patch)
        lr, hr = self._batch(settings, network.scale, 1, 1, side)
        step = lambda: trainer.step(lr, hr, 0)  # noqa: E731
        held = held_by(step)
        updating = self.timed(trainer.optimisers[0].step)
        parts = settings.batch * settings.patch**2 / side**2
        seconds = updating + max(self.timed(step) - updating, 0) * parts
        weights = 4 * bytes_of(trainer.generator.modules[0])  # with gradients and Adam's two moments
        return Timing(seconds, True, (weights + held * parts) / 1e6)

    def _adversary(self, network: Network, settings: Training) -> Timing:
        """What a discriminator and a perceptual network add to a step, whatever network they judge: measured beside EDSR 4x."""
        scale, side = 4, settings.patch
        player = fleet.parse(f"EDSR-div2k-x{scale}-{network.loss}-s1")
        both, alone = self._trainer((player,), settings), self._trainer((replace(player, loss="L1"),), settings)
        lr, hr = self._batch(settings, scale, 1, 1, side)
        held = held_by(lambda: both.step(lr, hr, 0))
        alone.step(lr, hr, 0)
        updating = self.timed(both.optimisers[1].step)
        added = self.timed(lambda: both.step(lr, hr, 0)) - self.timed(lambda: alone.step(lr, hr, 0)) - updating
        weights = 4 * bytes_of(both.discriminator.modules[0]) + sum(map(bytes_of, both.phi.values()))
        return Timing(updating + max(added, 0) * settings.batch, settings.batch > 1, (weights + held * settings.batch) / 1e6)

    def enlarging(self, architecture: str, scale: int, settings: Training) -> Timing:
        """One image by a network, clamped and rounded, without its file."""
        return self._once(("enlarge", architecture, scale, settings.size), lambda: self._enlarging(architecture, scale, settings))

    def _enlarging(self, architecture: str, scale: int, settings: Training) -> Timing:
        from .. import networks
        from ..images import superresolve

        network = networks.build(architecture, scale, settings.size).eval().to(self.device)
        height, width = image_size(self.profile)
        if self._in_parts(settings.size == "full"):
            count, part = 1, (min(PART_OF_IMAGE, height // scale), min(PART_OF_IMAGE, width // scale))
        else:
            count, part = (16 if self.profile.photographs.image_size else 1), (height // scale, width // scale)
        lr = _noise(count, 1)[:, :1, :1].repeat(part[0], 1).repeat(part[1], 2)
        enlarge = lambda: superresolve.super_resolve(network, lr, device=self.device)  # noqa: E731
        seconds = self.timed(enlarge)
        seconds = seconds if seconds > LONG else self.timed(enlarge)  # the first time things are set up
        share = height * width / (part[0] * part[1] * scale**2 * count)
        reducing = self.reducing(scale).seconds
        return Timing(seconds * share + reducing, share > 1, gpu_megabytes(self.device))

    def reducing(self, scale: int) -> Timing:
        """One true image reduced, on the processor."""
        from ..images.superresolve import downscale

        height, width = image_size(self.profile)
        image = _noise(1, max(height, width))[:, :height, :width]
        return self._once(("reduce", scale), lambda: Timing(self.timed(lambda: downscale(image, scale))))

    def classifier(self, backbone: str, classes: int) -> tuple[Timing, Timing]:
        """A training step on a batch of crops, and the evaluation of one image; crops come ready."""
        taught = self._once(("taught", backbone), lambda: self._classifier(backbone, classes))  # a head's classes cost next to nothing
        return taught, self.kept["shown", backbone]

    def _classifier(self, backbone: str, classes: int) -> Timing:
        import torch
        import torch.nn.functional as F

        model, optimiser, crops = self._taught(backbone, classes)
        wanted, parts = torch.zeros(len(crops), dtype=torch.long, device=self.device), self.profile.classifier.batch / len(crops)

        def forward() -> Any:
            with devices.autocast(self.device, self.profile.classifier.precision):
                return model(crops.to(self.device))[1]["plan"].float()

        def step() -> None:
            optimiser.zero_grad()
            F.cross_entropy(forward(), wanted).backward()
            optimiser.step()

        held = held_by(step) if self.device == "cpu" else 0
        updating = self.timed(optimiser.step)
        seconds = updating + max(self.timed(step) - updating, 0) * parts
        model.eval()
        with torch.inference_mode():
            self.kept["shown", backbone] = Timing(min(self.timed(forward) for _ in range(1 if parts > 1 else 2)) / len(crops))
        return Timing(seconds, parts > 1, (4 * bytes_of(model) + held * parts) / 1e6 if self.device == "cpu" else gpu_megabytes(self.device))

    def _taught(self, backbone: str, classes: int) -> tuple[Any, Any, Any]:
        """A classifier without trained weights, its optimiser, and crops: a batch, or one that stands for it."""
        import torch

        from ..classifiers.bodies import Classifier

        settings, small = self.profile.classifier, backbone in SMALL_BACKBONES
        model = Classifier(backbone, {"plan": classes}, pretrained=False).to(self.device, memory_format=torch.channels_last)
        kind = torch.optim.AdamW if settings.recipe == "steps" else torch.optim.Adamax
        # Of a crop of 32 pixels a timm backbone leaves one, of which a single crop gives batch norm no variance.
        alone = self._in_parts(not small) and settings.crop > 32
        crops = torch.rand(1 if alone else settings.batch, settings.crop, settings.crop, 3).permute(0, 3, 1, 2)
        return model, kind(model.parameters(), lr=1e-6), crops


def image_size(profile: Profile) -> tuple[int, int]:
    """Height and width of the images: tiles, or photographs of the paper's 0.65 million pixels (section 3.2)."""
    side = profile.photographs.image_size
    return (side, side) if side else (672, 960)


@cache
def _noise(n: int, side: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, side, side, 3), dtype=np.uint8)

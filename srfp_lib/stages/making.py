"""The work of the jobs that make photographs, networks, images, quality and noise residuals. The doing is in the rooms."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from .. import fleet, photos, tasks
from ..classifiers import prnu as baseline
from ..classifiers.predictions import Predictions
from ..common.errors import UserError
from ..fleet import HR
from ..images import gallery, metrics, superresolve
from ..images.arrays import ArrayFile, read_array
from ..photos import statistics as table_a1
from ..training.batches import Rows
from ..training.loop import Data
from ..training.loop import train as train_networks
from ..training.trainer import fresh
from ..workflow.desk import Desk


def photographs(desk: Desk) -> None:
    """Cut the photographs: training tiles, and the true images in the layout of the authors' release."""
    settings = desk.profile.photographs
    found = photos.load(settings, master_seed=desk.profile.master_seed)
    for name in ("photographs", "images", "skipped"):
        getattr(found, name).to_csv(desk.write("photos", f"{name}.csv"), index=False)
    rows, side = [], settings.training_tile
    with ArrayFile(desk.write("photos", "training.npy"), found.n_training, (side, side, 3)) as file:
        for row, pixels in found.training():
            rows.append(row)
            file.add(pixels)
    columns = ["tile", "photograph", "dataset", "quarter"]
    pd.DataFrame(rows, columns=columns).to_csv(desk.write("photos", "training.csv"), index=False)
    gallery.write_images(desk, HR, list(found.images["image"]), found.image_pixels(), tiles=settings.image_size is not None)
    gallery.write_splits(desk, found.images, settings.rotations)
    desk.unchanged(photos.content_digest(settings))


def statistics(desk: Desk) -> None:
    """The numbers of Table A.1 for each photograph."""
    rows = table_a1.rows(desk.profile.photographs, master_seed=desk.profile.master_seed)
    pd.DataFrame(rows).to_csv(desk.write("statistics", "photographs.csv"), index=False, float_format="%.4f")


def train(desk: Desk, names: tuple[str, ...]) -> None:
    """Train networks of one architecture and scale."""
    profile, networks = desk.profile, tuple(fleet.parse(name) for name in names)
    trained = train_networks(networks, training_data(desk, *fleet.DATASETS), profile.training, master_seed=profile.master_seed,
                             checkpoints=desk.checkpoints(), device=desk.device)  # fmt: skip
    for network in networks:
        save_file(trained.states[network.model_id], desk.write("networks", network.model_id, "weights.safetensors"))
        rows = [row for row in trained.log if row["model_id"] == network.model_id]
        with desk.write("networks", network.model_id, "log.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["model_id", "step", "loss", "held_out_psnr"])
            writer.writeheader()
            writer.writerows(rows)


def training_data(desk: Desk, *datasets: str) -> Data:
    """Training sets by name, and eight validation images of run 1 to measure PSNR on."""
    training, images = pd.read_csv(desk.read("photos", "training.csv")), gallery.custom(desk)
    tiles = read_array(desk.read("photos", "training.npy"))
    sets = {}
    for dataset in datasets:
        whole = training["dataset"] == dataset.removeprefix("quarter_")
        sets[dataset] = Rows(tiles, np.flatnonzero(whole & training["quarter"] if dataset.startswith("quarter_") else whole))
    return Data(sets, list(images.batches(HR, images.numbers("validation", run=1)[:8])))


def super_resolve(desk: Desk, names: tuple[str, ...]) -> None:
    """Super-resolve every image with networks of one scale."""
    images, scale = gallery.custom(desk), fleet.parse(names[0]).scale

    def reduced() -> Iterator[np.ndarray]:
        return (superresolve.downscale(hr, scale) for hr in images.batches(HR))

    kept = list(reduced()) if images.tiles else None  # photographs are downscaled anew for every network
    for name in names:
        network = load_network(desk, name)
        sr = (image for lr in kept or reduced() for image in superresolve.super_resolve(network, lr, device=desk.device))
        gallery.write_images(desk, name, images.names, sr, tiles=images.tiles)


def load_network(desk: Desk, name: str) -> nn.Module:
    """The trained network of a model_id, in eval mode on the desk's device. Raises UserError if its file is damaged."""
    path = desk.read("networks", name, "weights.safetensors")
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"the weights '{path}' are damaged ({error}): delete the file, and the same command trains it again") from None
    network = fresh(fleet.parse(name), desk.profile.training, master_seed=0).eval()
    network.load_state_dict(state)
    return network.to(desk.device)


def quality(desk: Desk, names: tuple[str, ...], output: str) -> None:
    """PSNR, SSIM and, where the profile says so, LPIPS of networks of one scale, beside the PSNR of bicubic upscaling."""
    settings, images = desk.profile.quality, gallery.custom(desk)
    numbers = images.tested() if settings.images == "test" else range(len(images.table))
    bicubic = (superresolve.bicubic_of(hr, fleet.parse(names[0]).scale) for hr in images.batches(HR, numbers))
    plain = metrics.score(bicubic, images.batches(HR, numbers), crop=settings.crop)["psnr"]
    tables = []
    for name in names:
        sr, hr = images.batches(name, numbers), images.batches(HR, numbers)
        scores = metrics.score(sr, hr, crop=settings.crop, perceptual=settings.lpips)
        index = images.index([(name, i) for i in numbers])
        tables.append(index.assign(**scores, bicubic_psnr=plain))
    pd.concat(tables).to_csv(desk.write(output), index=False, float_format="%.4f")


def prnu(desk: Desk, run: int, output: str, random_phase: bool) -> None:
    """Fingerprints of the DIV2K networks from training images, and the distances of test images to them."""
    settings, images = desk.profile.prnu, gallery.custom(desk)
    ids = [n.model_id for group in tasks.seed_triplets() for n in group]

    def residuals(model_id: str, part: str) -> Iterator[np.ndarray]:
        numbers = images.numbers(part, run=run)
        start = 0
        for whole in images.batches(model_id, numbers, most=len(numbers)):
            some, start = numbers[start : start + len(whole)], start + len(whole)
            if random_phase:
                whole = baseline.out_of_phase(whole, some, master_seed=desk.profile.master_seed)
            yield baseline.residuals(whole, settings.denoiser, crop=settings.crop, int8=settings.int8)

    fingerprints = np.stack([baseline.fingerprint(residuals(m, "train")) for m in ids])
    scores = np.concatenate([baseline.scores(part, fingerprints) for m in ids for part in residuals(m, "test")])
    index = images.index([(m, i) for m in ids for i in images.numbers("test", run=run)])
    Predictions("prnu", run, tuple(ids), index, scores).save(desk.write(output))

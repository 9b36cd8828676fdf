"""The work of the jobs that make photographs, networks, images, quality and noise residuals. The doing is in the rooms."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from .. import fleet, photos, tasks
from ..classifiers.predictions import Predictions
from ..common.errors import UserError
from ..fingerprints import prnu as baseline
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
    """Cut the photographs: training tiles, and the true images in the layout of the authors' release.

    Where images are whole photographs, LR images of training are cut from those of whole photographs too (D9).
    """
    settings = desk.profile.photographs
    found = photos.load(settings, master_seed=desk.profile.master_seed)
    for name in ("photographs", "images", "skipped"):
        getattr(found, name).to_csv(desk.write("photos", f"{name}.csv"), index=False)
    rows, side = [], settings.training_tile
    with ArrayFile(desk.write("photos", "training.npy"), found.n_training, (side, side, 3)) as file:
        for row, pixels in found.training():
            rows.append(row)
            file.add(pixels)
    for scale in _reduced_whole(desk):
        with ArrayFile(desk.write("photos", f"training-x{scale}.npy"), found.n_training, (side // scale, side // scale, 3)) as file:
            for lr in found.training_lr(scale):
                file.add(lr)
    columns = ["tile", "photograph", "dataset", "quarter"]
    pd.DataFrame(rows, columns=columns).to_csv(desk.write("photos", "training.csv"), index=False)
    gallery.write_images(desk, HR, list(found.images["image"]), found.image_pixels(), tiles=settings.image_size is not None)
    gallery.write_splits(desk, found.images, settings.rotations)
    desk.unchanged(photos.content_digest(settings))


def windows(desk: Desk) -> None:
    """The images with a margin of their photographs, for published networks: these carry the border of a small tile far inside."""
    settings, places = desk.profile.photographs, []
    found = photos.load(settings, master_seed=desk.profile.master_seed)
    with ArrayFile(desk.write("windows", "pixels.npy"), len(found.images)) as file:
        for pixels, top, left in found.windows(desk.profile.published.margin):
            file.add(pixels)
            places.append((top, left))
    pd.DataFrame(places, columns=["top", "left"]).to_csv(desk.write("windows", "places.csv"), index=False)
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


def _reduced_whole(desk: Desk) -> tuple[int, ...]:
    return fleet.SCALES if desk.profile.photographs.image_size is None else ()


def training_data(desk: Desk, *datasets: str) -> Data:
    """Training sets by name, and eight validation images of run 1 to measure PSNR on."""
    training, images = pd.read_csv(desk.read("photos", "training.csv")), gallery.custom(desk)
    tiles = read_array(desk.read("photos", "training.npy"))
    reduced = {scale: read_array(desk.read("photos", f"training-x{scale}.npy")) for scale in _reduced_whole(desk)}
    sets, lr = {}, {}
    for dataset in datasets:
        whole = training["dataset"] == dataset.removeprefix("quarter_")
        numbers = np.flatnonzero(whole & training["quarter"] if dataset.startswith("quarter_") else whole)
        sets[dataset] = Rows(tiles, numbers)
        lr |= {(dataset, scale): Rows(array, numbers) for scale, array in reduced.items()}
    return Data(sets, list(images.batches(HR, images.numbers("validation", run=1)[:8])), lr)


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


def prnu(desk: Desk, outputs: tuple[str, ...], known_offset: bool) -> None:
    """Fingerprints of the DIV2K networks from the training images of each run, and the distances of its test images to those of their triplet.

    A triplet at a time, so that memory stays small; every residual is computed once for all runs.
    """
    images, ids = gallery.custom(desk), tuple(n.model_id for group in tasks.seed_triplets() for n in group)
    train, test = ([images.numbers(part, run=run) for run in range(1, len(outputs) + 1)] for part in ("train", "test"))
    scores = [np.full((len(ids) * len(numbers), len(ids)), -np.inf, np.float32) for numbers in test]
    for start in range(0, len(ids), 3):
        triplet = slice(start, start + 3)
        found = [_noise(desk, images, name, train, test, known_offset) for name in ids[triplet]]
        for run, numbers in enumerate(test):
            fingerprints = np.stack([of_runs[run].mean for of_runs, _ in found])
            rows = [baseline.scores(tested[i][None], fingerprints) for _, tested in found for i in numbers]
            scores[run][start * len(numbers) : (start + 3) * len(numbers), triplet] = np.concatenate(rows)
    for run, output in enumerate(outputs):
        index = images.index([(name, i) for name in ids for i in test[run]])
        Predictions(output.split("/")[1], run + 1, ids, index, scores[run]).save(desk.write(output))


def _noise(desk: Desk, images: gallery.Gallery, name: str, train: Sequence[Sequence[int]], test: Sequence[Sequence[int]],
           known_offset: bool) -> tuple[list[baseline.Fingerprint], dict[int, np.ndarray]]:  # fmt: skip
    """A network's fingerprint of each run, and the residual of each image that is tested in any run."""
    settings, fingerprints, tested = desk.profile.prnu, [baseline.Fingerprint() for _ in train], {}
    wanted = sorted({i for numbers in (*train, *test) for i in numbers})
    numbers = iter(wanted)
    for whole in images.batches(name, wanted):
        some = list(islice(numbers, len(whole)))
        shown = baseline.cut(whole, some, crop=settings.crop, tiles=images.tiles, known_offset=known_offset, master_seed=desk.profile.master_seed)
        for i, residual in zip(some, baseline.residuals(shown, settings.denoiser, int8=settings.int8), strict=True):
            for fingerprint, of_run in zip(fingerprints, train, strict=True):
                if i in of_run:
                    fingerprint.add(residual)
            if any(i in of_run for of_run in test):
                tested[i] = residual.copy()  # not the whole batch
    return fingerprints, tested

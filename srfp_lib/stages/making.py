"""What each job reads, does and writes. The doing is in the rooms; here is only the passing on."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .. import fleet, tasks
from ..classifiers.predictions import Predictions
from ..common.errors import UserError
from ..images import gallery
from ..images.arrays import ArrayFile, read_array
from ..photos import split
from ..program import HR
from ..workflow.jobs import Desk

if TYPE_CHECKING:
    import pandas as pd

    from ..photos import PhotoSet


def photographs(desk: Desk) -> None:
    """Cut the photographs: training tiles, and the true images in the layout of the authors' release."""
    from .. import photos

    settings = desk.profile.photographs
    found = photos.load(settings, master_seed=desk.profile.master_seed)
    for name in ("photographs", "images", "skipped"):
        getattr(found, name).to_csv(desk.write("photos", f"{name}.csv"), index=False)
    _write_training(desk, found, settings.training_tile)
    gallery.write_images(desk, HR, list(found.images["image"]), found.image_pixels(), tiles=settings.image_size is not None)
    write_splits(desk, found.images, settings.rotations)


def statistics(desk: Desk) -> None:
    """What Table A.1 says of each photograph."""
    import pandas as pd

    from ..photos import statistics as counted

    rows = counted.rows(desk.profile.photographs, master_seed=desk.profile.master_seed)
    pd.DataFrame(rows).to_csv(desk.write("statistics", "photographs.csv"), index=False, float_format="%.4f")


def _write_training(desk: Desk, found: PhotoSet, side: int) -> None:
    import pandas as pd

    rows = []
    with ArrayFile(desk.write("photos", "training.npy"), found.n_training, (side, side, 3)) as file:
        for row, pixels in found.training():
            rows.append(row)
            file.add(pixels)
    columns = ["tile", "photograph", "dataset", "quarter"]
    pd.DataFrame(rows, columns=columns).to_csv(desk.write("photos", "training.csv"), index=False)


def write_splits(desk: Desk, images: pd.DataFrame, rotations: int) -> None:
    """The split files of the authors' release, of the first run."""
    for part, file in (("train", "train"), ("validation", "val"), ("test", "test")):
        names = images["image"][np.array([split(f, rotation=0, rotations=rotations) for f in images["fold"]]) == part]
        desk.write("images", f"{file}-split.txt").write_text("".join(f"{name}.png\n" for name in names))


def train(desk: Desk, names: tuple[str, ...], job: str) -> None:
    """Train networks of one architecture and scale."""
    import pandas as pd
    from safetensors.torch import save_file

    from ..training.batches import Rows
    from ..training.loop import Data
    from ..training.loop import train as train_networks

    profile, images = desk.profile, gallery.custom(desk)
    training = pd.read_csv(desk.read("photos", "training.csv"))
    tiles = read_array(desk.read("photos", "training.npy"))
    sets = {d: Rows(tiles, _members(training, d)) for d in fleet.DATASETS}
    held_out = list(images.batches(HR, images.numbers("validation", run=1)[:8]))
    networks = tuple(fleet.parse(name) for name in names)
    trained = train_networks(networks, Data(sets, held_out), profile.training, master_seed=profile.master_seed,
                             checkpoints=desk.checkpoints(job), device=desk.device)  # fmt: skip
    for network in networks:
        save_file(trained.states[network.model_id], desk.write("networks", network.model_id, "weights.safetensors"))
        rows = [row for row in trained.log if row["model_id"] == network.model_id]
        with desk.write("networks", network.model_id, "log.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["model_id", "step", "loss", "held_out_psnr"])
            writer.writeheader()
            writer.writerows(rows)


def _members(training: pd.DataFrame, dataset: str) -> np.ndarray:
    whole = training["dataset"] == dataset.removeprefix("quarter_")
    return np.flatnonzero(whole & training["quarter"] if dataset.startswith("quarter_") else whole)


def super_resolve(desk: Desk, names: tuple[str, ...]) -> None:
    """Enlarge every image with networks of one scale."""
    from ..images import superresolve

    images, scale = gallery.custom(desk), fleet.parse(names[0]).scale

    def reduced() -> Iterator[np.ndarray]:
        return (superresolve.downscale(hr, scale) for hr in images.batches(HR))

    kept = list(reduced()) if images.tiles else None  # photographs are reduced anew for every network
    for name in names:
        network = load_network(desk, name)
        sr = (image for lr in kept or reduced() for image in superresolve.super_resolve(network, lr, device=desk.device))
        gallery.write_images(desk, name, images.names, sr, tiles=images.tiles)


def load_network(desk: Desk, name: str):
    """The trained network of a model_id, ready to use on the desk's device."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from ..training.trainer import fresh

    path = desk.read("networks", name, "weights.safetensors")
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"the weights '{path}' are damaged ({error}): delete the file, and the same command trains it again") from None
    network = fresh(fleet.parse(name), desk.profile.training, master_seed=0).eval()
    network.load_state_dict(state)
    return network.to(desk.device)


def quality(desk: Desk, names: tuple[str, ...], output: str) -> None:
    """PSNR, SSIM and, if asked for, LPIPS of the test images, or of all images, of networks of one scale, beside bicubic."""
    import pandas as pd

    from ..images import metrics, superresolve

    settings, images = desk.profile.quality, gallery.custom(desk)
    if settings.images not in ("test", "all"):
        raise UserError(f"quality.images is '{settings.images}': choose test or all")
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
    from ..classifiers import prnu as baseline

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


def chapter(desk: Desk, notebook: str) -> None:
    """Execute a chapter with papermill; its tables and figures become outputs of the job."""
    from ..pages.notebooks import execute

    os.environ["SRFP_OUT"] = str(desk.out)
    parameters = {"profile": "", "workspace": str(desk.workspace.root)}  # the workspace knows its profile
    execute(notebook, desk.write("chapters", f"{notebook}.ipynb"), parameters)

"""What each job reads, does and writes. The doing is in the rooms; here is only the passing on."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import fleet, tasks
from .errors import UserError
from .fleet import Network
from .jobs import Desk
from .photos import split

if TYPE_CHECKING:
    import pandas as pd

    from .classifiers.images import Images

HR = "HR-HR-HR-HR-HR"  # the authors' name for the folder of true images


def photographs(desk: Desk) -> None:
    """Cut the photographs: training tiles, and the true images in the layout of the authors' release."""
    from . import photos

    found = photos.load(desk.profile.photographs, master_seed=desk.profile.master_seed)
    for name in ("photographs", "training", "images", "skipped"):
        getattr(found, name).to_csv(desk.write("photos", f"{name}.csv"), index=False)
    np.save(desk.write("photos", "training.npy"), found.training_pixels)
    _write_images(desk, HR, list(found.images["image"]), found.image_pixels)
    for part, file in (("train", "train"), ("validation", "val"), ("test", "test")):
        names = found.images["image"][_parts(desk, found.images, run=1) == part]
        desk.write("images", f"{file}-split.txt").write_text("".join(f"{name}.png\n" for name in names))


def train(desk: Desk, names: tuple[str, ...], job: str) -> None:
    """Train networks of one architecture and scale."""
    import pandas as pd
    from safetensors.torch import save_file

    from .training.loop import Data
    from .training.loop import train as train_networks

    profile, images = desk.profile, _images(desk)
    training = pd.read_csv(desk.read("photos", "training.csv"))
    tiles = _array(desk, "photos", "training.npy")
    sets = {d: tiles[_members(training, d)] for d in fleet.DATASETS}
    validation = np.flatnonzero(_parts(desk, images, run=1) == "validation")[:8]
    held_out = _true_images(desk)[validation]
    networks = tuple(fleet.parse(name) for name in names)
    trained = train_networks(networks, Data(sets, held_out), profile.training, master_seed=profile.master_seed,
                             checkpoints=desk.checkpoints(job))  # fmt: skip
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
    from . import superresolve

    images = list(_images(desk)["image"])
    hr = _true_images(desk)
    lr = superresolve.downscale(hr, fleet.parse(names[0]).scale)
    for name in names:
        _write_images(desk, name, images, superresolve.super_resolve(load_network(desk, name), lr))


def load_network(desk: Desk, name: str):
    """The trained network of a model_id, ready to use."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .training.trainer import fresh

    path = desk.read("networks", name, "weights.safetensors")
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"the weights '{path}' are damaged ({error}): delete the file, and the same command trains it again") from None
    network = fresh(fleet.parse(name), desk.profile.training, master_seed=0).eval()
    network.load_state_dict(state)
    return network


def quality(desk: Desk, names: tuple[str, ...], output: str) -> None:
    """PSNR and SSIM of every test image of networks of one scale, beside bicubic."""
    import pandas as pd

    from . import metrics, superresolve

    images, hr, scale = _images(desk), _true_images(desk), fleet.parse(names[0]).scale
    bicubic = metrics.psnr(superresolve.upscale_bicubic(superresolve.downscale(hr, scale), scale), hr)
    tables = []
    for name in names:
        sr = _array(desk, "decoded", f"{name}.npy")
        columns = {"model_id": name, "image": images["image"], "photograph": images["photograph"],
                   "psnr": metrics.psnr(sr, hr), "ssim": metrics.ssim(sr, hr), "bicubic_psnr": bicubic}  # fmt: skip
        tables.append(pd.DataFrame(columns))
    pd.concat(tables).to_csv(desk.write(output), index=False, float_format="%.4f")


def classify(desk: Desk, heads: tuple[tuple[str, str], ...], run: int, backbone: str, steps: int, grid: int,
             outputs: tuple[str, ...]) -> None:  # fmt: skip
    """Train one classifier and show it the test images. ``heads`` are (question, column of Table 4 or "")."""
    from dataclasses import replace

    from .classifiers import recipe

    settings = replace(desk.profile.classifier, crop_grid=grid)
    asked = {question: tasks.parser(question, column) if column else tasks.attribution() for question, column in heads}
    images, store = _images(desk), _store(desk)
    parts = _parts(desk, images, run=run)
    question = recipe.Question(asked, _union(t.train for t in asked.values()), _numbers(parts, "train"), _numbers(parts, "validation"), run)
    fitting = recipe.Fitting(question, store, backbone, settings, master_seed=desk.profile.master_seed)
    model = recipe.fit_steps(fitting, steps) if settings.recipe == "steps" else recipe.fit_paper(fitting)
    tested = _union(t.test for t in asked.values())
    picks = [(n.model_id, i) for n in tested for i in _numbers(parts, "test")]
    side = None if desk.profile.photographs.image_size else settings.crop
    features, scores = recipe.evaluate(model, store, picks, side=side, precision=settings.precision)
    index = _index(picks, images)
    for (head, task), output in zip(asked.items(), outputs, strict=True):
        mine = index["model_id"].isin([n.model_id for n in task.test]).to_numpy()
        _save(desk, output, run, task.classes, index[mine], scores[head][mine], features[mine])


def prnu(desk: Desk, run: int, output: str) -> None:
    """Fingerprints of the DIV2K networks from training images, and the distances of test images to them."""
    from .classifiers import prnu as baseline

    settings, images, store = desk.profile.prnu, _images(desk), _store(desk)
    parts = _parts(desk, images, run=run)
    ids = [n.model_id for group in tasks.seed_triplets() for n in group]

    def residuals(model_id: str, part: str) -> np.ndarray:
        numbers = list(_numbers(parts, part))
        return baseline.residuals(store.whole(model_id, numbers), settings.denoiser, crop=settings.crop, int8=settings.int8)

    fingerprints = np.stack([baseline.fingerprint([residuals(m, "train")]) for m in ids])
    scores = np.concatenate([baseline.scores(residuals(m, "test"), fingerprints) for m in ids])
    index = _index([(m, i) for m in ids for i in _numbers(parts, "test")], images)
    _save(desk, output, run, tuple(ids), index, scores, None)


def _save(desk: Desk, output: str, run: int, classes: Sequence[str], index: pd.DataFrame, scores: np.ndarray,
          features: np.ndarray | None) -> None:  # fmt: skip
    from .predictions import Predictions

    task = output.split("/")[1]
    Predictions(task, run, tuple(classes), index.reset_index(drop=True), scores, features).save(desk.write(output))


def _images(desk: Desk) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(desk.read("photos", "images.csv"), dtype={"image": str, "photograph": str})


def _true_images(desk: Desk) -> np.ndarray:
    return _array(desk, "decoded", f"{HR}.npy")


def _array(desk: Desk, *parts: str) -> np.ndarray:
    from .classifiers.images import read_array

    return read_array(desk.read(*parts))


def _store(desk: Desk) -> Images:
    from .classifiers.images import Images

    return Images(desk.read("images"), desk.read("decoded"), list(_images(desk)["image"]))


def _parts(desk: Desk, images: pd.DataFrame, *, run: int) -> np.ndarray:
    """ "train", "validation" or "test" for every image, in the split that a run uses."""
    rotations = desk.profile.photographs.rotations
    return np.array([split(fold, rotation=(run - 1) % rotations, rotations=rotations) for fold in images["fold"]])


def _numbers(parts: np.ndarray, part: str) -> tuple[int, ...]:
    return tuple(np.flatnonzero(parts == part).tolist())


def _union(groups: Sequence[tuple[Network, ...]]) -> tuple[Network, ...]:
    return tuple(dict.fromkeys(network for group in groups for network in group))


def _index(picks: list[tuple[str, int]], images: pd.DataFrame) -> pd.DataFrame:
    numbers = [number for _, number in picks]
    index = images.loc[numbers, ["image", "photograph"]].reset_index(drop=True)
    index.insert(0, "model_id", [model_id for model_id, _ in picks])
    return index


def _write_images(desk: Desk, name: str, images: list[str], pixels: Sequence[np.ndarray]) -> None:
    """One PNG an image in the folder of a network, and, where all are of one size, their pixels in one file."""
    from PIL import Image

    for image, array in zip(images, pixels, strict=True):
        # Level 1 is twice as fast as the default and costs a tenth in size.
        Image.fromarray(array).save(desk.write("images", name, f"{image}.png"), compress_level=1)
    if len({array.shape for array in pixels}) == 1:
        np.save(desk.write("decoded", f"{name}.npy"), np.stack(list(pixels)))


def chapter(desk: Desk, notebook: str) -> None:
    """Execute a chapter with papermill; its tables and figures become outputs of the job."""
    from .notebooks import execute

    os.environ["SRFP_OUT"] = str(desk.out)
    parameters = {"profile": "", "workspace": str(desk.workspace.root)}  # the workspace knows its profile
    execute(notebook, desk.write("chapters", f"{notebook}.ipynb"), parameters)

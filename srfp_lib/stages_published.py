"""The images of published networks, made with true weights or by stand-ins, or taken from somebody else's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import fleet, gallery, superresolve
from .errors import UserError
from .fleet import Network
from .jobs import Desk
from .photos.folder import fold_of
from .program import HR
from .published import sources
from .randomness import seed


def make(desk: Desk, names: tuple[str, ...]) -> None:
    """Super-resolve every image with published networks: with their weights where these are, else by stand-ins."""
    settings, images = desk.profile.published, gallery.custom(desk)
    numbers, ids = range(len(images.table)), list(images.table["image"])
    hr = [images.store.whole(HR, [i])[0] for i in numbers]
    with_weights = sources.weights_at(settings, names)
    for name in names:
        network = fleet.parse(name)
        true = name in with_weights or settings.source == "weights"
        sr, about = _with_weights(desk, network, hr, ids) if true else _by_stand_in(desk, network, hr)
        rounded = settings.writer == "round" or name not in sources.TRUNCATING
        gallery.write_images(desk, name, ids, [_to_8_bits(x, rounded=rounded) for x in sr])
        if name in sources.TRUNCATING:
            gallery.write_images(desk, f"{name}{sources.TRUNCATED}", ids, [_to_8_bits(x, rounded=not rounded) for x in sr])
        desk.write("published", f"{name}.json").write_text(json.dumps({"model_id": name, **about}, indent=1))


def _to_8_bits(image: np.ndarray, *, rounded: bool) -> np.ndarray:
    scaled = np.clip(image, 0, 1) * 255
    return (np.round(scaled) if rounded else np.floor(scaled)).astype(np.uint8)


def _with_weights(desk: Desk, network: Network, hr: list[np.ndarray], ids: list[str]) -> tuple[list[np.ndarray], dict[str, Any]]:
    from . import published
    from .published import weights
    from .published.catalogue import file_name
    from .published.catalogue import row as row_of

    row, built = row_of(network.model_id), published.network(network.model_id)
    built.load_state_dict(weights.load(Path(desk.profile.published.weights_dir).expanduser(), row))
    sr = [built.upscale(superresolve.downscale(image[None], network.scale)[0], name=name) for image, name in zip(hr, ids, strict=True)]
    return sr, {"origin": "the authors' weights", "file": file_name(row), "parameters": built.descriptor.parameters}


def _by_stand_in(desk: Desk, network: Network, hr: list[np.ndarray]) -> tuple[list[np.ndarray], dict[str, Any]]:
    from .training import standins
    from .training.trainer import fresh

    profile, images = desk.profile, gallery.custom(desk)
    training = pd.read_csv(desk.read("photos", "training.csv"))
    tiles = np.load(desk.read("photos", "training.npy"), mmap_mode="c")[np.flatnonzero(training["dataset"] == "stand-ins")]
    held_out = images.store.whole(HR, images.numbers("validation", run=1)[:8])
    trained = standins.train(network, tiles, held_out, profile.training, profile.published, master_seed=profile.master_seed)
    module = fresh(network, standins.settings_of(network.loss, profile.training, profile.published), master_seed=0).eval()
    module.load_state_dict(trained.states[network.model_id])
    lr = superresolve.downscale(np.stack(hr), network.scale)
    sr = [superresolve.enlarge(module, lr[i : i + 16]) for i in range(0, len(lr), 16)]
    psnr = trained.log[-1]["held_out_psnr"]
    return list(np.concatenate(sr)), {
        "origin": "stand-in",
        "parameters": sum(p.numel() for p in module.parameters()),
        "held_out_psnr": round(psnr, 3),
    }


def take_folder(desk: Desk) -> None:
    """Copy the images of other people's networks into the workspace, with a split of their photographs."""
    from .classifiers.images import read_png

    root = Path(desk.profile.published.source).expanduser()
    truth = root / sources.TRUTH
    ids = sorted(path.stem for path in truth.glob("*.png"))
    networks = [n.model_id for n in sources.networks(desk.profile.published)]
    for name, folder in [(HR, truth), *((n, root / n) for n in networks)]:
        if lacking := [i for i in ids if not (folder / f"{i}.png").is_file()]:
            raise UserError(f"'{folder}' lacks {lacking[0]}.png and {len(lacking) - 1} more of the {len(ids)} images of '{truth}': add them")
        gallery.write_images(desk, name, ids, [read_png(folder / f"{i}.png") for i in ids], under="published")
    _deal(desk, ids).to_csv(desk.write("published", "images.csv"), index=False)
    for name in networks:
        about = {"model_id": name, "origin": "images of a folder"}
        desk.write("published", f"{name}.json").write_text(json.dumps(about, indent=1))


def _deal(desk: Desk, ids: list[str]) -> pd.DataFrame:
    """Each image is a photograph; folds go by a seeded order."""
    rotations = desk.profile.photographs.rotations
    if len(ids) < (needed := 2 + 2 * rotations):
        raise UserError(f"the folder of published images shows {len(ids)} photographs and {needed} are needed: add some")
    order = sorted(ids, key=lambda name: seed(desk.profile.master_seed, "published", name))
    folds = {name: fold_of(i, len(ids), rotations) for i, name in enumerate(order)}
    return pd.DataFrame([(name, name, folds[name]) for name in ids], columns=["image", "photograph", "fold"])

"""The images of published networks: of true weights or of stand-ins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from .. import fleet, published
from ..common.errors import UserError
from ..fleet import HR, Network
from ..images import gallery, superresolve
from ..published import sources
from ..published.weights_folder import WeightsFolder
from ..training import loop, recipes
from ..training.trainer import fresh
from ..workflow.desk import Desk
from .making import training_data


def make(desk: Desk, names: tuple[str, ...]) -> None:
    """Super-resolve every image with published networks: with their weights where these are, else by stand-ins."""
    settings = desk.profile.published
    with_weights = names if settings.source == "weights" else sources.weights_at(settings, names)
    for name in names:
        sr, about = (_with_weights if name in with_weights else _by_stand_in)(desk, fleet.parse(name))
        _write(desk, name, sr)
        desk.write("published", f"{name}.json").write_text(json.dumps({"model_id": name, **about}, indent=1))
    desk.unchanged(sources.weights_at(settings, names))


def _write(desk: Desk, name: str, sr: Iterable[np.ndarray]) -> None:
    """The images of a network, float in 0..1 before they are 8 bits; those of five networks are saved in two ways (D36)."""
    shown, to_whole = gallery.custom(desk), {"rounded": np.round, "truncated": np.floor}
    with ExitStack() as stack:
        folders = [(stack.enter_context(gallery.ImageFolder(desk, name, len(shown.names), tiles=shown.tiles, under=under)), to_whole[way])
                   for under, way in sources.ways(desk.profile.published, name).items()]  # fmt: skip
        for image, pixels in zip(shown.names, sr, strict=True):
            for folder, whole in folders:
                folder.add(image, whole(np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def _with_weights(desk: Desk, network: Network) -> tuple[Iterator[np.ndarray], dict[str, Any]]:
    built, images = published.network(network.model_id, device=desk.device), gallery.custom(desk)
    about = WeightsFolder(Path(desk.profile.published.weights_dir)).give(built)
    hr = (image for batch in images.batches(HR) for image in batch)
    sr = (built.upscale(superresolve.downscale(x[None], network.scale)[0], name=name) for x, name in zip(hr, images.names, strict=True))
    return sr, {**about, "parameters": built.row.parameters}


def _by_stand_in(desk: Desk, network: Network) -> tuple[Iterator[np.ndarray], dict[str, Any]]:
    profile, found = desk.profile, training_data(desk, "stand-ins")
    if not (tiles := found.tiles["stand-ins"]).shape[0]:
        raise UserError("published.source is 'stand-ins', and these photographs leave no training set for them: set it to weights")
    lr = {(network.dataset, scale): rows for (_, scale), rows in found.lr.items()}
    data, settings = loop.Data({network.dataset: tiles}, found.held_out, lr), recipes.stand_in(network.loss, profile.training, profile.published)
    trained = loop.train(recipes.with_twin(network), data, settings, master_seed=profile.master_seed, device=desk.device)
    module = fresh(network, settings, master_seed=0).eval()
    module.load_state_dict(trained.states[network.model_id])
    module.to(desk.device)
    lr = (superresolve.downscale(hr, network.scale) for hr in gallery.custom(desk).batches(HR))
    sr = (image for batch in lr for image in superresolve.enlarge(module, batch, device=desk.device))
    psnr, parameters = round(trained.log[-1]["held_out_psnr"], 3), sum(p.numel() for p in module.parameters())
    return sr, {"origin": "stand-in", "parameters": parameters, "held_out_psnr": psnr}

"""The images of published networks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .. import fleet
from ..common.errors import UserError
from ..common.frames import read_table
from ..fleet import HR
from ..images import gallery, superresolve
from ..images.arrays import read_images
from ..published import proof, sources
from ..published.weights_folder import WeightsFolder
from ..workflow.desk import Desk

OURS, OTHER = "a network of the paper", "another published network"
FAR = 0.5  # dB between the quality on the known tile here and in the catalogue


def make(desk: Desk, names: tuple[str, ...]) -> None:
    """Super-resolve every image with published networks. Raises UserError for one that is not what the catalogue says."""
    settings, images = desk.profile.published, gallery.custom(desk)
    of_paper = {network.model_id for network in fleet.published()}
    for name in names:
        row = sources.row_of(settings, name)
        network, about = WeightsFolder(Path(settings.weights_dir)).open(row, desk.device)
        proved = proof.prove(network.upscale, row.scale)
        known = row.psnr == row.psnr  # NaN for the paper's, whose quality on the tile nobody has stated
        if known and (not proved.passed or abs(proved.psnr - row.psnr) > FAR):
            raise UserError(f"{name} reaches {proved.psnr:.1f} dB on the known tile, and the catalogue has {row.psnr:.1f}: its weights are others")
        sr = (place(network.upscale(superresolve.downscale(hr[None], row.scale)[0], name=n))
              for (hr, place), n in zip(_windows(desk, images), images.names, strict=True))  # fmt: skip
        _write(desk, name, sr)
        about |= {"model_id": name, "origin": OURS if name in of_paper else OTHER, "parameters": row.parameters, "tile": asdict(proved)}
        desk.write("published", f"{name}.json").write_text(json.dumps(about, indent=1))
    desk.unchanged(sources.weights_at(settings, names))


def _windows(desk: Desk, images: gallery.Gallery) -> Iterator[tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]]:
    """What networks see of each image, uint8 H x W x 3, and what takes the image out of their output."""
    if not desk.profile.published.margin:
        yield from ((image, lambda sr: sr) for batch in images.batches(HR) for image in batch)
        return
    side, places = desk.profile.photographs.image_size, read_table(desk.read("windows", "places.csv"))
    for hr, top, left in zip(read_images(desk.read("windows", "pixels.npy")), places["top"], places["left"], strict=True):
        yield hr.copy(), lambda sr, top=top, left=left: sr[top : top + side, left : left + side]


def _write(desk: Desk, name: str, sr: Iterable[np.ndarray]) -> None:
    """The images of a network, float in 0..1 before they are 8 bits; those of five networks are saved in two ways (D36)."""
    shown, to_whole = gallery.custom(desk), {"rounded": np.round, "truncated": np.floor}
    with ExitStack() as stack:
        folders = [(stack.enter_context(gallery.ImageFolder(desk, name, len(shown.names), tiles=shown.tiles, under=under)), to_whole[way])
                   for under, way in sources.ways(desk.profile.published, name).items()]  # fmt: skip
        for image, pixels in zip(shown.names, sr, strict=True):
            for folder, whole in folders:
                folder.add(image, whole(np.clip(pixels, 0, 1) * 255).astype(np.uint8))

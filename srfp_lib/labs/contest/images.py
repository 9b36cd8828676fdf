"""The images of a contest: photographs, hidden networks trained at a profile, and crops of what they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from torch import nn

from ... import photos
from ...common.errors import UserError
from ...fleet import DATASETS, Network
from ...images.superresolve import downscale, super_resolve
from ...photos import PhotoSet
from ...profiles import Profile
from ...training.loop import Data, l1_twin, train
from ...training.trainer import fresh
from .draws import side

TILES = 5  # times as many images of a photograph as in the study, each of a place of its own
MOST_TILES = 1000
SMALLEST = 48  # side of a tile


@dataclass(frozen=True, eq=False)
class Places:
    """The tiles of a part of the split and the photograph of each, photograph by photograph."""

    photographs: tuple[str, ...]
    tiles: UInt8[np.ndarray, "n t t 3"]

    def counts(self) -> dict[str, int]:
        """The number of tiles of each photograph."""
        return {name: self.photographs.count(name) for name in dict.fromkeys(self.photographs)}

    def twice(self) -> Places:
        """Every tile twice."""
        return Places(tuple(np.repeat(self.photographs, 2).tolist()), np.repeat(self.tiles, 2, axis=0))


def refuse(profile: Profile) -> None:
    """Raises UserError for a profile whose networks take hours, or whose images are no tiles."""
    tile = profile.photographs.image_size
    if profile.release.folder or profile.training.size != "narrow" or tile is None or tile < SMALLEST:
        raise UserError(
            f"profile '{profile.name}' makes no contest, which needs narrow networks and tiles of {SMALLEST} pixels or more: "
            "name the --workspace of a run at demo or lab"
        )


def photographs(profile: Profile) -> PhotoSet:
    """The photographs of the profile, cut into more tiles than in the study."""
    settings = profile.photographs
    each, most = TILES * settings.max_images_per_photograph, min(TILES * settings.max_images, MOST_TILES)
    return photos.load(replace(settings, max_images_per_photograph=each, max_images=most), master_seed=profile.master_seed)


def places(found: PhotoSet, rotations: int) -> dict[str, Places]:
    """The tiles by the part of run 1's split: labelled images show training photographs, the others test photographs."""
    tiles = np.stack(list(found.image_pixels()))
    parts = found.images["fold"].map(lambda fold: photos.split(fold, rotation=0, rotations=rotations))
    chosen = {part: np.flatnonzero(parts == part) for part in ("train", "test")}
    return {part: Places(tuple(found.images["photograph"].iloc[rows]), tiles[rows]) for part, rows in chosen.items()}


def training_sets(found: PhotoSet) -> dict[str, np.ndarray]:
    """The tiles that networks are trained on, by the name of the set."""
    rows, pixels = zip(*found.training(), strict=True)
    table, tiles = pd.DataFrame(rows), np.stack(pixels)
    whole = {name: table["dataset"] == name.removeprefix("quarter_") for name in DATASETS}
    return {name: tiles[is_in & table["quarter"] if name.startswith("quarter_") else is_in] for name, is_in in whole.items()}


def trained(networks: tuple[Network, ...], data: Data, profile: Profile, *, seed: int) -> dict[str, nn.Module]:
    """The networks by model_id, trained with the profile's settings; the seed takes the place of the master seed."""
    found: dict[str, nn.Module] = {}
    for kind in dict.fromkeys((n.architecture, n.scale) for n in networks):
        members = [n for n in networks if (n.architecture, n.scale) == kind]
        twins = [l1_twin(n) for n in members if n.adversarial and profile.training.start_from_l1]
        states = train(tuple(dict.fromkeys([*twins, *members])), data, profile.training, master_seed=seed).states
        for network in members:
            module = fresh(network, profile.training, master_seed=0).eval()
            module.load_state_dict(states[network.model_id])
            found[network.model_id] = module
    return found


def crops(
    tiles: UInt8[np.ndarray, "n t t 3"], made_by: np.ndarray, networks: tuple[Network, ...], modules: dict[str, nn.Module], offsets: np.ndarray
) -> UInt8[np.ndarray, "n c c 3"]:
    """The crop at its offset of every tile's super-resolved image, each made by the network whose number stands in ``made_by``."""
    length = side(tiles.shape[1])
    found = np.empty((len(tiles), length, length, 3), np.uint8)
    for number, network in enumerate(networks):
        own = np.flatnonzero(made_by == number)
        if len(own):
            whole = super_resolve(modules[network.model_id], downscale(tiles[own], network.scale))
            for i, image in zip(own, whole, strict=True):
                row, column = offsets[i]
                found[i] = image[row : row + length, column : column + length]
    return found

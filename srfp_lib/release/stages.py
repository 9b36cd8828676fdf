"""The images of the authors' release as those of a workspace: linked to where they lie, or copied."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from ..common.errors import UserError
from ..common.frames import read_table
from ..common.randomness import seed
from ..images import gallery
from ..images.arrays import png_size, read_png
from ..photos.folder import fold_of
from ..photos.near_duplicates import groups, perceptual_hashes
from ..profiles import Profile
from ..workflow.desk import Desk
from . import contents

ORIGIN = "the authors' images"
FOLDS = {"train": 0, "validation": 1, "test": 2}


def photographs(desk: Desk) -> None:
    """Tables and splits of the photographs that are in every folder, and the true images."""
    found = contents.listing(Path(desk.profile.release.folder))
    if found.content != desk.profile.release.content:
        raise UserError(f"the release in '{found.root}' has other photographs than before: run python -m srfp_lib release {found.root} again")
    hashes = [perceptual_hashes(read_png(found.root / contents.TRUTH / f"{name}.png")) for name in found.parts]
    group = dict(zip(found.parts, groups(hashes), strict=True))
    folds = deal(found.parts, desk.profile, group)
    heights, widths = zip(*(png_size(found.root / contents.TRUTH / f"{name}.png") for name in folds), strict=True)
    table = pd.DataFrame({
        "photograph": list(folds), "file": [f"{name}.png" for name in folds], "role": "classify", "fold": list(folds.values()),
        "source": "the authors' release", "licence": "none stated", "credit": "", "width": widths, "height": heights,
        "sha256": "", "n_tiles": 1, "note": [_note(name, folds, group) for name in folds],
    })  # fmt: skip
    images = pd.DataFrame({"image": table["photograph"], "photograph": table["photograph"], "fold": table["fold"]})
    skipped = pd.DataFrame(found.left_out, columns=["file", "reason"])
    for name, frame in (("photographs", table), ("images", images), ("skipped", skipped)):
        frame.to_csv(desk.write("photos", f"{name}.csv"), index=False)
    gallery.write_splits(desk, images, desk.profile.photographs.rotations)
    _take(desk, contents.TRUTH, list(found.parts))


def _note(name: str, folds: Mapping[str, int], group: Mapping[str, int]) -> str:
    """What is near-duplicate: in the authors' splits also across parts, as these are taken as they are."""
    twins = [other for other in folds if other != name and group[other] == group[name]]
    apart = [other for other in twins if folds[other] != folds[name]]
    if apart:
        return f"shows the same as {', '.join(apart)} of another part of the authors' splits"
    return f"near-duplicate of {', '.join(twins)}" if twins else ""


def deal(parts: dict[str, str], profile: Profile, group: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """The fold of every photograph: the authors', or dealt anew in a seeded order, near-duplicates (of one ``group``) into one (D35)."""
    if profile.release.splits == "theirs":
        return {photograph: FOLDS[part] for photograph, part in parts.items()}
    order = sorted(parts, key=lambda photograph: seed(profile.master_seed, "release", photograph))
    units = list(dict.fromkeys(group.get(photograph, photograph) for photograph in order))
    folds = {unit: fold_of(place, len(units), profile.photographs.rotations) for place, unit in enumerate(units)}
    return {photograph: folds[group.get(photograph, photograph)] for photograph in parts}


def images(desk: Desk, name: str) -> None:
    """The images of a network."""
    _take(desk, name, list(read_table(desk.read("photos", "images.csv"))["image"]))
    if name.endswith("-pretrained"):
        desk.write("published", f"{name}.json").write_text(json.dumps({"model_id": name, "origin": ORIGIN}, indent=1))


def _take(desk: Desk, name: str, photographs: list[str]) -> None:
    """Link or copy one folder of images."""
    source, target = Path(desk.profile.release.folder) / name, desk.write("images", name)
    if not source.is_dir():
        raise UserError(f"'{source}' is gone: bring it back, or run python -m srfp_lib release with the folder's new place")
    if not desk.profile.release.copy:
        target.symlink_to(source, target_is_directory=True)
        return
    target.mkdir()
    with gallery.ImageFolder(desk, name, len(photographs), tiles=False) as folder:
        for photograph in photographs:
            copied = shutil.copyfile(source / f"{photograph}.png", target / f"{photograph}.png")
            if desk.profile.photographs.decoded:
                folder.keep(read_png(copied))

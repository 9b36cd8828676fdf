"""The images of other people's networks, taken over from a folder with a folder of true images and one for each network."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pandas as pd

from .. import photos
from ..common import names
from ..common.errors import UserError
from ..common.names import key, legible
from ..common.randomness import seed
from ..fleet import HR
from ..images import gallery
from ..photos.folder import Reasons, fold_of, listing
from ..photos.near_duplicates import groups, is_near, perceptual_hashes
from ..photos.reading import UnreadableError, read, read_again
from ..published import sources
from ..workflow.desk import Desk

LARGEST_TILE = 512  # pixels: images that are all of one size up to this are looked at whole
Files = dict[str, list[Path]]  # the images of the true photographs (HR) and of every network, in one order


def take_folder(desk: Desk) -> None:
    """Copy the images into the workspace, with a split of their photographs; what is not used is listed with the reason."""
    root, networks = Path(desk.profile.published.source), [n.model_id for n in sources.networks(desk.profile.published)]
    files, skipped = _files(root, networks)
    survey = _Survey(files)
    against = survey.against | _known(desk, files[HR], survey.hashes)
    skipped += [(f"{sources.TRUTH}/{legible(path.name)}", against[key(path.stem)]) for path in files[HR] if key(path.stem) in against]
    files = {name: [path for path in paths if key(path.stem) not in against] for name, paths in files.items()}
    ids = names.unique(legible(path.stem) for path in files[HR])
    table = _deal(desk, ids, [survey.hashes[path] for path in files[HR]], skipped)
    sizes = [[survey.sizes[path] for path in paths] for paths in files.values()]
    tiles = len(set(sum(sizes, []))) == 1 and max(sizes[0][0]) <= LARGEST_TILE
    for name, paths in files.items():
        gallery.write_images(desk, name, ids, map(read_again, paths), tiles=tiles, under="published")
    if not tiles:  # the columns tell photographs from tiles
        table[["height", "width"]] = sizes[0]
    table.to_csv(desk.write("published", "images.csv"), index=False)
    pd.DataFrame(skipped, columns=["file", "reason"]).to_csv(desk.write("published", "skipped.csv"), index=False)
    for name in networks:
        notes = Counter(survey.notes[path] for path in files[name] if survey.notes[path])
        about = {"model_id": name, "origin": "images of a folder"}
        about |= {"note": ", ".join(f"{n} images {note}" for note, n in notes.items())} if notes else {}
        desk.write("published", f"{name}.json").write_text(json.dumps(about, indent=1))


class _Survey:
    """Every image decoded once: ``sizes``, ``notes`` and ``hashes`` by path; ``against``: reasons by stem (as `key`)."""

    def __init__(self, files: Files) -> None:
        self.sizes: dict[Path, tuple[int, int]] = {}
        self.notes: dict[Path, str] = {}
        self.hashes: dict[Path, tuple[str, str]] = {}
        self.against: dict[str, str] = {}
        for path in (path for paths in files.values() for path in paths):
            try:
                pixels, self.notes[path] = read(path)
            except UnreadableError as error:
                self.against.setdefault(key(path.stem), f"{legible(path.parent.name)}/{legible(path.name)} {error}")
                continue
            self.sizes[path], self.hashes[path] = pixels.shape[:2], perceptual_hashes(pixels)
        of = {key(path.stem): self.hashes[path][0] for path in files[HR] if path in self.hashes}
        for path, (own, _) in self.hashes.items():
            self._look_for_another(path, own, of)

    def _look_for_another(self, path: Path, own: str, of: dict[str, str]) -> None:
        """An image that shows another of the photographs than its name says would bring that one into another part of the split."""
        mine = key(path.stem)
        if other := "" if is_near(own, of.get(mine, own)) else next((stem for stem, true in of.items() if is_near(own, true)), ""):
            self.against.setdefault(mine, f"{legible(path.parent.name)}/{legible(path.name)} shows the photograph {legible(other)}: rename it")


def _files(root: Path, networks: list[str]) -> tuple[Files, Reasons]:
    """The images by folder, and (file, reason) for everything else. Raises UserError if a network lacks an image."""
    true, skipped = _by_stem(root / sources.TRUTH)
    files, order = {HR: list(true.values())}, list(true)
    used = {sources.TRUTH, *networks}
    skipped += [(legible(p.name), "no folder of a network's images") for p in sorted(root.iterdir()) if p.name not in used and p.name[0] != "."]
    for name in networks:
        there, others = _by_stem(root / name)
        if lacking := [true[stem].name for stem in order if stem not in there]:
            raise UserError(
                f"'{root / name}' lacks {legible(lacking[0])} and {len(lacking) - 1} more of the {len(order)} images of "
                f"'{root / sources.TRUTH}': add them"
            )
        files[name] = [there[stem] for stem in order]
        skipped += others + [(f"{name}/{legible(p.name)}", f"{sources.TRUTH} has no such image") for stem, p in there.items() if stem not in true]
    return files, skipped


def _by_stem(folder: Path) -> tuple[dict[str, Path], Reasons]:
    paths, others = listing(folder)
    found = {key(path.stem): path for path in paths}
    if len(found) < len(paths):
        twin = next(path for path in paths if found[key(path.stem)] != path)
        raise UserError(f"'{folder}' has both {legible(twin.name)} and {legible(found[key(twin.stem)].name)}: keep one image of each photograph")
    return dict(sorted(found.items(), key=lambda item: item[1].stem)), [(f"{folder.name}/{name}", reason) for name, reason in others]


def _known(desk: Desk, paths: list[Path], hashes: dict[Path, tuple[str, str]]) -> dict[str, str]:
    """By stem, the reason against true images of photographs that the warm and the unseen classifiers have seen, or near-duplicates."""
    seen = photos.sources(desk.profile.photographs, master_seed=desk.profile.master_seed)[0]
    seen, readable = [one for one in seen if one.fold >= 0], [path for path in paths if path in hashes]
    group = groups([one.hashes for one in seen] + [hashes[path] for path in readable])
    of = {number: one for number, one in zip(group[: len(seen)], seen, strict=True)}
    twins = {path: of[number] for path, number in zip(readable, group[len(seen) :], strict=True) if number in of}
    reason = "a near-duplicate of {}, on which the classifiers of the custom networks are trained"
    return {key(path.stem): reason.format(one.file) for path, one in twins.items()}


def _deal(desk: Desk, ids: list[str], hashes: list[tuple[str, str]], skipped: Reasons) -> pd.DataFrame:
    """Each image is a photograph; folds go by a seeded order, near-duplicates into one."""
    rotations, needed = desk.profile.photographs.rotations, 2 + 2 * desk.profile.photographs.rotations
    group = dict(zip(ids, groups(hashes), strict=True))
    units = list(dict.fromkeys(group[name] for name in sorted(ids, key=lambda name: seed(desk.profile.master_seed, "published", name))))
    if len(units) < needed:
        reasons = f" (left out: {'; '.join(f'{file}: {reason}' for file, reason in skipped[-5:])})" if skipped else ""
        raise UserError(
            f"the folder of published images shows {len(units)} photographs, near-duplicates counted once, and {needed} are needed: add some{reasons}"
        )
    folds = {unit: fold_of(place, len(units), rotations) for place, unit in enumerate(units)}
    return pd.DataFrame([(name, name, folds[group[name]]) for name in ids], columns=["image", "photograph", "fold"])

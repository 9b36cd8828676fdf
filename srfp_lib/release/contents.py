"""The authors' released images: what an unpacked folder holds and lacks, and whether it is sound (D12, D35, D37).

Its layout: split files, a file name a line, a folder of the true photographs, and a folder a network:
`train-split.txt val-split.txt test-split.txt HR-HR-HR-HR-HR/PHOTO.png MODEL_ID/PHOTO.png`.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import fleet
from ..common.errors import UserError
from ..published.catalogue import rows

TRUTH = fleet.HR
SPLITS = {"train": "train-split.txt", "validation": "val-split.txt", "test": "test-split.txt"}
PLACES = ("", "SISR", "classification/datasets/data/SISR")  # where it may lie below the folder on the command line
PHOTOGRAPHS = 1000  # in the paper; Table A.1 counts 998
MOST_MISSING = 0.02  # share of the photographs; a folder that lacks more was not unpacked completely
END = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk of every PNG file


@dataclass(frozen=True)
class Found:
    """A release: ``parts`` is the split of every photograph that is in all folders; others are left out, with a reason."""

    root: Path
    networks: tuple[str, ...]
    parts: dict[str, str]
    left_out: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]

    @property
    def content(self) -> str:
        """A digest of the photographs and their splits."""
        return hashlib.sha256(repr(sorted(self.parts.items())).encode()).hexdigest()[:24]

    def report(self) -> Iterator[str]:
        """What is there and what is not, line by line."""
        custom = sum(not name.endswith("-pretrained") for name in self.networks)
        counts = ", ".join(f"{sum(part == p for p in self.parts.values())} {part}" for part in SPLITS)
        yield f"The release in '{self.root}': {custom} of 180 custom and {len(self.networks) - custom} of 25 published networks"
        yield f"{len(self.parts)} photographs ({counts})" + ("" if len(self.parts) == PHOTOGRAPHS else f", the paper has {PHOTOGRAPHS:,}")
        yield from (f"left out: {file}, {reason}" for file, reason in self.left_out)
        yield from (f"ignored: '{name}', no network's folder" for name in self.ignored)


def listing(folder: Path) -> Found:
    """What a folder holds, by file names alone. Raises UserError if it is unusable."""
    root = _root(folder)
    listed = _splits(root)
    networks, ignored = _networks(root)
    missing: dict[str, list[str]] = {}
    for name in (TRUTH, *networks):
        there = {entry.name for entry in os.scandir(root / name)}
        lacking = [photograph for photograph in listed if f"{photograph}.png" not in there]
        if len(lacking) > MOST_MISSING * len(listed):
            raise UserError(
                f"'{root / name}' lacks {len(lacking)} of the {len(listed)} photographs of the splits, {lacking[0]}.png first: "
                "unpack its archive again, or move the folder away"
            )
        for photograph in lacking:
            missing.setdefault(photograph, []).append(name)
    more = {photograph: f" and {len(names) - 1} more" if names[1:] else "" for photograph, names in missing.items()}
    left_out = tuple((f"{photograph}.png", f"missing in {names[0]}{more[photograph]}") for photograph, names in missing.items())
    parts = {photograph: part for photograph, part in listed.items() if photograph not in missing}
    if empty := [file for part, file in SPLITS.items() if part not in parts.values()]:
        raise UserError(f"no photograph of '{root / empty[0]}' is in all folders: unpack the archives again")
    return Found(root, networks, parts, left_out, ignored)


def check_images(found: Found) -> int:
    """Check both ends of every image, and its size; returns the smallest side, in pixels. Raises UserError for the first damaged one."""
    truth = {photograph: _size(found.root / TRUTH / f"{photograph}.png") for photograph in found.parts}
    smallest = min(min(size) for size in truth.values())
    for path in (found.root / name / f"{photograph}.png" for name in found.networks for photograph in truth):
        (height, width), size = truth[path.stem], _size(path)
        if not (0 <= height - size[0] < 4 and 0 <= width - size[1] < 4):
            raise UserError(
                f"'{path}' has {size[1]} x {size[0]} pixels and its photograph {width} x {height}: it is not its super-resolved "
                "image, unpack the network's archive again"
            )
        smallest = min(smallest, *size)
    return smallest


def state_of(folder: Path) -> str:
    """A digest of the names, sizes and times of a network's images: 164 GB are too much to be read at every start. Raises UserError."""
    try:
        files = sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(folder))
    except OSError as error:
        raise UserError(f"'{folder}' cannot be read ({error.strerror}): bring it back, or run python -m srfp_lib release again") from None
    return hashlib.sha256(repr(files).encode()).hexdigest()[:24]


def _root(folder: Path) -> Path:
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise UserError(f"'{folder}' {kind}: give the folder into which the authors' archives were unpacked")
    for place in PLACES:
        root = folder / place
        if (root / TRUTH).is_dir() or any((root / name).exists() for name in SPLITS.values()):
            return root.resolve()
    raise UserError(f"'{folder}' holds no release: neither {TRUTH} nor {SPLITS['train']} is in it; give the folder SISR of the release")


def _splits(root: Path) -> dict[str, str]:
    """The split of every photograph in the split files, sorted by name."""
    parts: dict[str, str] = {}
    for part, file in SPLITS.items():
        for photograph in _names(root / file):
            if photograph in parts:
                both = f"twice in '{root / file}'" if parts[photograph] == part else f"in '{SPLITS[parts[photograph]]}' and in '{root / file}'"
                raise UserError(f"{photograph}.png is {both}: the splits must not overlap, restore the split files of the release")
            parts[photograph] = part
    return dict(sorted(parts.items()))


def _names(path: Path) -> list[str]:
    """The photographs in a split file, without ".png"."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except FileNotFoundError:
        raise UserError(f"the split file '{path}' is missing: fetch it from the release") from None
    except UnicodeDecodeError:
        raise UserError(f"the split file '{path}' is no text in UTF-8: fetch it from the release again") from None
    except OSError as error:
        raise UserError(f"the split file '{path}' cannot be read ({error.strerror}): fetch it from the release again") from None
    if not lines:
        raise UserError(f"the split file '{path}' is empty: fetch it from the release again")
    for line in lines:
        if line != Path(line).name or not line.endswith(".png"):
            raise UserError(f"the split file '{path}' has the line '{line[:60]}', which is no name of a .png file: restore it from the release")
    return [line.removesuffix(".png") for line in lines]


def _networks(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The networks with a folder, in the order of the fleet, and the names of other folders."""
    known = [n.model_id for n in (*fleet.custom(), *fleet.published())]
    there = {entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")}
    if TRUTH not in there:
        raise UserError(f"'{root}' lacks the folder {TRUTH} of the true photographs: unpack its archive there")
    others = sorted(there - set(known) - {TRUTH})
    catalogued = {row.model_id for row in rows()}  # of our own runs, if the folder comes from the command `images`
    for name in others:
        if name.count("-") >= 3 and name not in catalogued:
            near = difflib.get_close_matches(name, known, 1)
            meant = f" (is it {near[0]}?)" if near else ""
            raise UserError(f"'{root / name}' is named like a network and is none of the 205{meant}: correct its name, or move it away")
    networks = tuple(name for name in known if name in there)
    if not networks:
        raise UserError(f"'{root}' has no folder of a network, such as {known[0]}: unpack an archive of the release there")
    return networks, tuple(others)


def _size(path: Path) -> tuple[int, int]:
    """Height and width of a PNG file. Raises UserError if it does not begin and end like one."""
    from PIL import Image

    try:
        with path.open("rb") as file, Image.open(file, formats=["PNG"]) as image:
            file.seek(-len(END), os.SEEK_END)
            if file.read() == END:
                return image.height, image.width
    except Exception:  # damaged files make Pillow raise almost anything
        pass
    raise UserError(f"the image '{path}' is cut short or no PNG file: unpack its archive again")

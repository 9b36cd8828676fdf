"""The paper's photographs (Table A.1, D12): DIV2K and Flickr2K train networks, Flickr1K with its own splits is classified."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from ..common.errors import UserError
from ..profiles import Photographs
from .flickr import photographs as flickr1k
from .flickr.table import FOLDER, LIST, read_table
from .folder import files
from .photoset import Photograph
from .reading import fingerprint_of, read_again
from .sr_sets import members

SETS = {"div2k": "DIV2K", "flickr2k": "Flickr2K"}


def load(settings: Photographs) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """All photographs of the paper, and (file, reason) of those of Flickr1K that cannot be read.

    Every file is decoded once, for its fingerprint, and not kept: 800 of them would take 7 GB.
    """
    if settings.rotations != 1:
        raise UserError(f"photographs.rotations is {settings.rotations}, and Flickr1K has one split of its own: set it to 1")
    _check(settings)
    training = [photograph for name in SETS for photograph in _training_set(name, _folder(settings, name))]
    classified, skipped = flickr1k.load(_folder(settings, "flickr1k"))
    return training + classified, skipped


def _training_set(name: str, folder: Path) -> list[Photograph]:
    in_quarter = set(members(f"quarter_{name}", folder))
    return [_photograph(name, path, quarter=path in in_quarter) for path in members(name, folder)]


def _photograph(role: str, path: Path, *, quarter: bool) -> Photograph:
    pixels = read_again(path, f"fetch {SETS[role]} again")
    size, again = pixels.shape[:2], partial(read_again, path)
    # Both sets number their files from 1 on.
    name = f"{role}_{path.stem}"
    return Photograph(name, size, again, role, -1, path.name, SETS[role], "", "", fingerprint_of(pixels), quarter=quarter)


def fingerprint(settings: Photographs) -> str:
    """A digest of the names and sizes of the files, and of the list of Flickr1K, which has the digests of its photographs."""
    _check(settings)
    flickr = _folder(settings, "flickr1k")
    paths = [path for name in SETS for path in members(name, _folder(settings, name))] + files(flickr / FOLDER)
    whole = hashlib.sha256((flickr / LIST).read_bytes())
    for path in paths:
        whole.update(f"{path.name} {path.stat().st_size}\n".encode())
    return whole.hexdigest()[:24]


def lacking(settings: Photographs) -> list[str]:
    """A sentence for each of the three folders that is not there or does not hold enough, with the command that fetches it."""
    found = [_lacks_set(name, _folder(settings, name)) for name in SETS] + [_lacks_flickr1k(_folder(settings, "flickr1k"))]
    return [sentence for sentence in found if sentence]


def _lacks_set(name: str, folder: Path) -> str:
    if not folder.is_dir():
        return (
            f"photographs.source is 'paper', and there is no {SETS[name]} at '{folder}': python -m srfp_lib photos fetch {name} {folder} "
            f'fetches it; or name its folder in a .toml file, photographs.{name}, or your own photographs, photos = "folder"'
        )
    try:
        members(name, folder)
    except UserError as error:
        return str(error)
    return ""


def _lacks_flickr1k(folder: Path) -> str:
    if not folder.joinpath(LIST).is_file():
        return (
            f"photographs.source is 'paper', and there is no finished Flickr1K at '{folder}': python -m srfp_lib photos flickr {folder} "
            "builds it; or name its folder in a .toml file, photographs.flickr1k"
        )
    try:
        there, rows = {path.name for path in files(folder / FOLDER)}, read_table(folder / LIST)
    except UserError as error:
        return str(error)
    # Some may be gone from Flickr for good, which the run notes; a split without any cannot be.
    if empty := sorted({row.split for row in rows} - {row.split for row in rows if row.file in there}) or (["train"] if not rows else []):
        return (
            f"'{folder / FOLDER}' holds no photograph of {' and '.join(empty)} of the list '{folder / LIST}': "
            f"python -m srfp_lib photos flickr {folder} --list {folder / LIST} brings them back"
        )
    return ""


def _check(settings: Photographs) -> None:
    """Raises UserError with the command that fetches the first thing that is missing."""
    if sentences := lacking(settings):
        raise UserError(sentences[0])


def _folder(settings: Photographs, name: str) -> Path:
    return Path(getattr(settings, name)).expanduser()

"""The paper's photographs (Table A.1, D12): DIV2K and Flickr2K train networks, Flickr1K with its own splits is classified."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..common.errors import UserError
from ..profiles import Photographs
from .flickr.table import FOLDER, LIST, load_photographs, read_table
from .folder import files
from .photoset import Photograph
from .reading import digest, read_again
from .sr_sets import members

SETS = {"div2k": "DIV2K", "flickr2k": "Flickr2K"}


def load(settings: Photographs) -> tuple[list[Photograph], list[tuple[str, str]]]:
    """All photographs of the paper, and (file, reason) for each one of Flickr1K that is unreadable. Raises UserError.

    Every file is decoded once for its digest and then dropped: 800 of them would take 7 GB.
    """
    if settings.rotations != 1:
        raise UserError(f"photographs.rotations is {settings.rotations}, and Flickr1K has one split of its own: set it to 1")
    folders = _folders(settings)
    training = [photograph for name in SETS for photograph in _training_set(name, folders[name])]
    classified, skipped = load_photographs(folders["flickr1k"])
    return training + classified, skipped


def _training_set(role: str, folder: Path) -> list[Photograph]:
    quarter = set(members(f"quarter_{role}", folder))
    return [
        Photograph.of(
            read_again(path, f"fetch {SETS[role]} again"), read=partial(read_again, path), name=f"{role}_{path.stem}",
            role=role, file=path.name, source=SETS[role], quarter=path in quarter,
        )
        for path in members(role, folder)
    ]  # fmt: skip


def content_digest(settings: Photographs) -> str:
    """A digest of the images' names and content and of the list of Flickr1K, with its splits: reads all of 8 GB."""
    folders = _folders(settings)
    training = [path for name in SETS for path in members(name, folders[name])]
    return digest([*training, *files(folders["flickr1k"] / FOLDER)], (folders["flickr1k"] / LIST).read_bytes())


def lacking(settings: Photographs) -> list[str]:
    """One sentence for each missing or incomplete set, with the command that fetches it."""
    found = [_lacks_set(name, folder) if name in SETS else _lacks_flickr1k(folder) for name, folder in _places(settings).items()]
    return [sentence for sentence in found if sentence]


def _places(settings: Photographs) -> dict[str, Path]:
    return {name: Path(getattr(settings, name)).expanduser() for name in (*SETS, "flickr1k")}


def _folders(settings: Photographs) -> dict[str, Path]:
    if sentences := lacking(settings):
        raise UserError(sentences[0])
    return _places(settings)


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
    # Some may be gone from Flickr for good, which the run notes; no split may be empty.
    if empty := sorted({row.split for row in rows} - {row.split for row in rows if row.file in there}):
        return (
            f"'{folder / FOLDER}' holds no photograph of {' and '.join(empty)} of the list '{folder / LIST}': "
            f"python -m srfp_lib photos flickr {folder} --list {folder / LIST} brings them back"
        )
    return ""

"""Which published networks a run has, and where their images come from: weights, or somebody else's folder of images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from .. import fleet
from ..common.checkout import HOME, WEIGHTS
from ..common.errors import UserError
from ..common.names import legible
from ..fleet import Network
from ..profiles import Published
from . import packages
from .catalogue import Row, added, row, rows, truncating
from .weights_folder import WeightsFolder

AVAILABLE = "available"  # published.source: the networks whose weights are on this machine
TRUTH = "HR"  # in somebody else's folder: the folder of true images


def is_folder(settings: Published) -> bool:
    """Whether the images come from somebody else's folder, with photographs of its own."""
    return settings.source not in ("weights", AVAILABLE, "release")


def networks(settings: Published) -> tuple[Network, ...]:
    """The published networks of a run: the paper's 25, those whose weights are here, or one for each image folder."""
    if is_folder(settings):
        return tuple(fleet.parse(path.name) for path in folders(Path(settings.source)))
    if settings.source != AVAILABLE:
        return fleet.published()
    return tuple(fleet.parse(one.model_id) for one in available(settings))


def available(settings: Published) -> tuple[Row, ...]:
    """The networks whose weights are in an installed package or the folder of weights, in the catalogue's order.

    Those that are ``off_because`` of their licence or another reason are here only if the profile includes them by name.
    """
    folder = Path(settings.weights_dir)
    return tuple(one for one in _wanted(settings) if WeightsFolder(folder).content(one))


def _wanted(settings: Published) -> Iterator[Row]:
    for one in (*rows(), *added(Path(settings.weights_dir))):
        if one.default and (not one.off_because or one.model_id in settings.include):
            yield one


def row_of(settings: Published, model_id: str) -> Row:
    """The row of a network of a run."""
    return row(model_id, folder=Path(settings.weights_dir))


def folders(root: Path) -> list[Path]:
    """The networks' folders in a folder of images, by name. Raises UserError."""
    try:
        found = sorted(p for p in root.iterdir() if p.is_dir() and p.name.endswith("-pretrained"))
    except OSError as error:
        reason = "does not exist" if isinstance(error, (FileNotFoundError, NotADirectoryError)) else f"cannot be read ({error.strerror})"
        raise UserError(f"the folder of images '{root}' {reason}: set published.source to a folder, to available or to weights") from None
    if len(found) < 2 or not (root / TRUTH).is_dir():
        raise UserError(f"'{root}' needs a folder {TRUTH} and two or more folders named like EDSR-div2k-x2-L1-NA-pretrained; it has {len(found)}")
    if odd := [path.name for path in found if path.name != legible(path.name)]:
        raise UserError(f"the folder '{legible(odd[0])}' in '{root}' has a name that is no text: rename it")
    return found


def ways(settings: Published, name: str) -> dict[str, str]:
    """How a network's images become 8 bits, by the folder below the workspace they are saved in.

    Images of networks whose authors truncate are saved in a second way as well, in a folder named after it (D36).

    >>> ways(Published(writer="round"), "RDN-div2k-x4-L1-NA-pretrained")
    {'': 'rounded', 'truncated': 'truncated'}
    >>> ways(Published(writer="authors"), "RDN-div2k-x4-L1-NA-pretrained")
    {'': 'truncated', 'rounded': 'rounded'}
    """
    if name not in truncating():
        return {"": "rounded"}
    first, second = ("rounded", "truncated") if settings.writer == "round" else ("truncated", "rounded")
    return {"": first, second: second}


def groups(settings: Published) -> list[tuple[str, tuple[Network, ...]]]:
    """The networks of a run by architecture and scale, each group with the label of its job."""
    found: dict[str, list[Network]] = {}
    for network in networks(settings):
        found.setdefault(f"{network.architecture}-x{network.scale}", []).append(network)
    return [(label, tuple(members)) for label, members in found.items()]


def weights_at(settings: Published, names: Iterable[str]) -> dict[str, str]:
    """The content of weights, by model_id, for networks whose weights are here; for the paper's own run in ``weights_dir`` alone.

    A network is here too if something unreadable lies in its file's place.
    """
    folder, packaged = WeightsFolder(Path(settings.weights_dir)), settings.source == AVAILABLE
    contents = ((name, folder.content(row_of(settings, name), packaged=packaged)) for name in names)
    return {name: content for name, content in contents if content}


def not_here(settings: Published) -> list[Row]:
    """The networks of packages that the profile would have, if their packages were installed."""
    return [one for one in _wanted(settings) if one.package and not WeightsFolder(Path(settings.weights_dir)).content(one)]


def summary(settings: Published) -> str:
    """Which published networks a run has, in a line; empty where the profile settles it."""
    if settings.source != AVAILABLE:
        return ""
    here, missing = available(settings), not_here(settings)
    of_paper = sum(network in fleet.published() for network in networks(settings))
    line = f"Published networks: {len(here)} whose weights are here, {of_paper} of them the paper's"
    return f"{line}; {len(missing)} more with their packages: {packages.INSTALL}" if missing else line


def obstacles(settings: Published, names: Iterable[str]) -> Iterator[str]:
    """A sentence for each of the named networks whose weights are to be used and cannot be."""
    names, folder = list(names), WeightsFolder(Path(settings.weights_dir))
    there = weights_at(settings, names)
    if lacking := [name for name in names if name not in there]:
        yield (
            f"published.source is 'weights', and those of {len(lacking)} of the {len(names)} published networks are not in "
            f"'{settings.weights_dir}', {lacking[0]} first: python -m srfp_lib published fetch --weights {settings.weights_dir} "
            f'fetches them or says where they are; or choose published.source = "{AVAILABLE}"'
        )
    elif names and Path(HOME, settings.weights_dir) != WEIGHTS and not os.path.lexists(settings.weights_dir):
        yield f"published.weights_dir is '{settings.weights_dir}', and there is no such folder: correct it, or create the folder"
    yield from _not_included(settings)
    for name in there:
        try:
            folder.open(row_of(settings, name))
        except UserError as error:
            yield str(error)


def _not_included(settings: Published) -> Iterator[str]:
    """A sentence for each network that the profile includes by name and cannot have."""
    known = {one.model_id for one in _wanted(settings)}
    for name in settings.include:
        if name not in known:
            yield f"published.include has '{name}', and the catalogue has no such network: python -m srfp_lib published status lists them"
        elif settings.source == AVAILABLE and name not in {one.model_id for one in available(settings)}:
            yield f"published.include has '{name}', whose weights are not here: {row_of(settings, name).advice(Path(settings.weights_dir))}"


def second_copies(settings: Published) -> tuple[Network, ...]:
    """The networks whose images are made here and saved in two ways, by their second copies (D36)."""
    if settings.source not in ("weights", AVAILABLE):
        return ()
    ways_of = ((network, ways(settings, network.model_id)) for network in networks(settings))
    return tuple(replace(n, model_id=f"{n.model_id}{fleet.WAY}{way}") for n, found in ways_of for way in found if way)

"""Where the published networks' images come from: true weights, stand-ins, or somebody else's folder of images."""

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
from .catalogue import row as row_of
from .catalogue import truncating
from .weights_folder import WeightsFolder

TRUTH = "HR"  # in somebody else's folder: the folder of true images


def is_folder(settings: Published) -> bool:
    """Whether the images come from somebody else's folder, with photographs of its own."""
    return settings.source not in ("weights", "stand-ins", "release")


def networks(settings: Published) -> tuple[Network, ...]:
    """The published networks of a run: the paper's 25, or one for each image folder."""
    if not is_folder(settings):
        return fleet.published()
    return tuple(fleet.parse(path.name) for path in folders(Path(settings.source)))


def folders(root: Path) -> list[Path]:
    """The networks' folders in a folder of images, by name. Raises UserError."""
    try:
        found = sorted(p for p in root.iterdir() if p.is_dir() and p.name.endswith("-pretrained"))
    except OSError as error:
        reason = "does not exist" if isinstance(error, (FileNotFoundError, NotADirectoryError)) else f"cannot be read ({error.strerror})"
        raise UserError(f"the folder of images '{root}' {reason}: set published.source to a folder, to stand-ins or to weights") from None
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
    """The content of weights, by model_id, for networks whose weights are in ``weights_dir`` or the extra ncnn.

    A network is here too if something unreadable lies in its file's place.
    """
    folder = WeightsFolder(Path(settings.weights_dir))
    contents = ((name, folder.content(row_of(name), carried=settings.source == "weights")) for name in names)
    return {name: content for name, content in contents if content}


def without_weights(settings: Published) -> str:
    """Which published networks are stand-ins, in a line; empty if the profile allows none."""
    if settings.source != "stand-ins":
        return ""
    names = [network.model_id for network in networks(settings)]
    there = weights_at(settings, names)
    if not there:
        return f"Published networks: all {len(names)} are stand-ins, as '{settings.weights_dir}' holds no weights of theirs"
    return f"Published networks: {len(names) - len(there)} are stand-ins; weights in '{settings.weights_dir}' are taken for {', '.join(there)}"


def obstacles(settings: Published, names: Iterable[str]) -> Iterator[str]:
    """A sentence for each of the named networks whose weights are to be used and cannot be."""
    from .networks import network

    names = list(names)
    there = weights_at(settings, names)
    if lacking := [name for name in names if name not in there and settings.source == "weights"]:
        yield (
            f"published.source is 'weights', and those of {len(lacking)} of the {len(names)} published networks are not in "
            f"'{settings.weights_dir}', {lacking[0]} first: python -m srfp_lib published fetch --weights {settings.weights_dir} "
            'fetches them or says where they are; or choose published.source = "stand-ins"'
        )
    elif names and Path(HOME, settings.weights_dir) != WEIGHTS and not os.path.lexists(settings.weights_dir):
        yield f"published.weights_dir is '{settings.weights_dir}', and there is no such folder: correct it, or create the folder"
    for name in there:
        try:
            WeightsFolder(Path(settings.weights_dir)).give(network(name))
        except UserError as error:
            yield str(error)


def second_copies(settings: Published) -> tuple[Network, ...]:
    """The networks whose images are saved in two ways, by their second copies (D36)."""
    ways_of = ((network, ways(settings, network.model_id)) for network in networks(settings))
    return tuple(replace(n, model_id=f"{n.model_id}{fleet.WAY}{way}") for n, found in ways_of for way in found if way)

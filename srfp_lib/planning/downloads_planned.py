"""What a run needs from elsewhere, and how many bytes that is; what is here already counts for nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..fetching import imagenet
from ..photos import open_sets
from ..photos.flickr.table import LIST
from ..profiles import Profile
from ..published import sources
from ..published.catalogue import row as row_of

FLICKR1K = 1000  # photographs, each in the largest size that Flickr gives


@dataclass(frozen=True)
class Item:
    """Something to download; 0 megabytes where the size is not known."""

    name: str
    megabytes: float
    there: bool
    note: str = ""


def items(profile: Profile) -> list[Item]:
    """Photographs, weights of published networks, and ImageNet weights, as far as a profile needs them."""
    weights = imagenet.perceptual(profile) + imagenet.lpips(profile)
    weights += imagenet.backbones(profile.classifier.backbones, profile.published.weights_dir)
    return _photographs(profile) + _published(profile) + [_item(w.name, w.megabytes, w.there()) for w in weights]


def _item(name: str, megabytes: float, there: bool, note: str = "") -> Item:
    return Item(name, megabytes, there, "there already" if there else note)


def _photographs(profile: Profile) -> list[Item]:
    settings = profile.photographs
    if settings.source != "paper" or profile.release.folder:
        return []
    found = [_item(name, _megabytes(name), Path(getattr(settings, name)).expanduser().is_dir()) for name in ("div2k", "flickr2k")]
    list_ = Path(settings.flickr1k).expanduser() / LIST
    return [*found, _item("flickr1k", 0.0, list_.is_file(), f"{FLICKR1K:,} photographs at the size that their owners gave")]


def _megabytes(name: str) -> float:
    """The bytes of a set's files, or where one has none the size that the list of sets states."""
    sizes = [row["bytes"] for row in open_sets.downloads(name)]
    if all(sizes):
        return sum(map(int, sizes)) / 1e6
    stated = next(row["size"] for row in open_sets.sets() if row["set"] == name)
    return 1000 * float(re.search(r"[\d.]+(?= GB)", stated)[0])


def _published(profile: Profile) -> list[Item]:
    """The weights of published networks: the size of the file, or of its tensors."""
    if profile.published.source != "weights" or profile.release.folder:
        return []
    names = [n.model_id for n in sources.networks(profile.published)]
    there = sources.weights_at(profile.published, names)
    rows = [row_of(name) for name in names if name not in there]
    sizes = {row.model_id: row.size_bytes or row.tensor_bytes for row in rows}
    return [_item(f"weights of {len(sizes)} of the {len(names)} published networks", sum(sizes.values()) / 1e6, not sizes)]

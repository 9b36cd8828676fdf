"""Which pairs of images ask whether one network made both, and what makes two networks differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..fleet import Network

FACTORS = {"seed": "seed", "dataset": "training set", "loss": "loss", "architecture": "architecture", "scale": "scale"}
ANY, EVERYTHING = "any", "everything"
KINDS = (*FACTORS.values(), EVERYTHING, ANY)
APART, TILES, IMAGE = "other photographs", "one photograph", "one image"
SCENES = (APART, TILES, IMAGE)  # what two images show: two photographs, two tiles of one, or the same tile


def kinds(first: Network, second: Network) -> tuple[str, ...]:
    """What kinds of pair two different networks are: by the one factor in which they differ, by all but the seed, and any.

    >>> from srfp_lib import fleet
    >>> a, b, c = map(fleet.parse, ("RDN-div2k-x4-L1-s1", "RDN-div2k-x4-L1-s2", "EDSR-flickr2k-x2-VGG_GAN-s1"))
    >>> kinds(a, b), kinds(a, c)
    (('seed', 'any'), ('everything', 'any'))
    """
    differ = {factor for factor in FACTORS if getattr(first, factor) != getattr(second, factor)}
    if len(differ) == 1:
        return FACTORS[differ.pop()], ANY
    return (EVERYTHING, ANY) if differ >= FACTORS.keys() - {"seed"} else (ANY,)


def losses(first: Network, second: Network) -> str:
    """The losses of two networks: "L1", "adversarial", or "mixed"."""
    return "mixed" if first.adversarial != second.adversarial else "adversarial" if first.adversarial else "L1"


def differing(networks: Sequence[Network], kind: str, most: int, rng: np.random.Generator) -> list[tuple[Network, Network]]:
    """At most so many pairs of a kind, drawn at random."""
    found = [pair for pair in combinations(networks, 2) if kind in kinds(*pair)]
    return [found[at] for at in rng.permutation(len(found))[:most]]


class Group(NamedTuple):
    """Networks and photographs that no other group of a split has."""

    networks: tuple[Network, ...]
    photographs: tuple[str, ...]


def groups(networks: Sequence[Network], photographs: Sequence[str], rng: np.random.Generator) -> tuple[Group, Group, Group]:
    """Three groups of about one size, to learn, to calibrate and to test, drawn at random.

    Networks of one architecture, scale and loss stay together, so that none is tested whose siblings were learnt.
    """
    families: dict[tuple[object, ...], list[Network]] = {}
    for network in networks:
        families.setdefault((network.architecture, network.scale, network.loss), []).append(network)
    found = list(families.values())
    dealt, shown = rng.permutation(len(found)), rng.permutation(len(photographs))
    first, second, third = (
        Group(tuple(n for at in dealt[k::3] for n in found[at]), tuple(photographs[at] for at in sorted(shown[k::3]))) for k in range(3)
    )
    return first, second, third


def halves(networks: Sequence[Network], rng: np.random.Generator) -> tuple[list[Network], list[Network]]:
    """Two groups of published networks; those of one architecture stay together."""
    names = list(dict.fromkeys(network.architecture for network in networks))
    first = {names[at] for at in rng.permutation(len(names))[::2]}
    return [n for n in networks if n.architecture in first], [n for n in networks if n.architecture not in first]


def scenes(photographs: np.ndarray, scene: str, sizes: tuple[int, int], rng: np.random.Generator) -> tuple[list[int], list[int]] | None:
    """The images of a pair: so many on each side, drawn at random; None where there are not enough.

    ``photographs``: of each image. `APART`: of as many photographs as there are images; `TILES`: two images of one; `IMAGE`: the same one.
    """
    if scene == IMAGE:
        at = int(rng.integers(len(photographs)))
        return [at], [at]
    if scene == TILES:
        names, counts = np.unique(photographs, return_counts=True)
        if not (counts > 1).any():
            return None
        first, second = rng.choice(np.flatnonzero(photographs == rng.choice(names[counts > 1])), 2, replace=False)
        return [int(first)], [int(second)]
    names = np.unique(photographs)
    if len(names) < sum(sizes):
        return None
    drawn = [int(rng.choice(np.flatnonzero(photographs == name))) for name in rng.permutation(names)[: sum(sizes)]]
    return drawn[: sizes[0]], drawn[sizes[0] :]

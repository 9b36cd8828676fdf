"""From an image to a verdict: many squares, one opinion, and the same asked of mild re-deliveries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ..common.randomness import numpy_generator
from . import deliveries, history
from .naming import PHOTOGRAPH, Naming, Opinion
from .traces import traces

KNOWN, UNKNOWN, PLAIN, UNSURE = VERDICTS = ("known", "unknown", "not super-resolved", "unsure")
SURE = 0.8  # probability of the network, or of none, that a verdict takes
MOST = 16  # squares of an image
MOST_DELIVERED = 4  # of each re-delivery
LOSSY = ("jpeg", "webp")  # beginnings of deliveries
MARGIN = 1.4  # side of the window that is re-delivered, in squares: a smaller size and a crop still leave one

Pixels = UInt8[np.ndarray, "_ _ 3"]
Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Judgement:
    """``opinion``: of the image as it is. ``votes``: the likeliest source of each square. ``delivered``: verdict and first source by delivery.
    ``reason``: why the verdict is unsure, to complete "No verdict: ...".
    """

    verdict: str
    reason: str
    first: str
    opinion: Opinion
    places: tuple[Place, ...]
    side: int
    votes: tuple[str, ...]
    delivered: dict[str, tuple[str, str]]
    flipped: tuple[str, ...]


def places(height: int, width: int, side: int, most: int = MOST) -> list[Place]:
    """Top left pixels of squares spread evenly over an image that is no smaller than one; they overlap by half at the most.

    >>> places(96, 100, 80), len(places(4000, 6000, 80)), places(80, 80, 80)
    ([(0, 0), (0, 20), (16, 0), (16, 20)], 15, [(0, 0)])
    """
    rows = min(max(round(math.sqrt(most * height / width)), 1), most, 1 + math.ceil((height - side) / (side / 2)))
    columns = min(most // rows, 1 + math.ceil((width - side) / (side / 2)))
    rows = min(most // columns, 1 + math.ceil((height - side) / (side / 2)))
    tops, lefts = (np.linspace(0, length - side, n).round().astype(int).tolist() for length, n in ((height, rows), (width, columns)))
    return [(top, left) for top in tops for left in lefts]


def independent(height: int, width: int, side: int, squares: int) -> float:
    """How many squares there are, or less where they overlap: the image's area in squares."""
    return max(min(float(squares), height * width / side**2), 1.0)


def opinion(model: Naming, image: Pixels, most: int = MOST, *, lossy: bool = False) -> tuple[Opinion, list[Place], np.ndarray]:
    """What an image's squares say together, where they lie, and their spectra. A smaller image is one square as it is."""
    height, width, _ = image.shape
    side = min(model.side, height, width)
    at = places(height, width, side, most)
    features = traces(np.stack([image[top : top + side, left : left + side] for top, left in at]))
    return model.opinion(features, independent(height, width, side, len(at)), lossy=lossy), at, features


def verdict(model: Naming, found: Opinion) -> tuple[str, str, str]:
    """The verdict of one opinion, its first source, and why it is unsure."""
    networks = model.networks
    plain = float(found.probabilities[~networks].sum())
    first = model.sources[int(np.where(networks, found.probabilities, -1).argmax())]
    strange = found.strangeness > found.limit
    if plain >= SURE or found.photograph > 0:
        return PLAIN, PHOTOGRAPH, ""
    if found.perhaps > 0:  # it was compressed, after which networks' images reach the limit of untouched photographs
        return UNSURE, first, "it may be a compressed photograph, or a compressed image of a network"
    if strange:
        return UNKNOWN, first, ""
    if found.probabilities[networks].max() >= SURE:
        return KNOWN, first, ""
    return UNSURE, first, "several sources explain the image"


def windows(image: Pixels, side: int) -> list[Pixels]:
    """The parts of an image that are re-delivered: all of a small one, else windows spread over it."""
    height, width, _ = image.shape
    large = math.ceil(side * MARGIN)
    if min(height, width) <= large or height * width <= MOST_DELIVERED * large**2:
        return [image[: 2 * large, : 2 * large]]
    return [image[top : top + large, left : left + large] for top, left in places(height, width, large, MOST_DELIVERED)]


def delivered(model: Naming, image: Pixels, name: str, lossy: bool = False) -> Opinion:
    """What the image says after a delivery, as far as it is sampled."""
    rng, squares, area = numpy_generator(1, "delivery", name), [], 0.0
    for window in windows(image, model.side):
        arrived = deliveries.deliver(name, window, rng)
        height, width, _ = arrived.shape
        side = min(model.side, height, width)
        at = places(height, width, side, MOST_DELIVERED)
        found = [arrived[top : top + side, left : left + side] for top, left in at]
        squares.append(traces(np.stack(found)))
        area += independent(height, width, side, len(at))
    return model.opinion(np.concatenate(squares), area, lossy=lossy or name.startswith(LOSSY))


def judge(model: Naming, image: Pixels, names: Sequence[str] = deliveries.MILD, *, lossy: bool = False) -> Judgement:
    """Judge an image and its re-deliveries. A verdict that any of them contradicts is unsure.

    ``lossy``: its file is a JPEG or WebP one; pixels that show JPEG's blocks are taken to come from one.
    """
    lossy = lossy or history.blockiness(image) > history.BLOCKY
    found, at, features = opinion(model, image, lossy=lossy)
    side = min(model.side, *image.shape[:2])
    now, first, reason = verdict(model, found)
    said = {name: verdict(model, delivered(model, image, name, lossy))[:2] for name in names}
    flipped = tuple(name for name, (then, other) in said.items() if contradicts((now, first), (then, other)))
    if min(image.shape[:2]) < model.side:
        now, reason = UNSURE, f"the image is smaller than the {model.side} x {model.side} pixels that the model was made for"
    elif flipped:
        now, reason = UNSURE, f"mild changes of the image turn '{now}' into another verdict"
    return Judgement(now, reason, first, found, tuple(at), side, tuple(model.likeliest(features, found.state)), said, flipped)


def contradicts(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two verdicts, each with its first source, cannot both be right; one that is unsure contradicts none.

    >>> contradicts(("known", "A"), ("known", "B")), contradicts(("known", "A"), ("unsure", "B")), contradicts(("unknown", "A"), ("unknown", "B"))
    (True, False, False)
    """
    if UNSURE in (one[0], other[0]):
        return False
    return one[0] != other[0] or (one[0] == KNOWN and one[1] != other[1])

"""What the teacher's secret decides: the networks, which of them made which image, where it was cut, and its name.

Every draw has a seed of its own, the HMAC-SHA256 of its purpose under the secret (RFC 2104): who lacks the secret can compute none.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int

from ... import fleet
from ...common.errors import UserError
from ...fleet import Network

LEAST_SECRET = 16  # bytes; shorter ones can be guessed, and a package tells whether a guess is right
FEWEST, MOST = 3, 60  # networks
UNKNOWN = "unknown"
MARGIN = 4  # pixels of a tile that no image shows, on every side: networks pad there
SIDE = 40  # of an image; on larger ones the baseline leaves little to do


class Secret:
    """The content of a file that the teacher keeps. Raises UserError for a missing or short one."""

    def __init__(self, file: Path) -> None:
        make = f"""make one with python -c "import secrets; print(secrets.token_hex(32))" > '{file}'"""
        try:
            self._key = file.read_bytes().strip()
        except FileNotFoundError:
            raise UserError(f"there is no secret '{file}': give the file, or {make}") from None
        if len(self._key) < LEAST_SECRET:
            raise UserError(f"the secret in '{file}' has {len(self._key)} bytes, and so few can be guessed: {make}")

    def digest(self, *purpose: object) -> bytes:
        """32 bytes for one purpose."""
        return hmac.digest(self._key, "/".join(("srfp contest 1", *map(str, purpose))).encode(), "sha256")

    def generator(self, *purpose: object) -> np.random.Generator:
        """Random numbers for one purpose."""
        return np.random.default_rng(int.from_bytes(self.digest(*purpose)))

    def seed(self, *purpose: object) -> int:
        """A 63-bit seed for one purpose."""
        return int.from_bytes(self.digest(*purpose)[:8]) >> 1


@dataclass(frozen=True)
class Counts:
    """What a package says openly: networks, how many of them have no labelled image, and the images of each photograph by part."""

    networks: int
    unseen: int
    labelled: tuple[int, ...]
    test: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the networks that have labelled images.

        >>> Counts(4, 1, (), ()).labels
        ('N01', 'N02', 'N03')
        """
        return tuple(f"N{number + 1:02d}" for number in range(self.networks - self.unseen))

    @classmethod
    def read(cls, stored: dict[str, object]) -> Counts:
        """From the fields of a file. Raises TypeError or ValueError if they make no sense."""
        labelled, test = ([int(n) for n in stored[part]] for part in ("labelled", "test"))  # pyrefly: ignore[not-iterable]
        return cls(int(str(stored["networks"])), int(str(stored["unseen"])), tuple(labelled), tuple(test))

    def stored(self) -> dict[str, object]:
        """The fields for a file."""
        return asdict(self)


def unseen(networks: int) -> int:
    """How many of the networks have no labelled image: a quarter, at least one.

    >>> unseen(12), unseen(3)
    (3, 1)
    """
    return max(1, networks // 4)


def design(secret: Secret, count: int) -> tuple[Network, ...]:
    """Custom networks, drawn evenly over scales and losses, in an order that says nothing; the last ones have no labelled image."""
    if not FEWEST <= count <= MOST:
        raise UserError(f"--networks is {count}: a contest has {FEWEST} to {MOST}")
    rng, chosen = secret.generator("design"), []
    cells = list(product(fleet.SCALES, fleet.LOSSES))
    for cell in islice(cycle([cells[i] for i in rng.permutation(len(cells))]), count):
        left = [n for n in fleet.custom() if (n.scale, n.loss) == cell and n not in chosen]
        chosen.append(left[rng.integers(len(left))])
    return tuple(chosen[i] for i in rng.permutation(count))


def dealt(secret: Secret, part: str, counts: Counts) -> Int[np.ndarray, " n"]:
    """The number of the network that made each image of a part: the labelled ones in equal shares, those of the test drawn freely.

    Each test image shows a place of its own and its network is drawn for itself, so that no answer follows from others.
    """
    rng = secret.generator("networks", part)
    if part == "test":
        return rng.integers(counts.networks, size=sum(counts.test))
    return rng.permutation(np.arange(sum(counts.labelled)) % len(counts.labels))


def side(tile: int) -> int:
    """The side of the images of tiles, whose side is a multiple of 4.

    >>> side(96), side(48)
    (40, 32)
    """
    return min(SIDE, tile - 4 * MARGIN)


def offsets(secret: Secret, part: str, n: int, tile: int) -> Int[np.ndarray, "n 2"]:
    """Where each image begins in its tile: row and column, anywhere but at the margin, at every phase of the sub-pixel grid equally often."""
    return MARGIN + secret.generator("offsets", part).integers(tile - 2 * MARGIN - side(tile), size=(n, 2))


def truth(secret: Secret, part: str, counts: Counts) -> pd.DataFrame:
    """A row for each image of a part, photograph by photograph: image (its file), network (its label), photograph (its number)."""
    each = counts.test if part == "test" else counts.labelled
    labels = [*counts.labels, *[UNKNOWN] * counts.unseen]
    names = [secret.digest("image", part, i).hex()[:12] + ".png" for i in range(sum(each))]
    return pd.DataFrame(
        {"image": names, "network": [labels[i] for i in dealt(secret, part, counts)], "photograph": np.repeat(np.arange(len(each)), each)}
    )

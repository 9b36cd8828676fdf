"""What is known of a published network without its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TRUNCATE, HALF_UP, HALF_EVEN = "truncate", "round half up", "round"


@dataclass(frozen=True)
class Descriptor:
    """A row of the catalogue in short.

    scale: of the network; LIIF takes others too. value_range: of the network's own input. quantise: how its authors make
    8 bits, "round" (half to even), "round half up" or "truncate". tiling: what their test run does.
    """

    model_id: str
    family: str
    variant: str
    scale: int
    parameters: int
    value_range: str
    quantise: str
    tiling: str
    licence_code: str
    licence_weights: str


def describe(row: Mapping[str, str]) -> Descriptor:
    """The descriptor of a catalogue's row."""
    known = {TRUNCATE: TRUNCATE, HALF_UP: HALF_UP}
    return Descriptor(
        model_id=row["model_id"],
        family=row["family"],
        variant=row["variant"],
        scale=int(row["scale"]),
        parameters=int(row["parameters"]),
        value_range=row["value_range"],
        quantise=known.get(row["quantise"], HALF_EVEN),
        tiling=row["official_tiling"],
        licence_code=row["licence_code"],
        licence_weights=row["licence_weights"],
    )

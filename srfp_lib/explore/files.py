"""All that the book gets from this room: a script of data and a still picture for each figure, and the opening page's sentences."""

from __future__ import annotations

from typing import Any

from . import numbers, pictures, stills
from .encoded import script

FOLDER, STILLS = "book/_static/explore/data", "book/_static/stills"  # an EPUB has the stills alone
PICTURES = {"blink": pictures.blink, "average": pictures.average, "swatches": pictures.swatches, "phase": pictures.phase, "quiz": pictures.quiz}
NUMBERS = {
    "map": (numbers.feature_map, stills.feature_map),
    "withheld": (numbers.withheld, stills.withheld),
    "lottery": (numbers.lottery, stills.lottery),
    "claims": (numbers.claims, stills.claims),
    "damage": (numbers.damage, stills.damage),
}
TOYS = {"room": stills.room, "ratio": stills.ratio}  # they have no data


def files(study: Any) -> dict[str, bytes]:
    """By path in the book's sources; ``study`` is a finished `srfp_lib.study.Study`. The same study gives the same bytes."""
    made = {"book/_made/opening.txt": numbers.opening(study).encode()} | {f"{STILLS}/{name}.png": draw() for name, draw in TOYS.items()}
    for name, figure in PICTURES.items():
        data, still = figure(study)
        made |= {f"{FOLDER}/{name}.js": script(name, data), f"{STILLS}/{name}.png": still}
    for name, (calculate, draw) in NUMBERS.items():
        data = calculate(study)
        made |= {f"{FOLDER}/{name}.js": script(name, data), f"{STILLS}/{name}.png": draw(data)}
    return made

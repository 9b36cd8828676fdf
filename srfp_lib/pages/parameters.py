"""What a reader may change in a chapter: each value is checked before anything is made, and refused with one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .. import fleet
from ..common.errors import UserError


def one_of(name: str, value: str, choices: Iterable[str]) -> str:
    """The value of a parameter that is one of a few. Raises UserError.

    >>> one_of("loss", "L1", ["L1", "VGG_GAN"])
    'L1'
    """
    if value not in (known := list(map(str, choices))):
        raise UserError(f"the parameter {name} is {value!r}: choose one of {', '.join(known[:24])}{', ...' if len(known) > 24 else ''}")
    return value


def whole(name: str, value: int, least: int, most: int) -> int:
    """The value of a parameter that is a whole number from ``least`` to ``most``. Raises UserError.

    >>> whole("run", 2, 1, 3)
    2
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UserError(f"the parameter {name} is {value!r}: give {f'a whole number from {least} to {most}' if least < most else least}")
    return value


def number(name: str, value: float, least: float, most: float) -> float:
    """The value of a parameter that is a number from ``least`` to ``most``. Raises UserError.

    >>> number("quality", 90, 1, 100)
    90.0
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
        raise UserError(f"the parameter {name} is {value!r}: give a number from {least:g} to {most:g}")
    return float(value)


def network(name: str, value: str, among: Iterable[str]) -> str:
    """The model_id of one of some networks, given as it is or, where no other has this name, as pages shorten it. Raises UserError.

    An empty value stays empty.

    >>> network("network", "SRFBN 2X L1", ["SRFBN-NA-x2-L1-NA-pretrained"])
    'SRFBN-NA-x2-L1-NA-pretrained'
    """
    shorts = {model_id: fleet.short(model_id) for model_id in among}
    bearers = Counter(shorts.values())
    known = {short if bearers[short] == 1 else model_id: model_id for model_id, short in shorts.items()}
    return value if value in ("", *shorts) else known[one_of(name, value, known)]

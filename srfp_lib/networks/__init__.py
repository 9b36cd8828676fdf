"""Super-resolution architectures, one file each. `build` gives a fresh network of the custom fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.errors import UserError

if TYPE_CHECKING:
    from torch import nn


def build(name: str, scale: int, size: str) -> nn.Module:
    """A trainable network with fresh weights: N x 3 x H x W in 0..1 to N x 3 x sH x sW.

    ``size`` is "narrow" (16 channels, see `narrow`) or "full" (the paper's, by the defaults of D7, see `full`) for the custom
    fleet, and "stand-in" for the tiny relatives of the published networks (see `standins`).
    Weights come from torch's current random state: seed it with `srfp_lib.randomness.seeded_torch`.
    """
    if size == "narrow":
        from . import narrow as family
    elif size == "full":
        from . import full as family
    elif size == "stand-in":
        from . import standins as family
    else:
        raise UserError(f"there is no network size '{size}': choose full or narrow")
    if name not in family.BODIES:
        raise UserError(f"there is no {size} architecture '{name}': choose one of {', '.join(family.BODIES)}")
    return family.build(name, scale)

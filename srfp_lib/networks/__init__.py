"""Super-resolution architectures, one file each, written from the papers and from the names and shapes in the published
weight files; no authors' code is copied. Sources and licences of code and weights stand in the catalogue of `published`."""

from __future__ import annotations

from importlib import import_module

from torch import nn

from ..common.errors import UserError

SIZES = ("narrow", "full")


def build(architecture: str, scale: int, size: str) -> nn.Module:
    """A trainable network with fresh weights: n x 3 x h x w to n x 3 x sh x sw, both 0..1.

    size: "narrow" (16 channels, see `narrow`) or "full" (as in the paper, see `full`). Weights are drawn from torch's global
    generator: seed it with `common.randomness.seeded_torch`. Raises UserError for an unknown size or architecture.
    """
    if size not in SIZES:
        raise UserError(f"there is no network size '{size}': choose full or narrow")
    family = import_module(f".{size}", __name__)
    if architecture not in family.BODIES:
        raise UserError(f"there is no {size} architecture '{architecture}': choose one of {', '.join(family.BODIES)}")
    return family.BODIES[architecture](scale)

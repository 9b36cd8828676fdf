"""Refusals that the published networks share: unknown variants and scales, images that are too small."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

from ..common.errors import UserError

Net = TypeVar("Net")


def check_variant(family: str, variant: str, scale: int, *, scales: Collection[int] = (4,), variants: Collection[str] = ("",)) -> None:
    """Raises UserError unless the family has the variant and the scale."""
    if variant not in variants or scale not in scales:
        known = f"one of {', '.join(v or 'none' for v in variants)}" if any(variants) else "no variant"
        raise UserError(f"there is no {family} '{variant}' at {scale}x: take scale {' or '.join(map(str, scales))} and {known}")


def builder(
    family: str, make: Callable[[str, int], Net], *, scales: Collection[int] = (4,), variants: Collection[str] = ("",)
) -> Callable[[str, int], Net]:
    """``build(variant, scale)`` of a family: ``make``, which makes a fresh network, behind `check_variant`."""

    def build(variant: str, scale: int) -> Net:
        check_variant(family, variant, scale, scales=scales, variants=variants)
        return make(variant, scale)

    return build


def check_sides(lr: Float[Tensor, "n c h w"], least: int, reason: str) -> None:
    """Raises UserError if a side of an n x c x h x w image is below ``least``. reason: subject and verb of the sentence."""
    height, width = lr.shape[2:]
    if min(height, width) < least:
        raise UserError(f"{reason} and cannot take {height} x {width} pixels: give sides of at least {least}")

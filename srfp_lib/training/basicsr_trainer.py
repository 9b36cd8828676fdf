"""BasicSR's own trainer with the parts registered that BasicSR lacks: ``python -m srfp_lib.training.basicsr_trainer -opt FILE``.

Arguments are BasicSR's; it writes into ``experiments/NAME`` below the current folder.
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

from .. import networks
from ..networks import _basicsr
from . import discriminators, perceptual
from .basicsr import PerceptualTerm


def network(architecture: str, scale: int, size: str) -> nn.Module:
    """A custom network of srfp_lib."""
    return networks.build(architecture, scale, size)


def discriminator(kind: str) -> nn.Module:
    """A discriminator of srfp_lib."""
    return discriminators.build(kind)


def perceptual_loss(kind: str, loss: str, weight: float, master_seed: int) -> nn.Module:
    """The perceptual term of srfp_lib, called as BasicSR's."""
    phi = perceptual.build(kind, loss, master_seed=master_seed)
    return PerceptualTerm(phi, weight, None if kind in perceptual.CALIBRATED else 1.0)


def register() -> None:
    """Enter our parts into BasicSR's tables, once."""
    registry = _basicsr.load("utils.registry")
    parts = [
        (registry.ARCH_REGISTRY, "SrfpNetwork", network),
        (registry.ARCH_REGISTRY, "SrfpDiscriminator", discriminator),
        (registry.LOSS_REGISTRY, "SrfpPerceptual", perceptual_loss),
    ]
    for table, name, part in parts:
        if name not in table:
            table._do_register(name, part)


def main() -> None:
    """Train with the option file on the command line."""
    register()
    _basicsr.load("train").train_pipeline(str(Path.cwd()))


if __name__ == "__main__":
    main()

"""Made-up weights of the reference cases: normal numbers seeded by case and tensor name, scaled as each family needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .networks import PublishedNetwork

OFFICIAL = re.compile(r"(.*\.)?((sub|add)_mean\..*|attn_mask|relative_position_index|get_g_nopadding\..*)")
"""Tensors that keep the values of the network as it is built."""
COUPLING = re.compile(r"flowUpsamplerNet\.layers\.(?:[3-9]|1[0-8]|2[3-9]|3[0-8]|4[2-9]|5[0-7])\.actnorm\.logs")


@dataclass(frozen=True)
class Recipe:
    """What a case's weights are made from; the first override whose ending fits replaces the gain."""

    family: str
    case: str
    gain: float
    bias: float
    overrides: tuple[tuple[str, float], ...] = ()

    def gain_of(self, name: str) -> float:
        """The gain of one tensor."""
        return next((gain for ending, gain in self.overrides if name.endswith(ending)), self.gain)


def normal(case: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers for one tensor of a case.

    >>> np.round(0.5 / np.sqrt(3) * normal("demo", "a.weight", (2, 3))[0], 6).tolist()
    [-0.072094, 0.49104, 0.15702]
    """
    seed = int.from_bytes(hashlib.sha256(f"{case}:{name}".encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)


def keeps_its_value(name: str) -> bool:
    """Whether a tensor has its official value in every case.

    >>> keeps_its_value("encoder.sub_mean.bias"), keeps_its_value("head.0.bias")
    (True, False)
    """
    return OFFICIAL.fullmatch(name) is not None


def make(recipe: Recipe, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor of a case, float32."""
    if recipe.family == "SPSR":
        name = name.replace("HR_conv0_new.0.", "model.8.")  # one layer under two names
    rule = RULES.get(recipe.family, base)
    return np.asarray(rule(recipe, name, normal(recipe.case, name, shape)), np.float32)


def load(network: PublishedNetwork, recipe: Recipe, shapes: Mapping[str, tuple[int, ...]] | None = None) -> None:
    """Give a network a case's weights. shapes: of the official key list; without it the network's own."""
    own = network.state_dict(shapes or ())
    shapes = shapes or {name: tuple(tensor.shape) for name, tensor in own.items()}
    kept = {name: own[name] for name in shapes if name in own and keeps_its_value(name)}
    network.load_state_dict(kept | {name: make(recipe, name, shape) for name, shape in shapes.items() if name not in kept})


def base(recipe: Recipe, name: str, n: np.ndarray) -> np.ndarray:
    """The rule of most families; the fan is the product of all dimensions but the first."""
    if name.endswith("running_var"):
        return 1 + 0.1 * np.abs(n)
    if name.endswith("running_mean"):
        return recipe.bias * n
    if n.ndim >= 2:
        return n * recipe.gain_of(name) / np.sqrt(np.prod(n.shape[1:]))
    return 1 + 0.1 * n if name.endswith("weight") else recipe.bias * n


def _enhancenet(recipe: Recipe, name: str, n: np.ndarray) -> np.ndarray:
    """TensorFlow's kernels have their outputs last."""
    return n * recipe.gain_of(name) / np.sqrt(np.prod(n.shape[:-1])) if n.ndim >= 2 else recipe.bias * n


def _srfbn(recipe: Recipe, name: str, n: np.ndarray) -> np.ndarray:
    """Tensors of one number are slopes of PReLU."""
    return 0.2 + 0.05 * n if n.shape == (1,) else base(recipe, name, n)


def _ncsr(recipe: Recipe, name: str, n: np.ndarray) -> np.ndarray:
    """Flow layers near the identity, so that 58 inverses in a row stay finite."""
    if name.startswith("RRDB."):
        return base(recipe, name, n)
    if name.endswith("invconv.weight"):
        q, r = np.linalg.qr(n)
        return q * np.sign(np.diagonal(r)) + 0.1 * n / np.sqrt(len(n))
    if name.endswith("actnorm.bias"):
        return 0.05 * n - (0.5 if name == "flowUpsamplerNet.layers.1.actnorm.bias" else 0)
    if name.endswith(".logs"):
        return 0.05 * n + (0.2 if COUPLING.fullmatch(name) else 0)
    if n.ndim == 1:
        return 0.01 * n
    small = {".4.weight": 0.2, ".conv.weight": 0.2, ".fAffine.0.weight": 0.15, ".fFeatures.0.weight": 0.15}
    gain = next((gain for ending, gain in small.items() if name.endswith(ending)), 1.4)
    return gain * n / np.sqrt(np.prod(n.shape[1:]))


Rule = Callable[[Recipe, str, np.ndarray], np.ndarray]
RULES: dict[str, Rule] = {"EnhanceNet": _enhancenet, "SRFBN": _srfbn, "NCSR": _ncsr}

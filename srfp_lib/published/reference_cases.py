"""Reference cases: runs of the official networks with seeded weights, each compared with ours.

A case is a file NAME.npz with an LR image `lr`, the official result `out` (float32, 0..1, unclamped), the network (`model_id`,
`variant`), the recipe of its weights (`case`, `gain`, `bias`, `overrides`), and inputs and results of options. `keys` names a
file beside it with the official names and shapes; without that file they are our own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.errors import UserError
from .networks import PublishedNetwork, network

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-4
"""Largest difference that passes; for NLSN that of 99 % of the values, as rounding errors make its hashing jump."""
SAME_8_BIT = 0.999
RESULTS: dict[str, dict[str, Any]] = {
    "out": {}, "out_chop": {"chop": True}, "out_network": {"bare": True}, "out_t0": {"latents": None, "temperature": 0},
}  # fmt: skip
"""Fields of a case that hold official results, and the options of `upscale` behind each."""


def check(folder: Path | str) -> pd.DataFrame:
    """Run every case in a folder.

    One row a case: `case`, `model_id`, `variant`, `parameters`, `results` (which were compared), `largest_difference`,
    `equal_8_bit` (share of values; of several results the worst), `passed`. Raises UserError for a broken case.
    """
    import pandas as pd

    paths = sorted(Path(folder).glob("*.npz"))
    if not paths:
        raise UserError(f"'{folder}' holds no reference cases: give a folder with files NAME.npz")
    return pd.DataFrame([_check_case(path) for path in paths])


def _check_case(path: Path) -> dict[str, object]:
    fields = _read(path)
    try:
        found = network(*fields["network"])
        _give_weights(found, path, fields)
        compared = {result: _compare(found, fields, result) for result in RESULTS if result in fields}
    except UserError as error:
        raise UserError(f"the case '{path}' cannot be run: {error}") from None
    differences, equal, passed = zip(*compared.values(), strict=True)
    return {
        "case": path.stem, "model_id": found.row.model_id, "variant": found.row.variant, "parameters": found.parameters(),
        "results": " ".join(compared), "largest_difference": max(differences), "equal_8_bit": min(equal), "passed": all(passed),
    }  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    """The fields of a case, single values as Python's own."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            fields = {name: file[name] if file[name].ndim else file[name].item() for name in file.files}
        overrides = json.loads(fields.get("overrides", "[]"))
        fields["overrides"] = tuple((str(ending), float(gain)) for ending, gain in overrides)
        fields["gain"], fields["bias"] = float(fields["gain"]), float(fields["bias"])
        fields["network"] = str(fields["model_id"]), str(fields["variant"]) if "variant" in fields else None
        fields["rotations"] = [fields[f"rotation_{i}"] for i in range(sum(name.startswith("rotation_") for name in fields))]
        if fields["lr"].ndim != 3 or fields["out"].dtype.kind != "f" or not isinstance(fields["case"], str):
            raise ValueError("lr, out or case is of the wrong kind")
    except Exception as error:  # NumPy and zipfile raise many types for a damaged file
        raise UserError(f"'{path}' is no reference case ({str(error).partition('. ')[0]}): put the file there again") from None
    return fields


def _give_weights(found: PublishedNetwork, path: Path, fields: Mapping[str, Any]) -> None:
    """Load the weights of the official run: the published file, or seeded ones."""
    if fields.get("rules") == "the published weights themselves":
        found.load(path.parent / "weights" / f"{path.stem.removesuffix('_official')}_weights")
        return
    recipe = Recipe(found.row.family, fields["case"], fields["gain"], fields["bias"], fields["overrides"])
    load_seeded(found, recipe, _shapes(path.parent / Path(fields.get("keys", "")).name))


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a key list; nothing if there is no such file."""
    if not path.is_file():
        return {}
    try:
        return {str(name): tuple(int(n) for n in shape) for name, shape, _ in json.loads(path.read_text("utf-8"))}
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"'{path}' is no key list ({error}): put the file there again") from None


def _compare(found: PublishedNetwork, fields: Mapping[str, Any], result: str) -> tuple[float, float, bool]:
    """Largest difference from one official result, share of equal 8-bit values, and whether both pass."""
    ours, theirs = found.upscale(fields["lr"], **(_inputs(found, fields) | RESULTS[result])), fields[result]
    if ours.shape != theirs.shape:
        raise UserError(f"'{result}' has shape {theirs.shape} and ours {ours.shape}: they are not of one image")
    difference = np.abs(ours - theirs)
    equal = float((found.quantise(ours) == found.quantise(theirs)).mean())
    counted = np.quantile(difference, 0.99) if found.row.family == "NLSN" else difference.max()
    return float(difference.max()), equal, bool(counted <= TOLERANCE and equal >= SAME_8_BIT)


def _inputs(found: PublishedNetwork, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `upscale` that a case states: the random inputs of its run, and LIIF's scale."""
    options: dict[str, Any] = {"rotations": fields["rotations"]} if fields["rotations"] else {}
    if "z" in fields and "eps" in fields:
        options["latents"] = (fields["z"], fields["eps"])
    if "scale" in found.options() and "scale" in fields:
        options["scale"] = float(fields["scale"])
    return options


# --- seeded weights: normal numbers seeded by case and tensor name, scaled as each family needs -------------------------------------------------

OFFICIAL = re.compile(r"(.*\.)?((sub|add)_mean\..*|attn_mask|relative_position_index|get_g_nopadding\..*)")
"""Tensors that keep the values they are built with."""
COUPLING = re.compile(r"flowUpsamplerNet\.layers\.(?:[3-9]|1[0-8]|2[3-9]|3[0-8]|4[2-9]|5[0-7])\.actnorm\.logs")
NCSR_GAINS = ((".4.weight", 0.2), (".conv.weight", 0.2), (".fAffine.0.weight", 0.15), (".fFeatures.0.weight", 0.15))


@dataclass(frozen=True)
class Recipe:
    """How a case's weights are made; the first override whose ending fits a tensor's name replaces the gain."""

    family: str
    case: str
    gain: float
    bias: float
    overrides: tuple[tuple[str, float], ...] = ()


def load_seeded(found: PublishedNetwork, recipe: Recipe, shapes: Mapping[str, tuple[int, ...]] | None = None) -> None:
    """Load seeded weights. shapes: those of the official key list; by default the network's own."""
    own = found.state_dict(shapes or ())
    shapes = shapes or {name: tuple(tensor.shape) for name, tensor in own.items()}
    made = {name: own[name] if name in own and OFFICIAL.fullmatch(name) else seeded(recipe, name, shape) for name, shape in shapes.items()}
    found.load_state_dict(made)


def seeded(recipe: Recipe, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor of a case, float32."""
    if recipe.family == "SPSR":
        name = name.replace("HR_conv0_new.0.", "model.8.")  # one layer under two names
    rule = _ncsr if recipe.family == "NCSR" else _base
    return np.asarray(rule(recipe, name, normal(recipe.case, name, shape)), np.float32)


def normal(case: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers for one tensor of a case.

    >>> np.round(0.5 / np.sqrt(3) * normal("demo", "a.weight", (2, 3))[0], 6).tolist()
    [-0.072094, 0.49104, 0.15702]
    """
    seed = int.from_bytes(hashlib.sha256(f"{case}:{name}".encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)


def _gain(name: str, gains: tuple[tuple[str, float], ...], otherwise: float) -> float:
    return next((gain for ending, gain in gains if name.endswith(ending)), otherwise)


def _base(recipe: Recipe, name: str, n: np.ndarray) -> np.ndarray:
    """The rule of most families; the fan-in is the product of all dimensions but the first, in TensorFlow's kernels the last."""
    if recipe.family == "SRFBN" and n.shape == (1,):  # slopes of PReLU
        return 0.2 + 0.05 * n
    if name.endswith("running_var"):
        return 1 + 0.1 * np.abs(n)
    if name.endswith("running_mean"):
        return recipe.bias * n
    if n.ndim >= 2:
        inputs = n.shape[:-1] if recipe.family == "EnhanceNet" else n.shape[1:]
        return n * _gain(name, recipe.overrides, recipe.gain) / np.sqrt(np.prod(inputs))
    return 1 + 0.1 * n if name.endswith("weight") else recipe.bias * n


def _ncsr(recipe: Recipe, name: str, n: np.ndarray) -> np.ndarray:
    """Flow layers near the identity, so that 58 inverses in a row stay finite."""
    if name.startswith("RRDB."):
        return _base(recipe, name, n)
    if name.endswith("invconv.weight"):
        q, r = np.linalg.qr(n)
        return q * np.sign(np.diagonal(r)) + 0.1 * n / np.sqrt(len(n))
    if name.endswith("actnorm.bias"):
        return 0.05 * n - (0.5 if name == "flowUpsamplerNet.layers.1.actnorm.bias" else 0)
    if name.endswith(".logs"):
        return 0.05 * n + (0.2 if COUPLING.fullmatch(name) else 0)
    if n.ndim == 1:
        return 0.01 * n
    return _gain(name, NCSR_GAINS, 1.4) * n / np.sqrt(np.prod(n.shape[1:]))

"""Reference cases: runs of the official networks with known weights, each compared with ours.

A case is a file NAME.npz with an LR image `lr`, the official result `out` (float32, 0..1, unclamped), the network (`model_id`,
`variant`), what its weights are made from (`case`, `gain`, `bias`, `overrides`), and the inputs and results of options. The
official names and shapes stand in the file that `keys` names, beside it; without that file they are our own.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.errors import UserError
from . import case_weights
from .case_weights import Recipe
from .networks import PublishedNetwork, network

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-4
"""The largest difference that passes; of NLSN's values 99 % keep it, because its hashing jumps on a rounding error."""
SAME_8_BIT = 0.999
DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a file that is no case may raise."""
RESULTS: dict[str, dict[str, Any]] = {
    "out": {}, "out_chop": {"chop": True}, "out_network": {"bare": True}, "out_t0": {"latents": None, "temperature": 0},
}  # fmt: skip
"""Fields of a case that hold official results, and the options which give them."""


def check(folder: Path | str) -> pd.DataFrame:
    """Run every case of a folder.

    One row a case: `case`, `model_id`, `variant`, `parameters`, `results` (which were compared), `largest_difference`,
    `equal_8_bit` (share of values; of several results the worst), `passed`. Raises UserError for a case that is broken.
    """
    import pandas as pd

    paths = sorted(Path(folder).glob("*.npz"))
    if not paths:
        raise UserError(f"'{folder}' holds no reference cases: give a folder with files NAME.npz")
    return pd.DataFrame([check_case(path) for path in paths])


def check_case(path: Path) -> dict[str, object]:
    """One row of `check`."""
    fields = _read(path)
    try:
        found = network(*fields["network"])
        _give_weights(found, path, fields)
        compared = {result: _compare(found, fields, result) for result in RESULTS if result in fields}
    except UserError as error:
        raise UserError(f"the case '{path}' cannot be run: {error}") from None
    return {
        "case": path.stem,
        "model_id": found.descriptor.model_id,
        "variant": found.descriptor.variant,
        "parameters": found.parameters(),
        "results": " ".join(compared),
        "largest_difference": max(c[0] for c in compared.values()),
        "equal_8_bit": min(c[1] for c in compared.values()),
        "passed": all(c[2] for c in compared.values()),
    }


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
    except DAMAGE as error:
        raise UserError(f"'{path}' is no reference case ({error}): put the file there again") from None
    return fields


def _give_weights(found: PublishedNetwork, path: Path, fields: Mapping[str, Any]) -> None:
    """Load what the case was run with: the published file, or weights made from the recipe."""
    if fields.get("rules") == "the published weights themselves":
        name = path.stem.removesuffix("_official")
        found.load(path.parent / "weights" / f"{name}_weights")
        return
    recipe = Recipe(found.descriptor.family, fields["case"], fields["gain"], fields["bias"], fields["overrides"])
    case_weights.load(found, recipe, _shapes(path.parent / Path(fields.get("keys", "")).name))


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a key list; nothing if there is no such file."""
    if not path.is_file():
        return {}
    try:
        return {str(name): tuple(int(n) for n in shape) for name, shape, _ in json.loads(path.read_text("utf-8"))}
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"'{path}' is no key list ({error}): put the file there again") from None


def _compare(found: PublishedNetwork, fields: Mapping[str, Any], result: str) -> tuple[float, float, bool]:
    """Largest difference, share of equal 8-bit values, and whether they will do, of one official result."""
    options = _inputs(found, fields) | RESULTS[result]
    ours, theirs = found.upscale(fields["lr"], **options), fields[result]
    if ours.shape != theirs.shape:
        raise UserError(f"'{result}' has shape {theirs.shape} and ours {ours.shape}: they are not of one image")
    difference = np.abs(ours - theirs)
    equal = float((found.quantise(ours) == found.quantise(theirs)).mean())
    counted = np.quantile(difference, 0.99) if found.descriptor.family == "NLSN" else difference.max()
    return float(difference.max()), equal, bool(counted <= TOLERANCE and equal >= SAME_8_BIT)


def _inputs(found: PublishedNetwork, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Options that a case states: the random inputs of its run, and LIIF's scale."""
    options: dict[str, Any] = {}
    if fields["rotations"]:
        options["rotations"] = fields["rotations"]
    if "z" in fields and "eps" in fields:
        options["latents"] = (fields["z"], fields["eps"])
    if "scale" in found.options() and "scale" in fields:
        options["scale"] = float(fields["scale"])
    return options

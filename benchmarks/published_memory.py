"""How much memory does a published network need for a photograph of 960 x 720 LR pixels? Counted, not run.

torch's fake tensors have shapes and layouts but no data, so that a network that would run ten minutes is traversed
in seconds. The count is the peak of bytes in live feature maps, above the loaded network, without a library's workspace
inside one convolution. Where a network repeats a block many times, two blocks stand for all.

    python benchmarks/published_memory.py [--size 960x720]

It writes benchmarks/published_memory.csv, one row per network.
"""

from __future__ import annotations

import argparse
import weakref
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from unittest import mock

import pandas as pd
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from srfp_lib.published.catalogue import Row
from srfp_lib.published.catalogue import rows as catalogue_rows


class Live(TorchDispatchMode):
    """Counts the bytes of live tensors, and keeps the peak."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[int] = set()
        self.bytes = self.peak = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and (storage := tensor.untyped_storage())._cdata not in self.known:
                self.known.add(storage._cdata)
                self.bytes += storage.nbytes()
                self.peak = max(self.peak, self.bytes)
                weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        return result

    def _gone(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.bytes -= size


def _san(network: nn.Module) -> None:
    network.RG = network.RG[:2]


def _rcan(network: nn.Module) -> None:
    network.body = nn.Sequential(network.body[0], network.body[-1])


def _swinir(network: nn.Module) -> None:
    network.layers = network.layers[:1]
    network.layers[0].residual_group.blocks = network.layers[0].residual_group.blocks[:2]


def _nlsn(network: nn.Module) -> None:
    network.body = nn.ModuleList([network.body[0], network.body[1], network.body[-1]])
    network.body[0].rounds = 2


def _rrdb(network: nn.Module) -> None:
    network.RRDB_trunk = network.RRDB_trunk[:2]


SHORTENED: dict[str, Callable[[nn.Module], None]] = {
    "SAN": _san, "RCAN": _rcan, "SwinIR": _swinir, "NLSN": _nlsn, "ESRGAN": _rrdb, "Real-ESRGAN": _rrdb,
}  # fmt: skip


def _pillow(lr: Tensor, scale: int) -> Tensor:
    """Replaces Pillow's bicubic, which needs data."""
    return torch.zeros(len(lr), 3, lr.shape[2] * scale, lr.shape[3] * scale)


def peak(row: Row, width: int, height: int) -> int:
    """Peak bytes of one image of width x height LR pixels in one network."""
    module, family = import_module(f"srfp_lib.networks.{row.module}"), row.family
    network = module.build(row.variant, row.scale).eval().to(memory_format=torch.channels_last)
    SHORTENED.get(family, lambda _: None)(network)
    options = {"temperature": 0} if family == "NCSR" else {"generator": torch.Generator()} if family == "NLSN" else {}
    drawn = mock.patch.object(module, "_draw", lambda *_: torch.randn, create=True)  # fake tensors take no generator
    enlarged = mock.patch.object(module, "pillow_bicubic", _pillow, create=True)
    with drawn, enlarged, FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), Live() as live:
        module.upscale(network, torch.rand(1, height, width, 3).permute(0, 3, 1, 2), scale=row.scale, **options)
    return live.peak


def main() -> None:
    """Count every network and variant of the catalogue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="960x720", help="width x height of the LR image")
    size = parser.parse_args().size
    width, height = (int(n) for n in size.split("x"))
    rows = []
    for row in catalogue_rows():
        mb = peak(row, width, height) / 1e6
        rows.append({"family": row.family, "variant": row.variant, "scale": row.scale, "lr": size, "maps_mb": round(mb)})
        print(*rows[-1].values(), flush=True)
        pd.DataFrame(rows).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()

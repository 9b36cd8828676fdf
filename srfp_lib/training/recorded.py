"""A training step as one CUDA graph.

A step of a small network is some hundreds of kernels of a few microseconds each: launched one by one from Python they leave
a GPU idle most of the time. Recorded once and replayed, they follow each other without the CPU.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # calls before the recording, in which libraries choose their kernels and optimisers make their state


class Recorded:
    """A function of GPU tensors whose shapes never change. It runs as it is a few times and is then recorded and replayed.

    Everything that it reads and writes beside its arguments must stay where it is in memory, nothing may be asked back by
    the CPU, and no tensor may be made from Python numbers: a graph knows kernels and addresses alone.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function, self._calls = function, 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, *given: Tensor) -> Tensor:
        self._calls += 1
        if self._calls <= WARM_UP:
            return self._function(*given)
        if self._graph is None:
            self._record(given)
        for kept, new in zip(self._inputs, given, strict=True):
            kept.copy_(new)
        self._graph.replay()
        return self._result.clone()

    def _record(self, given: tuple[Tensor, ...]) -> None:
        """Nothing is computed here: a recording only notes the kernels."""
        self._inputs = [x.clone() for x in given]
        self._graph = torch.cuda.CUDAGraph()
        gc.collect()  # an older graph that the garbage collector ends in the middle of a recording would end the recording too
        with torch.cuda.graph(self._graph):
            self._result = self._function(*self._inputs)

"""A training step as one CUDA graph.

A step of a small network is hundreds of kernels of a few microseconds each. Launched one by one from Python, they leave a GPU
idle most of the time; replayed from a graph, they follow each other without the CPU.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # eager calls before the recording, in which libraries choose kernels and optimisers allocate their state


class Recorded:
    """A function of GPU tensors of constant shapes: eager for `WARM_UP` calls, then recorded and replayed.

    A graph knows kernels and addresses alone. So everything the function uses besides its arguments must keep its address, and
    it may neither send a value to the CPU nor make tensors from Python numbers.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function, self._calls = function, 0

    def __call__(self, *inputs: Tensor) -> Tensor:
        self._calls += 1
        if self._calls <= WARM_UP:
            return self._function(*inputs)
        if self._calls == WARM_UP + 1:
            self._record(inputs)
        for kept, new in zip(self._inputs, inputs, strict=True):
            kept.copy_(new)
        self._graph.replay()
        return self._result.clone()

    def _record(self, inputs: tuple[Tensor, ...]) -> None:
        """Notes the kernels; computes nothing."""
        self._inputs = [x.clone() for x in inputs]
        self._graph = torch.cuda.CUDAGraph()
        gc.collect()  # collecting an older graph during the recording would abort it
        with torch.cuda.graph(self._graph):
            self._result = self._function(*self._inputs)

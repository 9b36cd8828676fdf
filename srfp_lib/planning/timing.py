"""Seconds and memory of an action, on a processor or on a GPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..common.devices import CPU

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Timing:
    """Seconds of a step or an image, whether scaled from a part of it, and the memory it takes beside a worker's own."""

    seconds: float
    scaled: bool = False
    megabytes: float = 0.0

    def __add__(self, other: Timing) -> Timing:
        return Timing(self.seconds + other.seconds, self.scaled or other.scaled, max(self.megabytes, other.megabytes))


def seconds_of(action: Callable[[], object], device: str = CPU) -> float:
    """On a processor the seconds of this process, which other work disturbs little; on a GPU those of the clock."""
    if device == CPU:
        start = time.process_time()
        action()
        return time.process_time() - start
    import torch

    torch.cuda.synchronize()
    start = time.perf_counter()
    action()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def gpu_megabytes(device: str) -> float:
    """The most memory of a GPU since the last call; nothing on a processor."""
    if device == CPU:
        return 0.0
    import torch

    megabytes = torch.cuda.max_memory_allocated() / 1e6
    torch.cuda.reset_peak_memory_stats()
    return megabytes


def bytes_of(module: nn.Module) -> int:
    """The bytes of a network's weights."""
    return sum(p.numel() * p.element_size() for p in module.parameters())


def held_by(step: Callable[[], object]) -> int:
    """The bytes that a step keeps for its gradients, weights excepted."""
    import torch

    seen: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        if not isinstance(tensor, torch.nn.Parameter):
            seen[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(seen.values())

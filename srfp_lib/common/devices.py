"""Where tensors live. The device is chosen on the command line and passed on as a name ("cpu", "cuda:0"); nothing stores it.

Results differ between devices by rounding only: random numbers and initial weights are made on the CPU and moved.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    import torch

CPU = "cpu"
DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # NVIDIA, WSL, AMD
PRECISIONS = ("float32", "bfloat16")


def find(name: str) -> tuple[str, ...]:
    """The devices meant by auto, cpu, cuda (all GPUs) or cuda:1 (that GPU). Raises UserError if there is no such device.

    Without a GPU driver "auto" is the CPU, decided without importing torch.

    >>> find("cpu")
    ('cpu',)
    """
    check(name)
    if name == CPU or (name == "auto" and not any(Path(path).exists() for path in DRIVERS)):
        return (CPU,)
    import torch

    gpus = tuple(f"cuda:{i}" for i in range(torch.cuda.device_count())) if torch.cuda.is_available() else ()
    if name == "auto":
        return gpus or (CPU,)
    if not gpus or (name != "cuda" and name not in gpus):
        raise UserError(f"the device '{name}' is not there (torch finds {', '.join(gpus) or 'no GPU'}): choose another --device, or auto")
    return gpus if name == "cuda" else (name,)


def check(name: str) -> None:
    """Refuse a name that no device can have. Raises UserError."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", f"{name}"):  # a notebook may be given a number
        raise UserError(f"there is no device '{name}': choose auto, cpu, cuda or, of several GPUs, one by its number as in cuda:1")


def megabytes(device: str) -> float:
    """The memory of a GPU; without end for the CPU, whose memory `planning.obstacles` looks at."""
    if device == CPU:
        return float("inf")
    import torch

    return torch.cuda.get_device_properties(device).total_memory / 1e6


def title(device: str) -> str:
    """The GPU's product name, for receipts; empty for the CPU."""
    if device == CPU:
        return ""
    import torch

    return torch.cuda.get_device_name(device)


def exact(device: str) -> AbstractContextManager[None]:
    """Within the block a GPU convolves in full float32; by default torch lets it round inputs to 10 bits (TF32)."""
    if device == CPU:
        return nullcontext()
    import torch

    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)


def channels_last(device: str, precision: str = "float32") -> bool:
    """Whether networks of a precision convolve faster in the memory layout n h w c: on a CPU, and on a GPU in bfloat16.

    In float32 a GPU took up to a quarter longer, and two networks up to 139 GB (`benchmarks/tried.md`).
    """
    return device == CPU or precision == "bfloat16"


def place(images: torch.Tensor, device: str, precision: str = "float32") -> torch.Tensor:
    """Images n x c x h x w on a device. Cut from arrays they are n h w c in memory, and stay so only where that is faster."""
    there = images.to(device)
    return there if channels_last(device, precision) else there.contiguous()


def autocast(device: str | torch.device, precision: str) -> AbstractContextManager[object]:
    """Within the block networks compute in "float32" or "bfloat16", whatever the type of their weights. Raises UserError for others."""
    if precision not in PRECISIONS:
        raise UserError(f"there is no precision '{precision}': choose one of {', '.join(PRECISIONS)}")
    if precision == "float32":
        return nullcontext()
    import torch

    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def leave(device: str) -> None:
    """Free the GPU memory that torch caches, for other workers."""
    if device != CPU:
        import torch

        torch.cuda.empty_cache()

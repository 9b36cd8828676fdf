"""A stand-in for a GPU: torch's device "meta", which knows shapes but no numbers, and a watch that no operation mixes devices."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

MOVES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class OneDevice(TorchDispatchMode):
    """Within the block an operation on tensors of two devices fails, as on a GPU. Single numbers may be anywhere."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor) and x.dim()]
        devices = {x.device.type for x in tensors}
        assert len(devices) < 2 or func in MOVES, f"{func} is given tensors on {devices}"
        return func(*args, **kwargs or {})


class NothingComes(TorchDispatchMode):
    """Within the block nothing is brought to the device from elsewhere: a recorded step (`training.recorded`) could not have it."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        tensors = [x for x in tree_leaves((args, kwargs, result)) if isinstance(x, torch.Tensor)]
        assert len({x.device.type for x in tensors}) < 2, f"{func} brings a tensor to the device"
        return result

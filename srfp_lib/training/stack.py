"""Several networks of one shape as one: their weights are stacked and every operation runs for all at once.

Small networks are bound by the overhead of each operation, so that training them together is what makes a fleet of 180
affordable (`benchmarks/training.py`). A stack of one is an ordinary module, without any wrapping.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state


class Stack:
    """n networks of equal shape. Calling it maps n x b x ... to n x b x ..., each network its own batch.

    ``channels_last`` is about the layout in memory of the stacked weights of convolutions, and of nothing else.
    """

    def __init__(self, modules: list[nn.Module], *, compiled: bool = False, channels_last: bool = False) -> None:
        self.modules = modules
        if len(modules) == 1:
            self._alone = torch.compile(modules[0]) if compiled else modules[0]
            # Frozen ones, such as NLSN's mean shifts at full size, are nobody's to train.
            self.parameters = {name: p for name, p in modules[0].named_parameters() if p.requires_grad}
        else:
            self.parameters, self._buffers = stack_module_state(modules)
            for weight in self.parameters.values() if channels_last else ():
                if weight.dim() == 5:  # n o i h w, in memory n o h w i
                    weight.data = weight.data.movedim(2, -1).contiguous().movedim(-1, 2)
            self._all = torch.vmap(self._one, in_dims=(0, 0, 0))

    def __len__(self) -> int:
        return len(self.modules)

    def __call__(self, x: Tensor) -> Tensor:
        if len(self) == 1:
            return self._alone(x[0])[None]
        return self._all(self.parameters, self._buffers, x)

    def _one(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(self.modules[0], (parameters, buffers), (x,))

    def tensors(self) -> list[Tensor]:
        """The trainable tensors, the first dimension running over networks (for a stack of one: the plain weights)."""
        return list(self.parameters.values())

    def states(self) -> list[dict[str, Tensor]]:
        """The state dict of every network, as copies on the CPU."""
        if len(self) == 1:
            return [{k: _copy(v) for k, v in self.modules[0].state_dict().items()}]
        return [{k: _copy(self._current(k, v)[i]) for k, v in module.state_dict().items()} for i, module in enumerate(self.modules)]

    @torch.no_grad()
    def load_states(self, states: list[dict[str, Tensor]]) -> None:
        """Take over the state dict of every network, in place, so that optimisers keep their tensors."""
        if len(self) == 1:
            self.modules[0].load_state_dict(states[0])
            return
        for key, tensor in (self.parameters | self._buffers).items():
            if key in states[0]:
                tensor.copy_(torch.stack([state[key] for state in states]))

    def _current(self, key: str, default: Tensor) -> Tensor:
        stacked = self.parameters.get(key, self._buffers.get(key))
        return default.expand(len(self), *default.shape) if stacked is None else stacked

    def clip_(self, largest: float) -> None:
        """Scale every network's gradient so that its norm is at most ``largest``."""
        gradients = [p.grad for p in self.tensors() if p.grad is not None]
        if len(self) == 1:
            nn.utils.clip_grad_norm_(self.tensors(), largest)
            return
        squared = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0)  # n
        factor = (largest / (squared.sqrt() + 1e-6)).clamp(max=1)
        for g in gradients:
            g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)

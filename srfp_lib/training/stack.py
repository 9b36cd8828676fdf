"""Several networks of one architecture as one module: weights are stacked, and each operation runs for all networks at once.

Small networks are bound by the overhead per operation; only stacked is a fleet of 180 affordable (`benchmarks/training.py`).
A stack of one runs its module as it is.
"""

from __future__ import annotations

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

State = dict[str, Tensor]


class Stack:
    """n networks of equal shapes, each with its own batch.

    ``channels_last`` lays out the stacked weights of convolutions in memory as n o h w i.
    """

    def __init__(self, modules: list[nn.Module], *, compiled: bool = False, channels_last: bool = False) -> None:
        self.modules = modules
        self.parameters: State
        if len(modules) == 1:
            self._alone = torch.compile(modules[0]) if compiled else modules[0]
            # Frozen parameters, such as the mean shifts of a full-size NLSN, are not trained.
            self.parameters = {name: p for name, p in modules[0].named_parameters() if p.requires_grad}
            return
        self.parameters, self._buffers = stack_module_state(modules)
        for weight in self.parameters.values() if channels_last else ():
            if weight.dim() == 5:  # n o i h w
                weight.data = weight.data.movedim(2, -1).contiguous().movedim(-1, 2)
        self._all = torch.vmap(lambda parameters, buffers, x: functional_call(modules[0], (parameters, buffers), (x,)))

    def __call__(self, x: Shaped[Tensor, "n b ..."]) -> Shaped[Tensor, "n b ..."]:
        if len(self.modules) == 1:
            return self._alone(x[0])[None]
        return self._all(self.parameters, self._buffers, x)

    def tensors(self) -> list[Tensor]:
        """The trainable tensors, n x ... (without the first dimension in a stack of one)."""
        return list(self.parameters.values())

    def states(self) -> list[State]:
        """The state dict of each network, copied to the CPU."""
        if len(self.modules) == 1:
            return [{k: _copy(v) for k, v in self.modules[0].state_dict().items()}]
        stacked = self.parameters | self._buffers
        return [{k: _copy(stacked[k][i] if k in stacked else v) for k, v in m.state_dict().items()} for i, m in enumerate(self.modules)]

    @torch.no_grad()
    def load_states(self, states: list[State]) -> None:
        """Load the state dict of each network, in place: optimisers keep their tensors."""
        if len(self.modules) == 1:
            self.modules[0].load_state_dict(states[0])
            return
        for key, tensor in (self.parameters | self._buffers).items():
            if key in states[0]:
                tensor.copy_(torch.stack([state[key] for state in states]))

    def clip_(self, largest: float) -> None:
        """Scale the gradients of each network to a norm of at most ``largest``."""
        if len(self.modules) == 1:
            nn.utils.clip_grad_norm_(self.tensors(), largest)
            return
        gradients = [p.grad for p in self.tensors() if p.grad is not None]
        squared = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0)  # n
        factor = (largest / (squared.sqrt() + 1e-6)).clamp(max=1)
        for g in gradients:
            g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)

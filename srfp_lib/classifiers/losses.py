"""The losses of a training, looked at now and then."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ..common.errors import UserError

CHECK_EVERY = 50  # steps between looks


class Losses:
    """The losses of the steps so far, which stay on the device: to look at one would let a GPU wait at every step."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._unseen: list[tuple[Tensor, str]] = []

    def add(self, loss: Float[Tensor, ""], where: str) -> None:
        """Keep a loss; every `CHECK_EVERY` steps look at them."""
        self._unseen.append((loss, where))
        if len(self._unseen) == CHECK_EVERY:
            self.check()

    def check(self) -> list[float]:
        """All losses. Raises UserError for the first that is no number; what is saved or committed is checked before."""
        values = torch.stack([loss for loss, _ in self._unseen]).tolist() if self._unseen else []
        for value, (_, where) in zip(values, self._unseen, strict=True):
            if not math.isfinite(value):
                raise UserError(f"the training of a classifier broke down: its loss is {value} at {where}; lower classifier.learning_rate")
        self._values, self._unseen = self._values + values, []
        return self._values

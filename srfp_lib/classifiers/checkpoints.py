"""Checkpoints of a classifier in training: an interrupted training resumes and ends with the same bits."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..common.errors import UserError
from ..common.files import write_whole


@dataclass(frozen=True)
class Checkpoint:
    """A file that holds the state of a training, replaced as a whole; without a path nothing is saved."""

    path: Path | None = None

    def save(self, **state: Any) -> None:
        """Save tensors, numbers, strings, and lists and dictionaries of them."""
        if self.path:
            whole = io.BytesIO()
            torch.save(state, whole)
            write_whole(self.path, whole.getvalue())

    def load(self) -> dict[str, Any]:
        """The saved state, empty if there is none. Raises UserError if it is damaged: starting over silently would hide it."""
        if self.path is None or not self.path.exists():
            return {}
        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many types for a damaged file
            raise UserError(f"the checkpoint '{self.path}' is damaged ({type(error).__name__}): delete it to train from the start") from None


NONE = Checkpoint()

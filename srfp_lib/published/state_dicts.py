"""The state dict in a weight file of a published network, whatever its form, under the authors' names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..common.errors import UserError
from ..fetching import restricted
from ..fetching.restricted import RefusedError
from . import tensorflow_v1
from .catalogue import Row

if TYPE_CHECKING:
    from torch import Tensor


def read(path: Path, row: Row) -> dict[str, Tensor]:
    """The state dict in a file, on the CPU, out of its wrapper.

    EnhanceNet's variables keep TensorFlow's names and layout (see `srfp_lib.networks.enhancenet.official`).
    Raises UserError for a file that is missing, cut off, of another kind, too large or hostile.
    """
    import torch

    try:
        if not path.is_file():
            raise RefusedError("there is no such file")
        if path.suffix == ".t7":
            raise RefusedError("Torch7 files are not read, take another variant of this network")
        if path.stat().st_size <= row.most_bytes and tensorflow_v1.is_checkpoint(path):
            return {name: torch.from_numpy(array) for name, array in tensorflow_v1.read(path).items()}
        return restricted.state_dict(path, most_bytes=row.most_bytes)
    except (RefusedError, tensorflow_v1.DamagedError, MemoryError, OSError) as error:
        reason = str(error) or "it asks for more memory than there is"
        remedy = f"put the file '{row.file_name}' of its authors there"
        raise UserError(f"'{path}' cannot be read as weights of {row.model_id}: {reason}; {remedy}") from None

"""The state dict in a weight file of a published network, whatever its form, under the authors' names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.errors import UserError
from ..fetching import restricted
from ..fetching.restricted import RefusedError
from . import tensorflow_v1
from .catalogue import Row

if TYPE_CHECKING:
    from torch import Tensor

WRAPPERS = ("params_ema", "params", "state_dict", "net", "net_g", "generator", "model_state_dict", "model", "sd")
"""Keys under which authors save the state dict, in the order of preference of the official loaders."""
PREFIXES = ("module.", "_orig_mod.")  # of torch's DataParallel and of its compiler, in any order, once or more often


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
        return _checked(_state(restricted.read(path, most_bytes=row.most_bytes)), row)
    except (RefusedError, tensorflow_v1.DamagedError, MemoryError, OSError) as error:
        reason = str(error) or "it asks for more memory than there is"
        remedy = f"put the file '{row.file_name}' of its authors there"
        raise UserError(f"'{path}' cannot be read as weights of {row.model_id}: {reason}; {remedy}") from None


def _state(found: Any) -> dict[str, Tensor]:
    state = _unwrap(found)
    if state is None:
        raise RefusedError("it holds no state dict")
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in state)), ""):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _unwrap(found: Any, depth: int = 3) -> dict[str, Tensor] | None:
    """The first dict of nothing but tensors, along the known wrappers.

    Contents decide, not names alone: beside ProSR's `state_dict` the key `params` holds training options.
    """
    from torch import Tensor

    if not isinstance(found, dict):
        return None
    items = dict(dict.items(found))  # not found.items(): a file can give an OrderedDict an attribute of that name
    if items and all(isinstance(name, str) and isinstance(value, Tensor) for name, value in items.items()):
        return items
    inner = (_unwrap(items[name], depth - 1) for name in WRAPPERS if depth and name in items)
    return next((state for state in inner if state is not None), None)


def _checked(state: dict[str, Tensor], row: Row) -> dict[str, Tensor]:
    """Plain tensors of their own memory; claims are compared with the bound before anything is copied."""
    restricted.check_plain(state.values())
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if claimed > row.most_bytes:
        raise RefusedError(f"its tensors claim {claimed:,} bytes, and this network has {row.tensor_bytes:,}")
    return {name: tensor.detach().contiguous() for name, tensor in state.items()}

"""Weight files of published networks: their tensors whatever the form, under the authors' names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.errors import UserError
from . import ncnn
from .catalogue import Row, advice, file_name, file_of, largest
from .lock import Lock

if TYPE_CHECKING:
    from torch import Tensor

WRAPPERS = ("params_ema", "params", "state_dict", "net", "net_g", "generator", "model_state_dict", "model", "sd")
"""Keys under which authors put the state dict, in the order in which the official loaders prefer them."""
PREFIXES = ("module.", "_orig_mod.")  # of torch's DataParallel and of its compiler


def read_state(path: Path, row: Row) -> dict[str, Tensor]:
    """The state dict in a weight file, on the CPU, under the authors' names, out of its wrapper.

    EnhanceNet's variables keep TensorFlow's names and layout (see `srfp_lib.networks.enhancenet.official`).
    Raises UserError with one sentence for a file that is missing, cut off, of another kind, too large or hostile.
    """
    from . import restricted, tensorflow_v1

    try:
        if not path.is_file():
            raise restricted.RefusedError("there is no such file")
        if path.suffix == ".t7":
            raise restricted.RefusedError("Torch7 files are not read, take another variant of this network")
        if path.stat().st_size <= largest(row) and tensorflow_v1.is_checkpoint(path):
            return _checked(_from_arrays(tensorflow_v1.read(path)), row)
        return _checked(_state(restricted.read(path, largest=largest(row))), row)
    except (restricted.RefusedError, tensorflow_v1.DamagedError, MemoryError) as error:
        reason = str(error) or "it asks for more memory than there is"
        raise UserError(
            f"'{path}' cannot be read as weights of {row['model_id']}: {reason}; put the file '{file_name(row)}' of its authors there"
        ) from None


def load(folder: Path, row: Row) -> dict[str, Tensor]:
    """The state dict of a network from the weights folder, where its file must be the one that it was.

    For Real-ESRGAN 4x the installed extra ncnn will do. Raises UserError, with the way to get a file that is missing.
    """
    path, state = file_of(folder, row), Lock(folder).state(file_of(folder, row), row)
    if state == "altered":
        raise UserError(f"'{path}' has another SHA-256 than it should: delete it and fetch it again")
    if state != "missing":
        return read_state(path, row)
    if ncnn.holds(row):
        return ncnn.read(*ncnn.installed())
    raise UserError(f"the weights of {row['model_id']} are missing: {advice(row, folder)}")


def _from_arrays(arrays: Mapping[str, Any]) -> dict[str, Tensor]:
    import torch

    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _state(found: Any) -> dict[str, Tensor]:
    from .restricted import RefusedError

    state = _unwrap(found)
    if state is None:
        raise RefusedError("it holds no state dict")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _unwrap(found: Any, depth: int = 3) -> dict[str, Tensor] | None:
    """The first dict that holds nothing but tensors, along the known wrappers.

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
    import torch

    from .restricted import RefusedError

    if any(t.layout != torch.strided or t.device.type != "cpu" or t.is_quantized for t in state.values()):
        raise RefusedError("it holds tensors that are not plain numbers")
    claimed = sum(t.numel() * t.element_size() for t in state.values())
    if claimed > largest(row):
        raise RefusedError(f"its tensors claim {claimed:,} bytes, and this network has {int(row['tensor_bytes']):,}")
    return {name: tensor.detach().contiguous() for name, tensor in state.items()}

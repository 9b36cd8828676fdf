"""Torch files of strangers, read by torch's weights-only reader: nothing that a file names is imported or called.

Sizes are compared with a bound before anything is read. Names of training options beside the tensors stand for objects
that ignore what they are given.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

ZIP = b"PK\x03\x04"  # by which torch tells its new format


WRAPPERS = ("params_ema", "params", "state_dict", "net", "net_g", "generator", "model_state_dict", "model", "sd")
"""Keys under which authors save the state dict, in the order of preference of the official loaders."""
PREFIXES = ("module.", "_orig_mod.")  # of torch's DataParallel and of its compiler, in any order, once or more often


class Inert:
    """Stands for an object of the training options: takes any arguments and any state, keeps none."""

    def __new__(cls, *_: Any) -> Inert:
        return object.__new__(cls)

    def __setstate__(self, _: Any) -> None:
        pass


OPTIONS: dict[str, type] = {
    "easydict.EasyDict": OrderedDict,  # torch's reader fills no other mappings
    "argparse.Namespace": Inert, "numpy.dtype": Inert, "numpy.ndarray": Inert,
    **{f"numpy.{core}.multiarray.{name}": Inert for core in ("core", "_core") for name in ("scalar", "_reconstruct")},
}  # fmt: skip
"""Names in the options that authors saved beside the tensors (ProSR's, NumPy scalars), and what stands for them."""


class RefusedError(Exception):
    """A file that is not read; the message tells why."""


def read(path: Path, *, most_bytes: int) -> Any:
    """The object in a torch file, new (zip) or old format: dicts, lists, numbers and tensors on the CPU.

    most_bytes: bound on the size of the file and of its unpacked records. Raises RefusedError.
    """
    import torch

    try:
        if not path.is_file():
            raise RefusedError("it is no file" if path.exists() else "there is no such file")
        _check_size(path.stat().st_size, most_bytes)
        with path.open("rb") as file:
            zipped = file.read(len(ZIP)) == ZIP
        if zipped:
            _check_records(path, most_bytes)
        with warnings.catch_warnings(), torch.serialization.safe_globals([(kind, name) for name, kind in OPTIONS.items()]):
            warnings.simplefilter("ignore")
            # latin1 takes every byte: numbers that Python 2 wrote as text would stop the reader otherwise.
            return torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")
    except (RefusedError, MemoryError):
        raise
    except Exception as error:  # a hostile file may make a parser raise anything
        raise RefusedError(_reason(error)) from None


def state_dict(path: Path, *, most_bytes: int) -> dict[str, Tensor]:
    """The tensors in a torch file by name, out of their wrapper and without prefixes, in memory of their own. Raises RefusedError."""
    import torch

    state = _unwrap(read(path, most_bytes=most_bytes))
    if state is None:
        raise RefusedError("it holds no state dict")
    for tensor in state.values():  # a file may hold sparse, quantised, nested ones, without numbers or of a class of their own
        plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.layout == torch.strided and tensor.device.type == "cpu"
        if not plain or tensor.is_quantized or tensor.is_nested:
            raise RefusedError("it holds tensors that are not plain numbers")
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if claimed > most_bytes:  # compared before anything is copied
        raise RefusedError(f"its tensors claim {claimed:,} bytes, and this network needs {most_bytes:,} at most")
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in state)), ""):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return {name: tensor.detach().contiguous() for name, tensor in state.items()}


def _unwrap(found: Any, depth: int = 3) -> dict[str, Tensor] | None:
    """The first dict of nothing but tensors, along the known wrappers.

    Contents decide, not names alone: beside ProSR's `state_dict` the key `params` holds training options.
    """
    import torch

    if not isinstance(found, dict):
        return None
    items = dict(dict.items(found))  # not found.items(): a file can give an OrderedDict an attribute of that name
    if items and all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in items.items()):
        return items
    inner = (_unwrap(items[name], depth - 1) for name in WRAPPERS if depth and name in items)
    return next((state for state in inner if state is not None), None)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise RefusedError(f"it holds {size:,} bytes, and this network needs {most:,} at most")


def _check_records(path: Path, most_bytes: int) -> None:
    """Refuses a zip archive that is no torch file, or unpacks to too much."""
    with zipfile.ZipFile(path) as archive:
        _check_size(sum(record.file_size for record in archive.infolist()), most_bytes)
        pickles = [name for name in archive.namelist() if name.endswith(".pkl")]
        if len(pickles) != 1 or not pickles[0].endswith("/data.pkl"):
            raise RefusedError("its records are not those of a state dict")


def _reason(error: Exception) -> str:
    """A library's message in one sentence, without its advice to switch the protection off."""
    if found := re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", str(error)):
        return f"it names '{found[1]}', which has no business in a weight file"
    text = str(error).strip().partition("\n")[0].partition(". ")[0]
    about = f": {text[:120]}" if text and "weights_only" not in text else ""
    return f"it is damaged or no torch file ({type(error).__name__}{about})"

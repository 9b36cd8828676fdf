"""Torch files of strangers, read without unpickling them: nothing that a file names is ever imported or called.

Three walls. Sizes are compared with a bound before anything is read. The names that the pickle stream mentions are
found with `pickletools`, which only parses, and a name that is on neither list below is refused. What is left goes to
torch's own weights-only reader, where the names of training options stand for objects that ignore what they are given.
"""

from __future__ import annotations

import pickletools
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
TENSORS = frozenset({
    "collections.OrderedDict", "torch.Size", "torch.device", "torch.nn.parameter.Parameter", "_codecs.encode",
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
    *(f"{module}.{kind}Storage" for module in ("torch", "torch.cuda") for kind in STORAGES),
})  # fmt: skip
"""Names that the tensors of a state dict need; all of them are torch's own weights-only names too."""


class Inert:
    """Stands for an object of the training options: takes any arguments and any state, and keeps none."""

    def __new__(cls, *_: Any) -> Inert:
        return object.__new__(cls)

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass


OPTIONS: dict[str, type] = {
    "easydict.EasyDict": OrderedDict,  # torch's reader fills no other mappings
    **dict.fromkeys((
        "argparse.Namespace", "numpy.dtype", "numpy.ndarray",
        "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
    ), Inert),
}  # fmt: skip
"""Names found in options that authors saved beside the tensors (ProSR's, numpy scalars), and what stands for them."""


class RefusedError(Exception):
    """A file that is not read; the message says why."""


def read(path: Path, *, largest: int) -> Any:
    """The object in a torch file, new (zip) or old format: dicts, lists, numbers and tensors on the CPU.

    ``largest`` bounds the bytes of the file and of its unpacked records. Raises RefusedError.
    """
    import torch

    _check_size(path.stat().st_size, largest)
    zipped = zipfile.is_zipfile(path)
    try:
        names = _names_in_zip(path, largest) if zipped else _names_in_stream(path)
        if strange := sorted(names - TENSORS - OPTIONS.keys()):
            raise RefusedError(f"it names '{strange[0]}', which has no business in a weight file")
        options = [(kind, name) for name, kind in OPTIONS.items()]
        with warnings.catch_warnings(), torch.serialization.safe_globals(options):
            warnings.simplefilter("ignore")
            # latin1 takes every byte: numbers that Python 2 wrote as text would stop the reader otherwise.
            return torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")
    except (RefusedError, MemoryError):
        raise
    except Exception as error:  # a hostile file may make a parser raise anything
        raise RefusedError(f"it is damaged or no torch file ({_brief(error)})") from None


def _check_size(size: int, largest: int) -> None:
    if size > largest:
        raise RefusedError(f"it holds {size:,} bytes, and this network needs {largest:,} at most")


def _names_in_zip(path: Path, largest: int) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        _check_size(sum(record.file_size for record in archive.infolist()), largest)
        records = [name for name in archive.namelist() if name.endswith(".pkl")]
        # Of two records of one name, torch might read the other than we do.
        twice = len(set(archive.namelist())) < len(archive.namelist())
        if twice or len(records) != 1 or not records[0].endswith("/data.pkl"):
            raise RefusedError("its records are not those of a state dict")
        with archive.open(records[0]) as stream:
            return _names(stream)


def _names_in_stream(path: Path) -> set[str]:
    """Old format: magic number, version, machine, object and storage keys are five pickles in a row."""
    with path.open("rb") as stream:
        return set().union(*(_names(stream) for _ in range(5)))


def _names(stream: IO[bytes]) -> set[str]:
    """The global names in the next pickle of a stream, as module.name."""
    found = set()
    for operation, argument, _ in pickletools.genops(stream):
        if operation.name in ("GLOBAL", "INST"):
            found.add(str(argument).replace(" ", "."))
        elif operation.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):
            raise RefusedError(f"it uses the pickle operation {operation.name}, which torch never writes")
    return found


def _brief(error: Exception) -> str:
    """The first sentence of a library's message, without its advice to switch the protection off."""
    text = str(error).strip().partition("\n")[0].partition(". ")[0]
    return f"{type(error).__name__}: {text[:120]}" if text else type(error).__name__

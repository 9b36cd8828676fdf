"""Receipts: what a finished job leaves behind to say how each of its outputs was made."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from ..common.files import write_whole
from ..common.memory import litter


@dataclass(frozen=True)
class Receipt:
    """How a job's outputs were made. ``outputs`` maps a path to {"files": n, "bytes": b, "sha256": digest}.

    ``versions`` are those of Python and the libraries, ``cpu`` is the processor's model, ``instructions`` the vector instructions that torch
    used of it (empty: it used none), ``code`` a digest of the package.
    """

    job: str
    key: str
    inputs: dict[str, str]
    settings: dict[str, Any]
    outputs: dict[str, dict[str, Any]]
    seconds: float
    cpu_seconds: float
    peak_megabytes: int
    finished: str
    versions: dict[str, str]
    machine: str
    cpu: str = ""
    code: str = ""
    instructions: str = ""

    def write(self, path: Path) -> None:
        """Write it as a whole or not at all."""
        write_whole(path, self.text().encode())

    def text(self) -> str:
        """What its file holds."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def read(cls, path: Path) -> Receipt | None:
        """The receipt in a file, None if there is none. Raises UserError if it is damaged."""
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
            texts, tables = (found.job, found.key, found.finished, found.machine), (found.inputs, found.settings, found.outputs, found.versions)
            numbers = (found.seconds, found.cpu_seconds, found.peak_megabytes)
            if not all(isinstance(v, kind) for kind, values in ((str, texts), (dict, tables), ((int, float), numbers)) for v in values):
                raise TypeError
            if not all(about.keys() == {"files", "bytes", "sha256"} for about in found.outputs.values()):
                raise ValueError
            return found
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError):
            raise UserError(f"the receipt '{path}' is damaged: delete it, and the same command makes the job again") from None


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents below a folder, `litter` aside."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not litter(p.name)):
        whole.update(f"{file.relative_to(path).as_posix()}\n".encode() + file.read_bytes())
    return whole.hexdigest()


def extent(path: Path) -> dict[str, Any]:
    """Number of files and bytes of a file or folder, as a receipt records them; 0 where there is none."""
    sizes = [file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file()]
    return {"files": len(sizes), "bytes": sum(sizes)}


def flush(folder: Path) -> None:
    """Bring every file below a folder to the disk. Several at a time: the file system then writes its journal once for them."""
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(_flush_file, (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())))


def _flush_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

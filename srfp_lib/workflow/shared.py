"""A file system that hosts share: what one has written another may see some seconds later.

Files are flushed by the worker before it seals its folder (`receipts.flush`), and moved into place by renames, of which the file system's
server does each at once. NFS lets other hosts remember for up to a minute that a name was not there (`acdirmax`), so whoever is told
of something waits as long before he says that it is missing. The folders that are moved lie in the workspace, so a rename never copies.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ..common.errors import MachineError, UserError
from .receipts import Receipt
from .staging import SEAL

PATIENCE = 60.0  # seconds


def sealed(staged: Path) -> Receipt:
    """The receipt in a folder that a worker says it has sealed. Raises UserError if it does not appear."""
    if not _appears(lambda: (staged / SEAL).exists(), staged.parent) or (receipt := Receipt.read(staged / SEAL)) is None:
        raise UserError(f"a worker finished '{staged.name}', and the folder is not seen here: the workspace '{staged.parent.parent}' must lie on "
                        "a file system that all workers share, under the same path")  # fmt: skip
    return receipt


def await_inputs(root: Path, receipt: Callable[[str], Receipt | None], inputs: Mapping[str, str]) -> None:
    """Return when this host sees the outputs of jobs with these keys. Raises MachineError if it does not."""
    for job, key in inputs.items():
        if not _appears(lambda job=job, key=key: _seen(root, receipt(job), key), root):
            raise MachineError(f"host '{platform.node()}' does not see what '{job}' left in '{root}': the workspace must lie on "
                               "a file system that all workers share, under the same path")  # fmt: skip


def _seen(root: Path, receipt: Receipt | None, key: str) -> bool:
    return receipt is not None and receipt.key == key and all(os.path.lexists(root / output) for output in receipt.outputs)


def _appears(there: Callable[[], bool], folder: Path) -> bool:
    until = time.monotonic() + PATIENCE
    while not there():
        if time.monotonic() > until:
            return False
        time.sleep(min(0.5, PATIENCE))
        if folder.is_dir():
            os.listdir(folder)  # opening a folder asks the server anew
    return True

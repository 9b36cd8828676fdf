"""Whose fault a failure is: the machine's, so that another worker may try; the user's, one sentence; or the package's, whose log says where."""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Generator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from ..common.errors import MachineError, UserError
from ..common.files import disk_full
from . import logs

GPU = re.compile(r"(CUDA|HIP) (error|out of memory)|cuDNN error|CU(BLAS|DNN|FFT|SOLVER)_STATUS_|no CUDA-capable device")
"""What torch says when a GPU fell off, was taken by another process, or has no room beside other jobs."""


@contextmanager
def blamed(root: Path, job: str) -> Generator[None]:
    """Within the block a failure of the GPU, or of a disk of this host's that is not the workspace's, is a MachineError."""
    try:
        yield
    except Exception as error:
        host = platform.node()
        if isinstance(error, RuntimeError) and GPU.search(str(error)):
            raise MachineError(f"the GPU of '{host}' failed while it made '{job}' ({logs.sentence(error)}): run the same command again, "
                               "with fewer --workers or another --device if it happens again") from error  # fmt: skip
        if disk_full(error) and (place := _other_disk(error, root)):
            raise MachineError(f"no space is left on a disk of '{host}' that is not the workspace's ('{place}') while it made '{job}': "
                               "free some there, or set TMPDIR to another folder") from error  # fmt: skip
        raise


def _other_disk(error: Exception, root: Path) -> str:
    """The place that is full, if it is not in the workspace; where the error names none, the folder of temporary files, if that is full."""
    if name := getattr(error, "filename", None):
        return "" if Path(str(name)).absolute().is_relative_to(root.absolute()) else str(name)
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1 << 20))
            file.flush()
    except OSError:
        return "" if root.absolute().is_relative_to(tempfile.gettempdir()) else tempfile.gettempdir()
    return ""


def told(root: Path, job: str, failure: BaseException, losses: int) -> BaseException:
    """What the user is told of a job that failed for good, its workers lost so often: one sentence, that names the log where it says more."""
    log = f"its log is '{logs.path(root, job)}'"
    if isinstance(failure, MachineError):
        return UserError(f"{failure}; {log}")
    if isinstance(failure, UserError | BrokenProcessPool) or not isinstance(failure, Exception):
        return failure
    if losses:
        sentence = f"the worker of '{job}' was lost {losses} times, perhaps for want of memory: run the same command again, with fewer workers; {log}"
    else:
        sentence = f"'{job}' failed, and not by a mistake of yours ({logs.sentence(failure)}): {log}, please report it"
    told_ = UserError(sentence)
    told_.__cause__ = failure  # for callers from Python
    return told_

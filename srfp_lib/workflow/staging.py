"""Staging folders: a job writes into one of its own until it is finished, seals it, and the holder of the lock commits what is sealed.

A folder's name is never used twice, so that no host of a shared file system takes an older one of the same name for it. Between "begun"
and "sealed" lies one rename inside the folder: who moves the folder away first owns what is in it.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import secrets
import shutil
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..common.errors import UserError
from .receipts import Receipt

STAGING, THROWN, BEGUN, SEAL = ".staging", ".thrown", ".begun", "receipt.json"
LOOKS = 5.0  # seconds between two looks whether a job's folder is still there


def begin(root: Path, job: str) -> Path:
    """A new folder for a job to write its outputs into; it says who works there."""
    folder = root / STAGING / f"{job.replace('/', '+')}.{platform.node()}.{os.getpid()}.{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    (folder / BEGUN).write_text(json.dumps({"job": job, "host": platform.node(), "process": os.getpid()}))
    return folder


def seal(folder: Path, receipt: Receipt) -> None:
    """Mark a folder as finished, at once and for good. Raises UserError if it was taken away meanwhile."""
    try:
        with (folder / BEGUN).open("r+b") as file:
            file.write(receipt.text().encode())
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        os.rename(folder / BEGUN, folder / SEAL)
    except FileNotFoundError:
        raise _disowned(receipt.job) from None


def sweep(root: Path, commit: Callable[[Path], None]) -> None:
    """Commit what is sealed and throw the rest away. A worker that still writes into such a folder can no longer seal it."""
    for staged in sorted((root / STAGING).glob("*")):
        place = staged if (staged / SEAL).exists() else _aside(staged)
        if (place / SEAL).exists():  # of one that was moved away too: it was sealed at the last moment
            commit(place)
        shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(root / THROWN, ignore_errors=True)


def _aside(staged: Path) -> Path:
    place = staged.parent.parent / THROWN / f"{staged.name}.{secrets.token_hex(4)}"
    try:
        place.parent.mkdir(exist_ok=True)
        return staged.rename(place)
    except OSError:  # a full disk, or a system that moves no folder with open files
        return staged


def _disowned(job: str) -> UserError:
    return UserError(f"the staging folder of '{job}' was removed while it worked: its run was succeeded by another, or its disk is gone")


class _Disowned(BaseException):
    """Raised in a thread whose staging folder is gone; nothing that a job catches."""


@contextmanager
def owned(folder: Path, job: str) -> Generator[None]:
    """Within the block the work of this thread ends with a sentence (UserError) soon after its folder is taken away, and costs no more."""
    ended, thread = threading.Event(), threading.get_ident()

    def look() -> None:
        while not ended.wait(LOOKS):
            if not (folder / BEGUN).exists() and not ended.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Disowned))
                return

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        try:
            yield
        finally:
            ended.set()
            watch.join()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)  # one that has not come yet
    except (Exception, _Disowned):
        if (folder / BEGUN).exists() or (folder / SEAL).exists():
            raise
        raise _disowned(job) from None  # whatever it met in a folder that is gone


class Task(NamedTuple):
    """A job that is being made: by which process of which host, and since when by the file system's clock (seconds since 1970)."""

    job: str
    host: str
    process: int
    since: float


def under_way(root: Path) -> list[Task]:
    """What is being made in a workspace, the oldest first; of a run that was killed also what it had begun."""
    found = list[Task]()
    for begun in (root / STAGING).glob(f"*/{BEGUN}"):
        with suppress(OSError, ValueError, TypeError, KeyError):  # it ended meanwhile
            about = json.loads(begun.read_text())
            found.append(Task(about["job"], about["host"], about["process"], begun.stat().st_mtime))
    return sorted(found, key=lambda task: task.since)

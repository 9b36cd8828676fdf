"""The log of a job, `logs/JOB.log`: what it and its children wrote to stdout and stderr, and how it ended. No receipt knows of it."""

from __future__ import annotations

import os
import platform
import sys
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..common.errors import MachineError, UserError

LONGEST = 200_000  # bytes; of a longer one the middle goes
FAILED = "failed: "
_ours = threading.Lock()  # stdout and stderr are the process's, and go into one log at a time


def path(root: Path, job: str) -> Path:
    """Where the log of a job lies."""
    return root / "logs" / f"{job}.log"


@contextmanager
def kept(root: Path, job: str, key: str) -> Generator[None]:
    """Within the block what the process writes goes into the job's log. A log that cannot be written hinders nothing."""
    number = _opened(path(root, job))
    _say(number, f"{job} · key {key} · {platform.node()}, process {os.getpid()} · {datetime.now(UTC).isoformat(timespec='seconds')}\n")
    try:
        with _redirected(number):
            yield
    except BaseException as error:
        if not isinstance(error, UserError) or isinstance(error, MachineError):  # a user's mistake is its sentence
            _say(number, traceback.format_exc())
        _say(number, f"{FAILED}{sentence(error)}\n")
        raise
    else:
        _say(number, "done\n")
    finally:
        with suppress(OSError):
            _shorten(number)
        os.close(number)


def ending(root: Path, job: str, key: str) -> str:
    """The last line of the log of a job that failed with this key; empty for others."""
    try:
        lines = path(root, job).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1] if len(lines) > 1 and f"key {key} " in lines[0] and lines[-1].startswith(FAILED) else ""


def sentence(error: BaseException) -> str:
    """An exception in one line."""
    first = next(iter(str(error).strip().splitlines()), "")
    return first if isinstance(error, UserError) else f"{type(error).__name__}: {first}"


def _opened(file: Path) -> int:
    """A file descriptor of a new log. What an earlier worker may still write goes into the older file, which has no name any more."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    return os.open(os.devnull, os.O_RDWR)


def _say(number: int, text: str) -> None:
    with suppress(OSError):  # the disk is full
        os.write(number, text.encode(errors="backslashreplace"))


@contextmanager
def _redirected(number: int) -> Generator[None]:
    if not _ours.acquire(blocking=False):  # a worker of several threads
        yield
        return
    _flush()
    before = {stream: os.dup(stream) for stream in (1, 2)}
    try:
        for stream in before:
            os.dup2(number, stream)
        yield
    finally:
        _flush()
        for stream, copy in before.items():
            os.dup2(copy, stream)
            os.close(copy)
        _ours.release()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()


def _shorten(number: int) -> None:
    size = os.fstat(number).st_size
    if size > LONGEST:
        content = os.pread(number, size, 0)
        os.ftruncate(number, 0)
        os.write(number, content[: LONGEST // 4] + b"\n...\n" + content[-LONGEST // 2 :])

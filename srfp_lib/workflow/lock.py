"""One writer at a time, also on file systems where the kernel's lock is refused or holds on one machine only.

Two layers: the kernel's lock, where there is one, ends with its process. A record beside it names host, process and a heartbeat:
on the same host the process must be alive, on another one the heartbeat must be recent.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from ..common.errors import UserError

HEARTBEAT, STALE = 10.0, 60.0  # seconds between heartbeats, and without one until a writer counts as gone


class WriterLock:
    """The right to write into a folder; a context manager that raises UserError if another process has it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.record, self.kernel = folder, folder / ".writer", FileLock(folder / ".lock")
        self.token, self.ended = secrets.token_hex(8), threading.Event()

    def __enter__(self) -> WriterLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.kernel.acquire(blocking=False)
        except Timeout:
            raise self._refusal() from None
        except (OSError, NotImplementedError):
            if not os.access(self.folder, os.W_OK):
                raise
            # This file system has no locks: the record alone decides.
        try:
            self._claim()
        except BaseException:
            self.kernel.release(force=True)
            raise
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        if self.held():
            self.record.unlink(missing_ok=True)
        self.kernel.release(force=True)

    def held(self) -> bool:
        """Whether this process still has the right: it loses it after a minute without a heartbeat, for example when suspended."""
        return _read(self.record).get("token") == self.token

    def _claim(self) -> None:
        about = {"host": platform.node(), "process": os.getpid(), "started": psutil.Process().create_time(), "token": self.token}
        draft = self.record.with_name(f".writer.{self.token}.draft")
        draft.write_text(json.dumps(about))
        try:
            while not self._appears(draft):
                if self._alive():
                    raise self._refusal()
                gone = self.record.with_name(f".writer.{self.token}.gone")
                with suppress(FileNotFoundError):
                    self.record.rename(gone)  # only one of several that wait succeeds
                    gone.unlink()
        finally:
            draft.unlink(missing_ok=True)

    def _appears(self, draft: Path) -> bool:
        """Whether the draft became the record: at once and with its content, so that a kill leaves no empty record."""
        try:
            os.link(draft, self.record)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            with suppress(FileExistsError), self.record.open("x") as file:
                file.write(draft.read_text())
        return self.held()

    def _alive(self) -> bool:
        about = _read(self.record)
        if about.get("host") == platform.node():
            try:
                return abs(psutil.Process(about["process"]).create_time() - about["started"]) < 1
            except psutil.NoSuchProcess:
                return False
        return self._age() < STALE

    def _age(self) -> float:
        """Seconds since the last heartbeat by the clock of the file system, which all its hosts share."""
        probe = self.record.with_name(f".writer.{self.token}.probe")
        probe.touch()
        try:
            return probe.stat().st_mtime - self.record.stat().st_mtime
        except FileNotFoundError:
            return STALE
        finally:
            probe.unlink()

    def _refusal(self) -> UserError:
        about = _read(self.record)
        who = f"process {about.get('process', 'unknown')} on {about.get('host', 'an unknown host')}"
        return UserError(f"another run ({who}) is writing into '{self.folder}': wait until it ends, or choose another --workspace")

    def _beat(self) -> None:
        while not self.ended.wait(HEARTBEAT) and self.held():
            os.utime(self.record)


def _read(path: Path) -> dict[str, Any]:
    """The record of a writer, empty if there is none or it is only being written."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}

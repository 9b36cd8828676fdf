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
import time
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
        """Whether this process still has the right. It can lose it after a minute without a heartbeat, for example when suspended."""
        try:
            return json.loads(self.record.read_text())["token"] == self.token
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return False
        except OSError:
            return True  # the file system hiccups: nobody else is known to have it

    def confirm(self) -> None:
        """Raises UserError if this process no longer has the right."""
        if not self.held():
            why = f"another run took over '{self.folder}' while this one was suspended: run the same command again when it has ended"
            raise UserError(why if self.record.exists() else f"'{self.record}', the record of who writes there, is gone, perhaps with its disk: "
                                                             "run the same command again")  # fmt: skip

    def _claim(self) -> None:
        about = {"host": platform.node(), "process": os.getpid(), "started": psutil.Process().create_time(), "token": self.token}
        draft = self.record.with_name(f".writer.{self.token}.draft")
        try:
            draft.write_text(json.dumps(about))
            while not self._appears(draft):
                present = _read(self.record)
                if self._alive(present):
                    raise self._refusal()
                self._bury(str(present.get("token", "unknown")))
        finally:
            draft.unlink(missing_ok=True)

    def _bury(self, token: str) -> None:
        """Remove the record of a writer that is gone. Of several that wait one may do so: the one who makes the file of its heir."""
        heir = self.record.with_name(f".writer.{token}.heir")
        try:
            heir.touch(exist_ok=False)
        except FileExistsError:
            if self._age(heir) > STALE:  # it was killed in the lines below
                heir.unlink(missing_ok=True)
            time.sleep(0.02)
            return
        if str(_read(self.record).get("token", "unknown")) == token:  # else another heir was quicker, and this is its own record
            self.record.unlink(missing_ok=True)
        heir.unlink()

    def _appears(self, draft: Path) -> bool:
        """Whether the draft became the record: at once and with its content, so that a kill leaves no empty record."""
        try:
            os.link(draft, self.record)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            try:
                with self.record.open("x") as file:
                    file.write(draft.read_text())
            except FileExistsError:
                pass
            except OSError:  # the disk is full
                self.record.unlink(missing_ok=True)
                raise
        return self.held()

    def _alive(self, about: dict[str, Any]) -> bool:
        if about.get("host") == platform.node():
            try:
                if abs(psutil.Process(about["process"]).create_time() - about["started"]) < 1:
                    return True  # else another process has its number, or the clock was set
            except (psutil.NoSuchProcess, LookupError, TypeError, ValueError):
                return False
        return self._age(self.record) < STALE

    def _age(self, path: Path) -> float:
        """Seconds since a file changed by the clock of the file system, which all its hosts share."""
        probe = self.record.with_name(f".writer.{self.token}.probe")
        probe.touch()
        try:
            return probe.stat().st_mtime - path.stat().st_mtime
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
            with suppress(OSError):  # the next one may come through
                os.utime(self.record)


def _read(path: Path) -> dict[str, Any]:
    """The record of a writer, empty if there is none or it is no record."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and str(found.get("token", "unknown")).isalnum() else {}

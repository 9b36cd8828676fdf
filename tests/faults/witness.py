"""What the kernel saw of a workspace: which receipts were moved into place, and which jobs began (Linux's inotify; no code of the package)."""

from __future__ import annotations

import ctypes
import json
import os
import select
import struct
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

CREATE, MOVED_TO = 0x100, 0x80
_libc = ctypes.CDLL(None, use_errno=True)


class Witness:
    """Watches until it is closed. ``committed`` counts receipts by job and key, ``receipts`` keeps each one's text, ``begun`` counts stagings."""

    def __init__(self, root: Path) -> None:
        self.root, self.committed, self.receipts, self.begun = root, Counter[tuple[str, str]](), dict[str, str](), 0
        self._folders, self._known, self._ended = dict[int, Path](), dict[str, tuple[int, int]](), threading.Event()
        self._number = _libc.inotify_init1(os.O_NONBLOCK)
        root.mkdir(parents=True, exist_ok=True)
        (root / "receipts").mkdir(exist_ok=True)
        (root / ".staging").mkdir(exist_ok=True)
        for folder in (root / "receipts", *(root / "receipts").rglob("*/"), root / ".staging"):
            self._watch(folder)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take in what is left, and stop."""
        self._ended.set()
        self._thread.join()
        os.close(self._number)

    def twice(self) -> int:
        """How many jobs were committed more than once with one key."""
        return sum(count > 1 for count in self.committed.values())

    def lost(self) -> int:
        """How many receipts that were once in place are not there now, or are others."""
        present = {path.relative_to(self.root).as_posix(): path.read_text() for path in (self.root / "receipts").rglob("[!.]*.json")}
        return sum(present.get(name) != text for name, text in self.receipts.items())

    def _watch(self, folder: Path) -> None:
        number = _libc.inotify_add_watch(self._number, os.fsencode(folder), CREATE | MOVED_TO)
        assert number >= 0, f"inotify: {os.strerror(ctypes.get_errno())}"
        self._folders[number] = folder

    def _look(self) -> None:
        while True:
            ended = self._ended.is_set()
            if select.select([self._number], [], [], 0.2)[0]:
                self._read(os.read(self._number, 1 << 16))
            elif ended:
                return

    def _read(self, events: bytes) -> None:
        at = 0
        while at < len(events):
            number, mask, _, length = struct.unpack_from("iIII", events, at)
            name = events[at + 16 : at + 16 + length].rstrip(b"\0").decode()
            at += 16 + length
            if number in self._folders and name:
                self._take(self._folders[number] / name, mask)

    def _take(self, path: Path, mask: int) -> None:
        if path.parent.name == ".staging":
            self.begun += bool(mask & CREATE)
        elif mask & MOVED_TO and path.suffix == ".json" and not path.name.startswith("."):
            with suppress(FileNotFoundError):
                self._count(path)
        elif path.is_dir():
            self._watch(path)
            for there in path.glob("[!.]*.json"):  # it was quicker than the watch
                self._take(there, MOVED_TO)

    def _count(self, path: Path) -> None:
        name, about, text = path.relative_to(self.root).as_posix(), path.stat(), path.read_text()
        if self._known.get(name) != (about.st_ino, about.st_mtime_ns):  # else the watch tells of what was found in the new folder
            self._known[name] = about.st_ino, about.st_mtime_ns
            self.committed[json.loads(text)["job"], json.loads(text)["key"]] += 1
            self.receipts[name] = text

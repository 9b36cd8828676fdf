"""Digests that are remembered: a file is read again only when its size or times have changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path


def litter(name: str) -> bool:
    """Whether a file is what a file browser leaves in a folder that somebody looked into.

    >>> litter(".DS_Store"), litter("0001.png")
    (True, False)
    """
    return name in (".DS_Store", "Thumbs.db", "desktop.ini") or name.startswith("._")


def stamp(paths: Iterable[Path], start: bytes = b"") -> str:
    """A digest of the sizes and times of files, or of names, sizes and times below folders, and of ``start``; no content is read."""
    found = [sorted(_times(str(path))) for path in paths]
    return hashlib.sha256(start + repr(found).encode(errors="surrogateescape")).hexdigest()[:24]


def _times(path: str) -> Iterator[tuple[str, int, int, int]]:
    below = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if not litter(name))
    for file in below if os.path.isdir(path) else [path]:
        with suppress(OSError):  # it is gone: whoever reads it says so
            about = os.stat(file)
            yield file[len(path) :], about.st_size, about.st_mtime_ns, about.st_ctime_ns


class Memory:
    """Digests by name, kept in a JSON file as far as that can be written. It only saves time, and may be lost or cut."""

    def __init__(self, file: Path | None = None) -> None:
        self.file, self.known = file, dict[str, list[str]]()

    def digest(self, name: str, current: str, read: Callable[[], str]) -> str:
        """What is known for a name at its `stamp`, or else what ``read`` finds."""
        if self.known.get(name, [""])[0] != current:
            self.known |= self._load()
        if self.known.get(name, [""])[0] != current:
            self.learn({name: (current, read())})
        return self.known[name][1]

    def learn(self, found: dict[str, tuple[str, str]]) -> None:
        """Remember stamps and digests by name."""
        self.known |= {name: list(pair) for name, pair in found.items()}
        if self.file and self.file.parent.is_dir():
            with suppress(OSError):
                self.file.write_text(json.dumps(self.known), encoding="utf-8")

    def _load(self) -> dict[str, list[str]]:
        try:
            stored = json.loads(self.file.read_text(encoding="utf-8")) if self.file else {}
            return {name: [current, digest] for name, (current, digest) in stored.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


@cache
def memory(file: Path) -> Memory:
    """The memory in a file, one a process: what cannot be written is at least known to the process."""
    return Memory(file)


_inputs = Memory()


@contextmanager
def inputs_in(file: Path) -> Generator[None]:
    """Within the block digests of input files are remembered in a file; elsewhere as long as the process lives."""
    global _inputs
    before, _inputs = _inputs, memory(file)
    try:
        yield
    finally:
        _inputs = before


def of_input(name: str, paths: Iterable[Path], read: Callable[[], str], start: bytes = b"") -> str:
    """The digest that ``read`` finds in input files, read again only if their places or their `stamp` have changed."""
    paths = list(paths)
    return _inputs.digest(name, stamp(paths, start + b"\n".join(map(os.fsencode, paths))), read)

"""Which bytes a weight file may have: the published SHA-256, or the one first seen, kept in `weights.lock.json`."""

from __future__ import annotations

import hashlib
import json
from contextlib import AbstractContextManager
from pathlib import Path

from ..common.errors import UserError
from ..common.files import one_writer, write_whole
from .catalogue import Row

NAME = "weights.lock.json"


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Checksums:
    """Checksums of a weights folder: file, relative to the folder, to {"sha256", "bytes", "source"}."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / NAME

    def entries(self) -> dict[str, dict]:
        """All that is recorded. Raises UserError if the file is damaged."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(name): {**entry, "sha256": str(entry["sha256"])} for name, entry in found.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError, KeyError):
            raise UserError(f"'{self.path}' is damaged: restore it, or delete it if you trust the weight files as they are") from None

    def first_seen(self, path: Path) -> str:
        """The SHA-256 recorded for a file, or empty."""
        return self.entries().get(self._name(path), {}).get("sha256", "")

    def record(self, path: Path, source: str) -> None:
        """Record a file that is new here."""
        entry = {"sha256": digest(path), "bytes": path.stat().st_size, "source": source}
        entries = self.entries() | {self._name(path): entry}
        write_whole(self.path, (json.dumps(dict(sorted(entries.items())), indent=1) + "\n").encode())

    def state(self, row: Row) -> str:
        """ "missing", "verified" (published SHA-256), "as first seen", "present" (nothing to compare with) or "altered"."""
        path = row.path(self.folder)
        if not path.is_file():
            return "missing"
        seen = self.first_seen(path)
        if not row.sha256 and not seen:
            return "present"
        found = digest(path)
        if not found.startswith(row.sha256) or seen not in ("", found):
            return "altered"
        return "verified" if row.sha256 else "as first seen"

    def held(self) -> AbstractContextManager[object]:
        """Only one process at a time brings files into the folder."""
        return one_writer(self.folder / ".fetching", f"another process fetches into '{self.folder}': wait for it, or choose another --weights")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

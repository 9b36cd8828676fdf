"""Which bytes a weight file may have: the published SHA-256, or the one that was seen first and written down."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import AbstractContextManager
from pathlib import Path

from ..common.errors import UserError
from ..common.files import one_writer, write_whole
from .catalogue import Row

NAME = "weights.lock.json"


def published_sum(row: Row) -> str:
    """The published SHA-256 of a row's file: whole, the first digits from its name, or empty.

    >>> published_sum({"sha256": "1bc95232... (prefix from the file name)"}), published_sum({"sha256": "not published"})
    ('1bc95232', '')
    """
    found = re.match(r"([0-9a-f]{64})$|([0-9a-f]{8,63})\.\.\.", row["sha256"])
    return (found[1] or found[2]) if found else ""


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Lock:
    """The sums of a weights folder: file name (from the folder on) to {"sha256", "bytes", "source"}."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / NAME

    def entries(self) -> dict[str, dict]:
        """What is written down. Raises UserError if the file is damaged."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(name): {**entry, "sha256": str(entry["sha256"])} for name, entry in found.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError, KeyError):
            remedy = "restore it, or delete it if you trust the weight files as they are"
            raise UserError(f"'{self.path}' is damaged: {remedy}") from None

    def first_seen(self, path: Path) -> str:
        """The sum written down for a file, or empty."""
        return self.entries().get(self._name(path), {}).get("sha256", "")

    def record(self, path: Path, source: str) -> None:
        """Write down the sum of a file that is new here."""
        entry = {"sha256": digest(path), "bytes": path.stat().st_size, "source": source}
        entries = self.entries() | {self._name(path): entry}
        write_whole(self.path, (json.dumps(dict(sorted(entries.items())), indent=1) + "\n").encode())

    def state(self, path: Path, row: Row) -> str:
        """ "missing", "verified" (published sum), "as first seen", "present" (nothing to compare with) or "altered"."""
        if not path.is_file():
            return "missing"
        published, seen = published_sum(row), self.first_seen(path)
        if not published and not seen:
            return "present"
        found = digest(path)
        if not found.startswith(published) or seen not in ("", found):
            return "altered"
        return "verified" if published else "as first seen"

    def held(self) -> AbstractContextManager[object]:
        """Only one process at a time brings files into the folder."""
        refusal = f"another process fetches into '{self.folder}': wait for it, or choose another --weights"
        return one_writer(self.folder / ".fetching", refusal)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

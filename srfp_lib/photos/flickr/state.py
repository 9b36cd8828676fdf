"""What a run that was stopped goes on from: the settings, the pages of results seen, and every decision taken.

A page is written as a whole or not at all. A decision is a line; a line without its end was not taken.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...common.errors import UserError
from ...common.files import one_writer, write_whole


class State:
    """The folder ``state`` of a set. Only the process in `State.locked` may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        self.journal = self.folder / "decisions.jsonl"

    @contextmanager
    def locked(self, settings: dict[str, Any] | None = None) -> Iterator[None]:
        """Be the one writer; of a set with these settings, if any are given."""
        where = self.folder.parent
        with one_writer(self.folder / ".lock", f"another run is writing into '{where}': wait until it ends, or choose another folder"):
            for leftover in where.rglob(".*.partial"):
                leftover.unlink()  # of a run that was killed
            if settings and (known := self.kept("settings.json", lambda: settings)) != settings:
                changed = ", ".join(f"{k} {known.get(k)} -> {v}" for k, v in settings.items() if known.get(k) != v)
                raise UserError(f"'{where}' was begun with other settings ({changed}): take those, or choose another folder")
            yield

    def kept(self, name: str, make: Any) -> Any:
        """The JSON value of that name, made once."""
        path = self.folder / name
        if not path.exists():
            write_whole(path, json.dumps(make(), indent=1).encode())
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise UserError(f"'{path}' is damaged: delete it, and the same command makes it again") from None

    def decisions(self, *, mend: bool = False) -> list[dict[str, Any]]:
        """All decisions taken, in order. The one writer drops a last line without its end from the file too."""
        content = self.journal.read_bytes() if self.journal.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if mend and whole != content:
            write_whole(self.journal, whole)
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise UserError(f"'{self.journal}' is damaged: delete the folder '{self.folder}', and the same command begins anew") from None

    def decide(self, decision: dict[str, Any]) -> None:
        """Note a decision for good."""
        with self.journal.open("ab") as file:
            file.write(json.dumps(decision).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def outcomes(decisions: list[dict[str, Any]]) -> Counter[str]:
    """How often each outcome was decided: "taken", or the reason why not."""
    return Counter(d["outcome"] for d in decisions)

"""Receipts: what a finished job leaves behind to say how each of its outputs was made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Receipt:
    """How a job's outputs were made. ``outputs`` maps a path to {"files": n, "bytes": b, "sha256": digest}."""

    job: str
    key: str
    inputs: dict[str, str]
    settings: dict[str, Any]
    outputs: dict[str, dict[str, Any]]
    seconds: float
    cpu_seconds: float
    peak_megabytes: int
    finished: str
    versions: dict[str, str]
    machine: str


def describe(path: Path) -> dict[str, Any]:
    """Number of files, bytes and SHA-256 of a file or folder, as a receipt records them."""
    files, size = extent(path)
    return {"files": files, "bytes": size, "sha256": digest(path)}


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents below a folder."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        whole.update(f"{file.relative_to(path).as_posix()}\n".encode() + file.read_bytes())
    return whole.hexdigest()


def extent(path: Path) -> tuple[int, int]:
    """Number of files and bytes of a file or folder; (0, 0) where there is none."""
    if path.is_file():
        return 1, path.stat().st_size
    sizes = [entry.stat().st_size for entry in path.rglob("*") if entry.is_file()] if path.is_dir() else []
    return len(sizes), sum(sizes)

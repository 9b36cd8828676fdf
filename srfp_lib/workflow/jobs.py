"""Jobs: the units of work and of reproducibility. The same job yields the same bits, in whichever process and order it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """One unit of work: ``work`` is "module:function", called with a `Desk` and ``arguments``.

    ``outputs`` are its files and folders, relative to the workspace; ``settings`` are what its result depends on beside the
    jobs it ``needs``; ``version`` counts up when this kind of work changes its result; ``cost`` is its expected CPU time in
    seconds, for the longest job starts first; ``lacking`` names the networks for want of which it cannot be made.
    """

    name: str
    work: str
    outputs: tuple[str, ...]
    arguments: tuple[Any, ...] = ()
    needs: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    version: int = 1
    cost: float = 1.0
    lacking: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of work: its name up to the first slash.

        >>> Job("train/EDSR-x2", "m:f", ()).kind
        'train'
        """
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Unit:
    """A `Job` before its kind of work adds the rest: ``label`` completes its name, ``leaves`` are its outputs, ``content`` describes
    its input files, ``needs`` names kinds or single jobs where it needs less than all jobs of the kinds that its kind needs.
    """

    label: str = ""
    arguments: tuple[Any, ...] = ()
    leaves: tuple[str, ...] = ()
    cost: float = 1.0
    needs: tuple[str, ...] = ()
    content: Callable[[], Any] | None = None
    lacking: tuple[str, ...] = ()


def keys(jobs: dict[str, Job]) -> dict[str, str]:
    """The key of every job: a digest of its settings and, through their keys, of everything it needs, which stands before it."""
    found: dict[str, str] = {}
    for name, job in jobs.items():
        parts = [job.version, name, job.settings, _plain(job.arguments), [found[need] for need in job.needs]]
        found[name] = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
    return found


def _plain(value: Any) -> Any:
    """Arguments as JSON knows them. A dataclass leaves out fields at their defaults, so that a new field changes no key."""
    if is_dataclass(value):
        return {f.name: _plain(v) for f in fields(value) if (v := getattr(value, f.name)) != f.default or f.default is MISSING}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value

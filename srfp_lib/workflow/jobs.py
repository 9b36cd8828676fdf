"""Jobs: the units of work and of reproducibility. The same job gives the same bits whichever process runs it, and when."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import resource
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import __version__
from ..common import devices
from ..profiles import Profile
from .workspace import Receipt, Workspace, describe


@dataclass(frozen=True)
class Job:
    """One unit of work: ``work`` is "module:function", called with a `Desk` and ``arguments``.

    ``outputs`` are the files and folders that it makes, relative to the workspace; ``settings`` all that its result
    depends on beside the jobs it ``needs``; ``cost`` its expected CPU seconds on two ordinary cores.
    """

    name: str
    work: str
    outputs: tuple[str, ...]
    arguments: tuple[Any, ...] = ()
    needs: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    cost: float = 1.0


@dataclass(frozen=True)
class Desk:
    """What a job's function gets: the workspace to read from, the folder to write into, and where its networks run."""

    workspace: Workspace
    out: Path
    device: str = devices.CPU

    @property
    def profile(self) -> Profile:
        return self.workspace.profile

    def read(self, *parts: str) -> Path:
        """A finished artefact of another job."""
        return self.workspace.path(*parts)

    def write(self, *parts: str) -> Path:
        """Where to write an output; the folders above it exist."""
        path = self.out.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def checkpoints(self, job: str) -> Path:
        """A folder that outlives an interrupted job, to resume from."""
        path = self.workspace.path("checkpoints", job.replace("/", "+"))
        path.mkdir(parents=True, exist_ok=True)
        return path


def keys(jobs: dict[str, Job]) -> dict[str, str]:
    """The key of every job: a digest of its settings and, through their keys, of everything that it needs."""
    found: dict[str, str] = {}

    def key(name: str) -> str:
        if name not in found:
            job = jobs[name]
            parts = [__version__, name, job.settings, job.arguments, [key(n) for n in job.needs]]
            found[name] = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]
        return found[name]

    for name in jobs:
        key(name)
    return found


def perform(job: Job, key: str, inputs: dict[str, str], root: Path, profile: Profile, device: str = devices.CPU) -> tuple[Path, Receipt]:
    """Do a job in this process; returns the staging folder and the receipt, for the lock's holder to commit."""
    workspace = Workspace(root, profile)
    staged = workspace.staging(job.name)
    wall, cpu = time.perf_counter(), time.process_time()
    module, function = job.work.split(":")
    with devices.exact(device):
        getattr(importlib.import_module(module), function)(Desk(workspace, staged, device), *job.arguments)
    devices.leave(device)
    outputs = {output: describe(staged / output) for output in job.outputs}
    receipt = Receipt(
        job=job.name, key=key, inputs=inputs, settings=job.settings, outputs=outputs,
        seconds=round(time.perf_counter() - wall, 2), cpu_seconds=round(time.process_time() - cpu, 2),
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        finished=datetime.now(UTC).isoformat(timespec="seconds"), versions=_versions(), machine=_machine(device),
    )  # fmt: skip
    return staged, receipt


def _versions() -> dict[str, str]:
    packages = ("torch", "timm", "numpy", "pandas", "scikit-learn", "matplotlib")
    return {"srfp_lib": __version__, "python": platform.python_version()} | {p: version(p) for p in packages}


def _machine(device: str) -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {devices.title(device) or 'no GPU used'}"

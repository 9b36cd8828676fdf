"""Doing one job: where it reads and writes, and the receipt that says what it took."""

from __future__ import annotations

import importlib
import os
import platform
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from .. import __version__
from ..common import devices
from ..profiles import Profile
from .jobs import Job
from .receipts import Receipt, describe
from .workspace import Workspace

PACKAGES = ("torch", "timm", "numpy", "pandas", "scikit-learn", "matplotlib")


@dataclass(frozen=True)
class Desk:
    """What a job's function is handed: the workspace to read, the folder to write into, and the device for its networks."""

    workspace: Workspace
    out: Path
    device: str = devices.CPU

    @property
    def profile(self) -> Profile:
        return self.workspace.profile

    def read(self, *parts: str) -> Path:
        """A finished output of another job."""
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


def perform(job: Job, key: str, inputs: dict[str, str], root: Path, profile: Profile, device: str = devices.CPU) -> tuple[Path, Receipt]:
    """Do a job in this process; returns its staging folder and receipt, which the lock's holder commits."""
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
        finished=datetime.now(UTC).isoformat(timespec="seconds"), versions=versions(), machine=_machine(device),
    )  # fmt: skip
    return staged, receipt


def versions() -> dict[str, str]:
    """The versions that a receipt records."""
    return {"srfp_lib": __version__, "python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def _machine(device: str) -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {devices.title(device) or 'no GPU used'}"

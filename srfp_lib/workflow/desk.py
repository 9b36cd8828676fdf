"""Doing one job: where it reads and writes, and the receipt that says what it took."""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from .. import __version__
from ..common import devices
from ..common.errors import UserError
from ..common.files import disk_full_in_a_sentence
from ..profiles import Profile
from . import failures, logs, shared, staging
from .jobs import Job
from .receipts import Receipt, digest, extent, flush
from .workspace import Workspace, overlap

PACKAGES = ("torch", "timm", "numpy", "pandas", "scikit-learn", "matplotlib")


@dataclass(frozen=True)
class Desk:
    """What a job's function is handed: the workspace to read, the folder to write into, and the device for its networks.

    ``job`` and ``key`` are those of the job, for its checkpoints; ``content`` describes its input files as its key has them.
    """

    workspace: Workspace
    out: Path
    device: str = devices.CPU
    job: str = ""
    key: str = ""
    content: Any = None

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

    def unchanged(self, content: Any) -> None:
        """Raises UserError if the input files are no longer those of the key: called when they were read."""
        if self.content is not None and content != self.content:
            raise UserError(f"the input files of '{self.job}' changed while the study was running: run the same command again")

    def checkpoints(self) -> Path:
        """A folder that outlives an interrupted job, to resume from. Those of the job with other settings or inputs go."""
        folder = self.workspace.checkpoints(self.job)
        for other in folder.glob("*"):
            if other.name != self.key:
                shutil.rmtree(other)
        path = folder / self.key
        path.mkdir(parents=True, exist_ok=True)
        return path


def perform(job: Job, key: str, inputs: dict[str, str], root: Path, profile: Profile, device: str = devices.CPU) -> Path:
    """Do a job in this process; returns its staging folder, sealed with the receipt, for the lock's holder to commit.

    ``device`` is found here: another machine's GPUs are not the runner's. Raises UserError, and MachineError where another worker may do
    better.
    """
    with logs.kept(root, job.name, key), disk_full_in_a_sentence(root), failures.blamed(root, job.name):
        workspace = Workspace(root, profile)
        shared.await_inputs(root, workspace.receipt, inputs)
        staged = staging.begin(root, job.name)
        with staging.owned(staged, job.name):
            staging.seal(staged, _work(job, key, inputs, workspace, staged, devices.find(device)[0]))
    return staged


def _work(job: Job, key: str, inputs: dict[str, str], workspace: Workspace, staged: Path, device: str) -> Receipt:
    wall, cpu, source = time.perf_counter(), sum(os.times()[:4]), code()  # also of processes waited for, such as a chapter's kernel
    with suppress(OSError):  # forget the most memory that earlier jobs of this process used, where the system can
        Path("/proc/self/clear_refs").write_text("5")
    module, function = job.work.split(":")
    desk = Desk(workspace, staged, device, job.name, key, job.settings.get("content"))
    with devices.exact(device):
        getattr(importlib.import_module(module), function)(desk, *job.arguments)
    devices.leave(device)
    _check_outputs(job, staged)
    flush(staged)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {devices.title(device) or 'no GPU used'}"
    outputs = {output: extent(staged / output) | {"sha256": digest(staged / output)} for output in job.outputs}
    return Receipt(
        job=job.name, key=key, inputs=inputs, settings=job.settings, outputs=outputs, seconds=round(time.perf_counter() - wall, 2),
        cpu_seconds=round(sum(os.times()[:4]) - cpu, 2), peak_megabytes=_peak_megabytes(), versions=versions(), machine=machine,
        cpu=cpu_model(), code=source, instructions=instructions() if "torch" in sys.modules else "",
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _check_outputs(job: Job, staged: Path) -> None:
    """Refuses to seal what is not exactly the job's outputs."""
    if lacking := [output for output in job.outputs if not os.path.lexists(staged / output)]:
        raise UserError(f"'{job.name}' did not write {', '.join(lacking)}, which it is to leave: mend it, or what its row promises")
    written = (p.relative_to(staged).as_posix() for p in staged.rglob("*") if p.is_file() and p.name != staging.BEGUN)
    if surplus := [path for path in written if not overlap(path, job.outputs)]:
        raise UserError(f"'{job.name}' wrote {', '.join(surplus[:3])}, which its row does not name: mend it, or name them there")


@cache
def versions() -> dict[str, str]:
    """The versions that a receipt records."""
    return {"srfp_lib": __version__, "python": platform.python_version()} | {package: version(package) for package in PACKAGES}


@cache
def cpu_model() -> str:
    """The model of the processor: results are equal byte for byte on one kind."""
    lines: list[str] = []
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Processor")))
    return next(named, "") or platform.processor() or platform.machine()


def instructions() -> str:
    """The vector instructions that torch uses here, such as AVX512, and the limit of oneDNN's if one is set: results differ by rounding."""
    import torch

    limits = (os.environ.get(name, "") for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"))
    limit = next(filter(None, limits), "")
    return torch.backends.cpu.get_cpu_capability() + (f" (oneDNN {limit})" if limit else "")


@cache
def code() -> str:
    """A digest of the package's source files."""
    root = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:12]


def _peak_megabytes() -> int:
    try:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    except (OSError, StopIteration):
        about = psutil.Process().memory_info()
        return getattr(about, "peak_wset", about.rss) // 2**20

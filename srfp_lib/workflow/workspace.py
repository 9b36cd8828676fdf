"""The folder of a run: where every output lies, and whether it may be trusted.

An output exists when its receipt does: a job writes into a staging folder, its finished files are renamed into place, and
the receipt is written last. Only the process that holds the lock moves anything into place.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .. import __version__, profiles
from ..common.errors import UserError
from ..common.files import write_whole
from ..common.overrides import override
from ..profiles import Profile
from .jobs import Job
from .receipts import Receipt, digest, extent

FORMAT = 1


class Workspace:
    """A folder with one run of the study. Open it with `Workspace.open` or `Workspace.existing`."""

    def __init__(self, root: Path, profile: Profile) -> None:
        self.root, self.profile = root, profile

    @classmethod
    def open(cls, root: Path, profile: Profile) -> Workspace:
        """The workspace at ``root``, new or with a run of the same profile, whose fields may change between calls."""
        if (root / "profile.json").exists():
            present = cls.existing(root).profile
            if present.name != profile.name:
                raise UserError(
                    f"'{root}' holds a run of profile '{present.name}', not '{profile.name}': choose another --workspace, or that profile"
                )
            if present.release.folder and not profile.release.folder:
                raise UserError(f"'{root}' holds the authors' images: leave --profile out, or choose another --workspace")
            if profile.release.folder and not present.release.folder:
                raise UserError(f"'{root}' holds images of its own: choose another --workspace for the authors'")
        elif root.exists() and any(not path.name.startswith(".") for path in root.iterdir()):
            raise UserError(f"'{root}' is no workspace and is not empty: choose another --workspace")
        return cls(root, profile)

    @classmethod
    def existing(cls, root: Path) -> Workspace:
        """The workspace at ``root`` with the profile it was made with."""
        path = root / "profile.json"
        if not path.exists():
            raise UserError(f"'{root}' is no workspace (it has no profile.json): name the folder of a run")
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            made_with, version = stored["profile"], stored["version"]
        except (ValueError, KeyError, TypeError):
            raise UserError(f"'{path}' is damaged: restore it, or start over in another --workspace") from None
        if stored.get("format", 0) > FORMAT:
            raise UserError(f"'{root}' was made by srfp_lib {version}, which is newer than {__version__}: update, or choose another --workspace")
        base = profiles.PROFILES.get(made_with["name"], profiles.PAPER)
        return cls(root, override(base, _tuples(made_with), where=str(path)))

    def claim(self) -> None:
        """Record the profile; called by the writer that holds the lock."""
        stored = {"format": FORMAT, "version": __version__, "profile": asdict(self.profile)}
        self.write_text("profile.json", json.dumps(stored, indent=1))

    def path(self, *parts: str) -> Path:
        """A path inside the workspace."""
        return self.root.joinpath(*parts)

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file as a whole or not at all."""
        write_whole(self.path(name), text.encode())
        return self.path(name)

    @contextmanager
    def lock(self) -> Generator[None]:
        """Be the one writer. The lock is the kernel's, so that it ends with the process, however that ends."""
        self.root.mkdir(parents=True, exist_ok=True)
        owner = self.path(".owner")
        try:
            with FileLock(self.path(".lock"), blocking=False):
                owner.write_text(str(os.getpid()))
                shutil.rmtree(self.path(".staging"), ignore_errors=True)
                yield
                # Again: a worker whose runner was killed may have written until it noticed.
                shutil.rmtree(self.path(".staging"), ignore_errors=True)
        except Timeout:
            process = owner.read_text() if owner.exists() else "unknown"
            raise UserError(
                f"another run (process {process}) is writing into '{self.root}': wait until it ends, or choose another --workspace"
            ) from None

    def receipt(self, job: str) -> Receipt | None:
        """The receipt of a job, None if there is none."""
        path = self._receipt_path(job)
        try:
            return Receipt(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            raise UserError(f"the receipt '{path}' is damaged: delete it, and the same command makes the job again") from None

    def state(self, job: Job, key: str) -> str:
        """ "done", "missing", "stale" (made with other settings, inputs or outputs) or "damaged" (files are gone or changed size)."""
        receipt = self.receipt(job.name)
        if receipt is None:
            return "missing"
        if receipt.key != key or receipt.outputs.keys() != set(job.outputs):
            return "stale"
        intact = all(extent(self.path(p)) == (o["files"], o["bytes"]) for p, o in receipt.outputs.items())
        return "done" if intact else "damaged"

    def states(self, jobs: Mapping[str, Job], keys: Mapping[str, str]) -> dict[str, str]:
        """The state of every job."""
        return {name: self.state(job, keys[name]) for name, job in jobs.items()}

    def altered(self, job: str) -> list[str]:
        """The outputs whose content no longer has the receipt's SHA-256."""
        receipt = self.receipt(job)
        outputs = receipt.outputs.items() if receipt else ()
        return [p for p, o in outputs if not self.path(p).exists() or digest(self.path(p)) != o["sha256"]]

    def staging(self, job: str) -> Path:
        """An empty folder for a job to write its outputs into."""
        folder = self.path(".staging", f"{job.replace('/', '+')}.{os.getpid()}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def commit(self, staged: Path, receipt: Receipt) -> None:
        """Move a job's outputs from its staging folder into place and write the receipt last; older ones of other names go."""
        before = self.receipt(receipt.job)
        for output in set(before.outputs if before else ()) - set(receipt.outputs):
            if self.path(output).exists():
                self.path(output).rename(staged / f"replaced-{output.replace('/', '+')}")
        self._receipt_path(receipt.job).unlink(missing_ok=True)
        os.sync()
        for output in receipt.outputs:
            target = self.path(output)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                target.rename(staged / f"replaced-{output.replace('/', '+')}")
            (staged / output).rename(target)
        self.write_text(f"receipts/{receipt.job}.json", json.dumps(asdict(receipt), indent=1))
        shutil.rmtree(staged, ignore_errors=True)

    def _receipt_path(self, job: str) -> Path:
        return self.path("receipts", f"{job}.json")


def _tuples(settings: dict[str, Any]) -> dict[str, Any]:
    return {k: _tuples(v) if isinstance(v, dict) else tuple(v) if isinstance(v, list) else v for k, v in settings.items()}

"""The folder of a run: where every output lies, and whether it may be trusted.

An output exists when its receipt does: a job writes into a staging folder and seals it with the receipt; then its files are
renamed into place, and the receipt last. Only the process that holds the lock moves anything into place.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from .. import __version__, profiles
from ..common.checkout import HOME
from ..common.errors import UserError
from ..common.files import write_whole
from ..common.memory import Memory, memory, stamp
from ..common.overrides import override, remaining
from ..profiles import Profile
from . import shared, staging
from .jobs import Job
from .lock import WriterLock
from .receipts import Receipt, digest

FORMAT = 1


class Workspace:
    """A folder with one run of the study. Open it with `Workspace.open` or `Workspace.existing`."""

    def __init__(self, root: Path, profile: Profile) -> None:
        self.root, self.profile = root, profile
        self._lock: WriterLock | None = None
        self._owners: dict[str, str] = {}  # while locked: the job that owns each path

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
        elif root.exists() and not (root / "receipts").is_dir() and any(not path.name.startswith(".") for path in root.iterdir()):
            raise UserError(f"'{root}' is no workspace and is not empty: choose another --workspace")
        return cls(root, profile)

    @classmethod
    def existing(cls, root: Path) -> Workspace:
        """The workspace at ``root`` with the profile it was made with."""
        path = root / "profile.json"
        if not path.exists() and (root / "receipts").is_dir():
            raise UserError(f"'{path}' is gone: give the --profile of the run to the command that made it, run or release, and it is written again")
        if not path.exists():
            raise UserError(f"'{root}' is no workspace (it has no profile.json): name the folder of a run")
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            made_with, version, newer = stored["profile"] | {"file": stored.get("file", "")}, stored["version"], stored.get("format", 0) > FORMAT
            base = profiles.PROFILES.get(made_with.get("base") or made_with["name"], profiles.PAPER)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError(f"'{path}' is damaged: restore it, or start over in another --workspace") from None
        if newer:
            raise UserError(f"'{root}' was made by srfp_lib {version}, which is newer than {__version__}: update, or choose another --workspace")
        try:
            return cls(root, profiles.at_home(override(base, remaining(base, made_with), where=str(path), folder=HOME)))
        except UserError as error:
            raise UserError(f"{error}; it is the profile that the workspace was made with, by srfp_lib {version}, and this is {__version__}: "
                            "delete the file, give the --profile of the run to the command that made it, run or release, and it is written again"
                            ) from None  # fmt: skip

    def refuse_namesake(self) -> None:
        """Raises UserError if this folder, which nobody named, holds a run of another profile of the same name."""
        if not self.path("profile.json").exists():
            return
        theirs, ours = Workspace.existing(self.root).profile, self.profile
        if theirs.file and ours.file:
            same = not os.path.exists(theirs.file) or os.path.realpath(theirs.file) == os.path.realpath(ours.file)  # one that is gone was moved
        else:
            same = bool(theirs.base) == bool(ours.base)
        if not same:
            there, here = (f"'{profile.file}'" if profile.base else f"the named profile '{profile.name}'" for profile in (theirs, ours))
            raise UserError(f"'{self.root}' holds a run of {there}, not of {here}: choose another --workspace, or name this one to go on in it")

    def claim(self) -> None:
        """Record the profile; called by the writer that holds the lock."""
        profile = asdict(self.profile)
        stored = {"format": FORMAT, "version": __version__, "file": profile.pop("file"), "profile": profile}
        write_whole(self.path("profile.json"), json.dumps(stored, indent=1).encode())

    def path(self, *parts: str) -> Path:
        """A path inside the workspace."""
        return self.root.joinpath(*parts)

    @contextmanager
    def lock(self) -> Generator[None]:
        """Be the one writer. What an interrupted run had finished is committed, what it had begun is thrown away."""
        for entry in self.root.iterdir() if self.root.is_dir() else ():
            if entry.is_symlink():
                raise UserError(f"'{entry}' is a link: a workspace lies in one place; undo the link, or move the whole workspace and link that")
        with WriterLock(self.root) as self._lock:
            self._owners = {output: receipt.job for receipt in self.all_receipts() for output in receipt.outputs}
            self._sweep()
            try:
                yield
            finally:
                self._sweep()  # again: a worker whose runner was killed may have written until it noticed
                self._lock = None

    def _sweep(self) -> None:
        if self._lock is None or not self._lock.held():
            return  # another run took over, and what is staged may be its own
        staging.sweep(self.root, self.commit)

    def receipt(self, job: str) -> Receipt | None:
        """The receipt of a job, None if there is none. Raises UserError if it is damaged."""
        return Receipt.read(self._receipt_path(job))

    def all_receipts(self) -> list[Receipt]:
        """The receipts of all jobs, of other settings too."""
        return [receipt for path in sorted(self.path("receipts").rglob("[!.]*.json")) if (receipt := Receipt.read(path))]

    def recorded(self) -> dict[str, Any]:
        """The content of input files by the receipts, if the profile still names the places that it named when it was last run."""
        if not self.path("profile.json").exists() or _places(Workspace.existing(self.root).profile) != _places(self.profile):
            return {}
        return {receipt.job: receipt.settings.get("content") for receipt in self.all_receipts()}

    def state(self, job: Job, key: str) -> str:
        """ "done", "missing", "stale" (made with other settings, inputs or outputs) or "damaged" (files are gone or were altered).

        Files are read only if their times are not those of the commit, or of the last look, as in a copy of the workspace.
        """
        receipt = self.receipt(job.name)
        if receipt is None:
            return "missing"
        if receipt.key != key or receipt.outputs.keys() != set(job.outputs):
            return "stale"
        return "done" if self._intact(receipt) else "damaged"

    def _intact(self, receipt: Receipt) -> bool:
        known = self._memory(receipt.job)
        try:
            for output, about in receipt.outputs.items():
                place = self.path(output)
                if known.digest(output, stamp([place]), partial(digest, place)) != about["sha256"]:
                    return False
        except FileNotFoundError:  # it went while it was read
            return False
        return True

    def states(self, jobs: Mapping[str, Job], keys: Mapping[str, str]) -> dict[str, str]:
        """The state of every job."""
        return {name: self.state(job, keys[name]) for name, job in jobs.items()}

    def altered(self, job: str) -> list[str]:
        """The outputs whose content no longer has the receipt's SHA-256."""
        receipt = self.receipt(job)
        outputs = receipt.outputs.items() if receipt else ()
        return [p for p, o in outputs if not self.path(p).exists() or digest(self.path(p)) != o["sha256"]]

    def refuse_altered(self, jobs: Iterable[str]) -> None:
        """Raises UserError if an output of the jobs no longer has its receipt's content."""
        for job in jobs:
            for path in self.altered(job):
                raise UserError(f"'{self.path(path)}' was altered after it was made: delete it, and the command run makes it again")

    def commit(self, staged: Path) -> None:
        """Move a sealed job's outputs into place and write the receipt last; what another worker sealed of a job that is done goes.

        Killed between any two steps, the next `lock` does the rest: the seal stays until everything is in place.
        """
        assert self._lock, "only the holder of the lock commits"
        self._lock.confirm()
        receipt = shared.sealed(staged)
        moved = [output for output in receipt.outputs if not os.path.lexists(staged / output)]  # before a kill, or else it is lost
        there = all(self.path(output).exists() and digest(self.path(output)) == receipt.outputs[output]["sha256"] for output in moved)
        if there and not self._has(receipt):
            self._void(receipt, staged)
            self._move(receipt, staged)
            self._owners |= dict.fromkeys(receipt.outputs, receipt.job)
        if there:
            shutil.rmtree(self.checkpoints(receipt.job), ignore_errors=True)
        shutil.rmtree(staged, ignore_errors=True)

    def _has(self, receipt: Receipt) -> bool:
        """Whether the same job is done already: it was given to two workers, because one seemed lost."""
        present = self.receipt(receipt.job)
        return present is not None and present.key == receipt.key and present.outputs.keys() == receipt.outputs.keys() and self._intact(present)

    def _void(self, receipt: Receipt, staged: Path) -> None:
        """Remove the receipts of all jobs that own a path of this job's, and the outputs that it no longer has."""
        gone = {path: self._owners[path] for path in self._owners if self._owners[path] == receipt.job or overlap(path, receipt.outputs)}
        for output in (path for path, owner in gone.items() if owner == receipt.job and path not in receipt.outputs):
            self._set_aside(output, staged)
        for job in set(gone.values()):
            self._receipt_path(job).unlink(missing_ok=True)
        self._owners = {path: owner for path, owner in self._owners.items() if path not in gone}

    def _move(self, receipt: Receipt, staged: Path) -> None:
        """Move the outputs into place, then the receipt."""
        for output in receipt.outputs:
            if os.path.lexists(staged / output):  # else it was moved before a kill
                self._set_aside(output, staged)
                self.path(output).parent.mkdir(parents=True, exist_ok=True)
                (staged / output).rename(self.path(output))
        receipt.write(self._receipt_path(receipt.job))
        self._memory(receipt.job).learn({o: (stamp([self.path(o)]), about["sha256"]) for o, about in receipt.outputs.items()})

    def _set_aside(self, output: str, staged: Path) -> None:
        if os.path.lexists(self.path(output)):
            self.path(output).rename(staged / f"replaced-{output.replace('/', '+')}")

    def checkpoints(self, job: str) -> Path:
        """Where a job keeps what it resumes from, a folder a key, until it is committed."""
        return self.path("checkpoints", job.replace("/", "+"))

    def _receipt_path(self, job: str) -> Path:
        return self.path("receipts", f"{job}.json")

    def _memory(self, job: str) -> Memory:
        """The digests that a job's outputs were last found to have."""
        path = self._receipt_path(job)
        return memory(path.with_name(f".{path.stem}.seen"))


def _places(profile: Profile) -> tuple[str, ...]:
    """Where the input files of a profile lie."""
    photographs = profile.photographs
    return (photographs.source, photographs.div2k, photographs.flickr2k, photographs.flickr1k, profile.published.source,
            profile.published.weights_dir, profile.release.folder)  # fmt: skip


def overlap(path: str, others: Iterable[str]) -> bool:
    """Whether a path is one of the others, or one is inside the other.

    >>> overlap("published/a.json", ["published"]), overlap("quality/ab.csv", ["quality/a"])
    (True, False)
    """
    return any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in others)

"""A run that is disturbed: the command, its calls, and what it says."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from srfp_lib.workflow import staging
from tests.faults.cluster import ENVIRONMENT, HOME
from tests.faults.witness import Witness

STUDIES = {"small": ["-m", "tests.faults.small_study", "run"], "smoke": ["-m", "srfp_lib", "run", "--profile", "smoke", "--chapters", "05"]}
PROGRESS = ("[", "Profile ", "Done.", "another job failed: ")
CALLS = 8  # of the same command, at most


class Disturbed:
    """A workspace, the command that fills it, and what befell it."""

    def __init__(self, folder: Path, study: str, *options: str) -> None:
        self.folder, self.root, self.kills, self.calls, self.rng = folder, folder / "w", 0, 0, random.Random(1)
        self.command = [sys.executable, *STUDIES[study], "--workspace", str(self.root), *options]
        self.sentences = list[str]()
        self.left = ExitStack()  # what has to be undone

    def watch(self) -> None:
        self.witness = Witness(self.root)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        self.calls += 1
        return subprocess.Popen(self.command, cwd=HOME, env=ENVIRONMENT | environment, stderr=subprocess.PIPE, text=True)

    def end(self, process: subprocess.Popen[str]) -> int:
        """Wait for a call; what is no line of progress it must say in one sentence."""
        said = process.communicate()[1].splitlines()
        lines = [
            line
            for line in said
            if not line.startswith(("[", "Profile ", "Done.", "another job failed: ")) and not line.endswith("another one does it")
        ]
        if process.returncode == 2 and len(lines) == 1:
            self.sentences.append(lines[0])
        elif process.returncode in (0, -9):
            self.sentences += [f"(noise: {line[:100]})" for line in lines[:1]]
        else:
            raise SystemExit(f"ended with {process.returncode}, and not with a sentence:\n" + "\n".join(lines[-30:]))
        return process.returncode

    def finish(self, **environment: str) -> None:
        """Call until it ends well."""
        while self.calls < CALLS and self.end(self.start(**environment)):
            pass

    def busy(self, process: subprocess.Popen[str], done: int = 0) -> list[staging.Task]:
        """Wait until a job is under way and so many are done; those under way, none if the run ended."""
        while process.poll() is None:
            if (found := staging.under_way(self.root)) and self.done() >= done:
                return found
            time.sleep(0.02)
        return []

    def done(self) -> int:
        return len(list((self.root / "receipts").rglob("[!.]*.json")))


def tables(root: Path) -> dict[str, str]:
    return {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((root / "tables").rglob("*.csv"))}

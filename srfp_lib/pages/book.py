"""The HTML book from a workspace: the prose of the checkout, the executed chapters of the workspace, Jupyter Book."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..common.checkout import HOME
from ..common.errors import UserError
from ..workflow.workspace import Workspace
from .chapters import CHAPTERS, name_of


def build(workspace: Workspace, states: Mapping[str, str]) -> Path:
    """Build the book of a workspace with warnings as errors; ``states`` are those of its jobs. Returns the path of its first page."""
    missing = [number for number in CHAPTERS if states.get(name_of(number)) != "done"]
    if missing and workspace.profile.release.folder:
        raise UserError(
            f"the book has all chapters, and a workspace of the authors' images none before 05: read those in '{workspace.path('chapters')}'"
        )
    if missing:
        raise UserError(
            f"'{workspace.root}' lacks the executed chapters {', '.join(missing)} of its present settings: "
            f"python -m srfp_lib run --workspace {workspace.root}"
        )
    source = workspace.path("book")
    _gather(workspace, source)
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", str(source), "-W", "-n", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    page = source / "_build" / "html" / "index.html"
    if done.returncode or not page.exists():
        raise UserError(f"the book could not be built from '{workspace.root}': {_reason(done)}")
    return page


def _gather(workspace: Workspace, source: Path) -> None:
    """Lay out the book's sources as Jupyter Book wants them; pages that did not change keep their cache."""
    (source / "notebooks").mkdir(parents=True, exist_ok=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(HOME / name, source / name)
    shutil.copytree(HOME / "book", source / "book", dirs_exist_ok=True)
    for chapter in CHAPTERS.values():
        executed = workspace.path("chapters", f"{chapter.notebook}.ipynb")
        shutil.copy2(executed, source / "notebooks" / executed.name)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if "WARNING" in line or "ERROR" in line or "Error" in line]
    return "; ".join(dict.fromkeys(lines[:5])) or f"jupyter-book ended with {done.returncode}"

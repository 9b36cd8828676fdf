"""The HTML book from a workspace: the prose of the checkout, the executed chapters of the workspace, Jupyter Book."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..common.checkout import HOME
from ..common.errors import UserError
from ..common.files import write_whole
from ..workflow.workspace import Workspace
from . import goals, origins
from .chapters import CHAPTERS, name_of
from .renderers import Renderer, jupyter_book


def build(workspace: Workspace, states: Mapping[str, str], generated: Mapping[str, str | bytes], renderer: Renderer = jupyter_book) -> Path:
    """Build the book of a workspace with warnings as errors; ``states`` are those of its jobs. Returns the path of its first page.

    ``generated`` are further pages and files by their paths (`appendix.pages`, `explore.files.files`). Raises UserError if anything is
    missing or wrong.
    """
    missing = [number for number in CHAPTERS if states.get(name_of(number)) != "done"]
    if missing and workspace.profile.release.folder:
        raise UserError(
            f"the book has all chapters, and a workspace of the authors' images none before 05: read those in '{workspace.path('chapters')}'"
        )
    if missing:
        raise UserError(
            f"'{workspace.root}' lacks the executed chapters {', '.join(missing)} of its present settings: "
            f"python -m srfp_lib run --workspace {shlex.quote(str(workspace.root))}"
        )
    workspace.refuse_altered(map(name_of, CHAPTERS))
    source = workspace.path("book")
    _gather(workspace, source)
    for path, content in generated.items():
        _write(source / path, content.encode() if isinstance(content, str) else content)
    command, page = renderer(source)
    paths = os.pathsep.join(filter(None, (str(HOME), os.environ.get("PYTHONPATH"))))  # Sphinx imports `rendering`
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": paths})
    if done.returncode or not page.exists():
        raise UserError(f"the book could not be built from '{workspace.root}': {_reason(done)}")
    return page


def _gather(workspace: Workspace, source: Path) -> None:
    """Lay out the book's sources as Jupyter Book wants them; pages that did not change keep their cache."""
    import nbformat

    config = yaml.safe_load((HOME / "_config.yml").read_text(encoding="utf-8"))
    _write(source / "_config.yml", yaml.safe_dump(_without_dead_buttons(config), allow_unicode=True).encode())
    prose = [path for path in (HOME / "book").rglob("*") if path.is_file() and path.name != "goals.toml"]
    for path in (HOME / "_toc.yml", *(HOME / "labs").glob("guide.md"), *prose):
        _write(source / path.relative_to(HOME), path.read_bytes())
    for path in workspace.path("tables").glob("*.csv"):
        _write(source / "tables" / path.name, path.read_bytes())
    told = goals.every()
    for chapter in CHAPTERS.values():
        executed = nbformat.read(workspace.path("chapters", f"{chapter.notebook}.ipynb"), as_version=4)
        page = goals.added(headed(origins.told(executed)), told[chapter.notebook])
        _write(source / "notebooks" / f"{chapter.notebook}.ipynb", nbformat.writes(page).encode())


def headed(notebook: Any) -> Any:
    """An executed notebook whose computed headings, outputs that begin with "##", are headings of the page: Sphinx lists no others."""
    from nbformat import v4

    for place, cell in enumerate(notebook.cells):
        text = "".join(cell.outputs[0].get("data", {}).get("text/markdown", "")) if cell.get("outputs") else ""
        if text.startswith(("## ", "### ")):
            notebook.cells[place] = v4.new_markdown_cell(text.replace(" %", "\u00a0%"), id=cell.id)
    return notebook


def _write(path: Path, content: bytes) -> None:
    """Write what is new or changed. The modes of a read-only checkout are not taken over: the next book could not be written."""
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)


def _without_dead_buttons(config: dict[str, Any]) -> dict[str, Any]:
    """The book's settings; without the address of a repository also without the buttons that lead there."""
    options = config["sphinx"]["config"]["html_theme_options"]
    if not options.get("repository_url"):
        for name in ("repository_url", "repository_branch", "use_repository_button", "launch_buttons"):
            options.pop(name, None)
    return config


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if "WARNING" in line or "ERROR" in line or "Error" in line]
    return "; ".join(dict.fromkeys(lines[:5])) or f"the renderer ended with {done.returncode}"

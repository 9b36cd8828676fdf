"""Executing chapters: papermill with parameters that are checked first, outputs that carry no pairing metadata."""

from __future__ import annotations

import ast
import json
import os
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..common import surroundings
from ..common.checkout import HOME
from ..common.errors import UserError
from ..workflow.desk import Desk
from ..workflow.receipts import digest
from .page import Text


def make(desk: Desk, name: str) -> None:
    """The work of a chapter's job: its tables and figures become outputs of the job."""
    os.environ["SRFP_OUT"] = str(desk.out)
    values = {"profile": "", "workspace": str(desk.workspace.root)}  # the workspace knows its profile
    try:
        execute(name, desk.write("chapters", f"{name}.ipynb"), {key: values[key] for key in parameters(name) if key in values})
        desk.unchanged(digest(source(name)))
    finally:
        del os.environ["SRFP_OUT"]  # this process may be a reader's own


def source(name: str) -> Path:
    """The unexecuted notebook of a chapter, for example ``07_attribution``."""
    path = HOME / "notebooks" / f"{name}.ipynb"
    if not path.exists():
        raise UserError(f"there is no notebook '{path}': restore it from the repository")
    return path


def parameters(name: str) -> list[str]:
    """The names of a chapter's parameters: those assigned in the cell of that tag. Not by papermill, which takes half a second to import."""
    cells = json.loads(source(name).read_text(encoding="utf-8"))["cells"]
    return _assigned("".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", []))


def check(name: str, given: Iterable[str]) -> None:
    """Raises UserError for a parameter that a chapter does not have."""
    for parameter in given:
        if parameter not in (known := parameters(name)):
            raise UserError(f"chapter {name} has no parameter '{parameter}': it has {', '.join(known) or 'none, leave it out'}")


def kept(name: str) -> Text:
    """The line that begins a chapter which needs no workspace. Raises UserError if papermill gave it a parameter."""
    surroundings.prepare()
    check(name, injected())
    return Text("*This page shows tables that are kept in the repository, whichever the profile and the workspace.*")


def injected() -> list[str]:
    """The parameters that papermill set in this kernel: the names assigned in its cell "# Parameters"."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return _assigned(cell for cell in (shell.user_ns.get("In", []) if shell else []) if cell.startswith("# Parameters"))


def _assigned(cells: Iterable[str]) -> list[str]:
    nodes = (node for cell in cells for node in ast.walk(ast.parse(cell)))
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def execute(name: str, target: Path, values: dict[str, Any]) -> None:
    """Execute a chapter into ``target``. Raises UserError for an unknown parameter, or if the chapter raises it."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    check(name, values)
    os.environ["MPLBACKEND"] = "agg"  # figures open no window, whatever a user's setting names
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        with _own_kernel() as kernel:
            papermill.execute_notebook(_literal(source(name)), _literal(target), values, kernel_name=kernel, progress_bar=False, cwd=str(HOME),
                                        extra_arguments=["--IPKernelApp.log_level=50"])  # fmt: skip
    except PapermillExecutionError as error:
        if error.ename == "UserError":
            raise UserError(f"chapter {name}: {error.evalue}") from None
        raise
    notebook: Any = nbformat.read(target, as_version=4)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for cell in notebook.cells:
        _describe_image(cell)
        _fold(cell)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("remove-cell")  # the box at the end names the profile; paths do not belong on a page
    nbformat.write(notebook, target)


@contextmanager
def _own_kernel() -> Generator[str]:
    """The name of a kernel of this very Python: a "python3" that the user has installed elsewhere may be another one."""
    before = os.environ.get("JUPYTER_PATH")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (folder, before)))
        spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Python 3", "language": "python"}
        place = Path(folder, "kernels", "srfp")
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(spec))
        try:
            yield "srfp"
        finally:
            os.environ.pop("JUPYTER_PATH")
            os.environ.update({"JUPYTER_PATH": before} if before else {})


def _literal(path: Path) -> str:
    """A path for papermill, which fills parameters into names in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _describe_image(cell: Any) -> None:
    """Move the alt text that the chapter computed to the cell's metadata, where MyST-NB reads it."""
    for output in cell.get("outputs", []):
        alt = output.get("metadata", {}).pop("srfp", {}).get("alt")
        if alt:
            image = cell.metadata.setdefault("mystnb", {}).setdefault("image", {})
            image |= {"alt": alt, "classes": "dark-light"}  # the theme's dark mode leaves this class's pixels alone


def _fold(cell: Any) -> None:
    """Code is hidden where it only imports or opens, and left out where it only forms a sentence or a box: the notebook has it."""
    tags = cell.metadata.setdefault("tags", [])
    shown = [output.get("data", {}) for output in cell.get("outputs", [])]
    if cell.cell_type == "code" and cell.source.startswith(("import ", "from ")) and "remove-cell" not in tags:
        tags.append("hide-input")
    if "hide-input" in tags and shown and all("text/markdown" in data or "srfp-box" in str(data.get("text/html", "")) for data in shown):
        tags.append("remove-input")
    if shown and all("text/markdown" in data and not "".join(data["text/markdown"]).strip() for data in shown):
        tags.append("remove-cell")  # an empty sentence would be a grey bar

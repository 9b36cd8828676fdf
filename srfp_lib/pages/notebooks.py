"""Executing chapters: papermill with parameters that are checked first, outputs that carry no pairing metadata."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..common.checkout import HOME
from ..common.errors import UserError
from ..workflow.desk import Desk


def make(desk: Desk, name: str) -> None:
    """The work of a chapter's job: its tables and figures become outputs of the job."""
    os.environ["SRFP_OUT"] = str(desk.out)
    parameters = {"profile": "", "workspace": str(desk.workspace.root)}  # the workspace knows its profile
    execute(name, desk.write("chapters", f"{name}.ipynb"), parameters)


def source(name: str) -> Path:
    """The unexecuted notebook of a chapter, for example ``07_attribution``."""
    path = HOME / "notebooks" / f"{name}.ipynb"
    if not path.exists():
        raise UserError(f"there is no notebook '{path}': restore it from the repository")
    return path


def execute(name: str, target: Path, parameters: dict[str, Any]) -> None:
    """Execute a chapter into ``target``. Raises UserError for an unknown parameter, or if the chapter raises it."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    path = source(name)
    known = papermill.inspect_notebook(str(path))
    for parameter in parameters:
        if parameter not in known:
            raise UserError(f"chapter {name} has no parameter '{parameter}': it has {', '.join(known)}")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        papermill.execute_notebook(str(path), str(target), parameters, kernel_name="python3", progress_bar=False, cwd=str(HOME),
                                    extra_arguments=["--IPKernelApp.log_level=50"])  # fmt: skip
    except PapermillExecutionError as error:
        if error.ename == "UserError":
            raise UserError(f"chapter {name}: {error.evalue}") from None
        raise
    notebook = nbformat.read(target, as_version=4)
    notebook.metadata.pop("jupytext", None)
    for cell in notebook.cells:
        _describe_image(cell)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("remove-cell")  # the box at the end names the profile; paths do not belong on a page
    nbformat.write(notebook, target)


def _describe_image(cell: Any) -> None:
    """Move the alt text that the chapter computed to the cell's metadata, where MyST-NB reads it."""
    for output in cell.get("outputs", []):
        alt = output.get("metadata", {}).pop("srfp", {}).get("alt")
        if alt:
            image = cell.metadata.setdefault("mystnb", {}).setdefault("image", {})
            image |= {"alt": alt, "classes": "dark-light"}  # the theme's dark mode leaves this class's pixels alone

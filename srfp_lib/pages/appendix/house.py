"""The page "The house": what each room of the package is for, and every kind of work of the study."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .api import PACKAGE

Work = tuple[str, str, str]  # a kind of work: its name, what it is in the paper, what it leaves


def page(works: Sequence[Work]) -> str:
    """The page, from the rooms' docstrings and the rows of the study."""
    rooms = sorted(path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    rows = []
    for room in (room for room in rooms if not room.stem.startswith("__")):
        file = room / "__init__.py" if room.is_dir() else room
        about = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0].replace("\n", " ").replace("|", r"\|")
        rows.append(f"| [{room.stem}](../api/rooms/{room.stem}) | {about} |")
    return "\n".join([
        "# The house\n",
        "The package `srfp_lib` is divided into rooms, the folders of the package and the modules beside them. A room uses only rooms below",
        "it, so that data flows one way: from photographs to networks, to their images, to classifiers, to the paper's tables and figures.\n",
        "| room | what it is for |\n|---|---|", *rows,
        "\n## Every kind of work of the study\n",
        "One table in `srfp_lib/program.py` holds the study. Each row divides into jobs; a job leaves files and a receipt.\n",
        "| kind of work | in the paper | leaves |\n|---|---|---|", *(f"| {' | '.join(work)} |" for work in works), "",
    ])  # fmt: skip

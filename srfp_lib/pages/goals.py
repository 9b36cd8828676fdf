"""What a reader takes from a chapter: a block that opens it and one that closes it, put into the book beside what the notebook says."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from ..common.checkout import HOME

WORDS_A_MINUTE = 200  # of close reading
SECONDS_A_RESULT = 30  # to look at a table or a figure
WORK = re.compile(r"(?:(\d+) s for this page)(?:; (\d+) s of work)?")


@dataclass(frozen=True)
class Goals:
    """Markdown, without a result's number: results belong to a run. ``able`` are goals, ``before`` is what a reader should know."""

    able: str
    before: str
    lesson: str
    then: str


def every() -> dict[str, Goals]:
    """The goals of all chapters, by notebook."""
    kept = tomllib.loads((HOME / "book" / "goals.toml").read_text(encoding="utf-8"))
    return {name: Goals(**fields) for name, fields in kept.items()}


def added(notebook: Any, goals: Goals) -> Any:
    """An executed notebook with the two blocks: below its opening, and above the box that ends it."""
    from nbformat import v4

    reading, making = minutes(notebook)
    opening = (
        "```{admonition} After this chapter you can\n:class: tip srfp-goals\n"
        f"{goals.able}\n\n**Know before:** {goals.before} **Time:** {_spoken(reading)} to read, {_spoken(making)} of work to make.\n```"
    )
    closing = f"```{{admonition}} Take with you\n:class: tip srfp-goals\n{goals.lesson}\n\n**Next:** {goals.then}\n```"
    cells = notebook.cells
    cells.insert(len(cells) - 1, v4.new_markdown_cell(closing, id="srfp-lesson"))
    cells.insert(1, v4.new_markdown_cell(opening, id="srfp-goals"))
    return notebook


def minutes(notebook: Any) -> tuple[int, int]:
    """How many minutes an executed chapter takes to read, by its words and results, and to make, by its box; at least one each.

    >>> from types import SimpleNamespace as C
    >>> box = {"data": {"text/html": "<div class='srfp-box'>3 s for this page; 200 s of work"}}
    >>> minutes(C(cells=[C(cell_type="markdown", source="word " * 500), C(cell_type="code", source="", outputs=[box])]))
    (3, 4)
    """
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    shown = [output.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    prose += ["".join(data["text/markdown"]) for data in shown if "text/markdown" in data]
    results = sum("image/png" in data or "srfp-table" in "".join(data.get("text/html", "")) for data in shown)
    work = [found for data in shown for found in WORK.findall("".join(data.get("text/html", "")))]
    seconds = sum(int(part) for parts in work for part in parts if part)
    return math.ceil(len(" ".join(prose).split()) / WORDS_A_MINUTE + results * SECONDS_A_RESULT / 60), max(math.ceil(seconds / 60), 1)


def _spoken(count: int) -> str:
    return f"{count} minute" + ("" if count == 1 else "s")

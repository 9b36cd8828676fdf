"""What a label such as D28 or C07, or a term of the glossary, means: shown where a reader points at it or tabs to it."""

from __future__ import annotations

import csv
import json
import re

from ...common.checkout import DATA, HOME


def data() -> str:
    """A script that hands `book/_static/labels.js` its hints: for each label or term, a sentence and the page that has the rest."""
    hints = {"labels": _choices() | _claims(), "terms": _terms()}
    return f"window.srfpHints = {json.dumps(hints, ensure_ascii=False, indent=0)};\n"


def _choices() -> dict[str, list[str]]:
    """D1, D2, ... by the table of the page "Choices"."""
    rows = [line.split("|") for line in (HOME / "book" / "choices.md").read_text(encoding="utf-8").splitlines() if re.match(r"\| D\d", line)]
    return {row[1].strip(): [_plain(f"{row[2].strip()}: {row[3].strip()}"), "book/choices.html"] for row in rows}


def _claims() -> dict[str, list[str]]:
    """C01, C02, ... by the paper's claims."""
    with (DATA / "paper" / "claims.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: [f"Claim of section {row['section']}: {row['claim']}", "notebooks/13_findings.html"] for row in csv.DictReader(file)}


def _terms() -> dict[str, list[str]]:
    """The glossary's terms; those that share an entry share its text."""
    text = (HOME / "book" / "glossary.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for body in re.findall(r"```\{glossary\}\n(.*?)```", text, flags=re.DOTALL):
        for entry in body.strip().split("\n\n"):
            lines = entry.splitlines()
            meaning = _plain(" ".join(line.strip() for line in lines if line.startswith(" ")))
            found |= {line: [meaning, "book/glossary.html"] for line in lines if not line.startswith(" ")}
    return found


def _plain(markdown: str) -> str:
    """Markdown without its marks.

    >>> _plain("`a` of [](../notebooks/02_fleet), see [this](that)")
    'a of , see this'
    """
    return re.sub(r"\[(.*?)\]\(.*?\)", r"\1", markdown.replace("`", "").replace("**", ""))

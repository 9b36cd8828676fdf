"""Tables for files (fractions, fixed digits, equal bytes for equal numbers) and for pages (percents, beside the paper's)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..common.names import in_html
from .cells import SENTENCE, shown
from .spelling import heading, words

DIGITS = 6
Row = Mapping[Any, Any]  # a row of a table of accuracies, by column


def to_csv_text(frame: pd.DataFrame) -> str:
    """The text of a CSV file: floats with six digits, missing values empty.

    >>> to_csv_text(pd.DataFrame({"a": [0.5], "b": ["x"]}))
    'a,b\\n0.500000,x\\n'
    """
    return frame.to_csv(index=False, float_format=f"%.{DIGITS}f", lineterminator="\n")


def number(value: float, digits: int, sd: float = float("nan")) -> str:
    """A number with its standard deviation, if there is one; "–" for NaN.

    >>> number(28.31, 1, 6.26), number(5.0, 1), number(float("nan"), 1)
    ('28.3 ± 6.3', '5.0', '–')
    """
    if pd.isna(value):
        return "–"
    return f"{round(value, digits) + 0.0:.{digits}f}" + ("" if pd.isna(sd) else f" ± {sd:.{digits}f}")


def percent(value: float, digits: int = 1) -> str:
    """A fraction in percent, "–" for NaN.

    >>> percent(0.9543), percent(float("nan"))
    ('95.4', '–')
    """
    return number(100 * value, digits)


def accuracy(row: Row) -> str:
    """Mean ± SD over runs, in percent."""
    return number(100 * row["accuracy"], 1, 100 * row["sd"])


def papers(row: Row) -> str:
    """The paper's mean ± SD, in percent."""
    return number(100 * row["paper"], 1, 100 * row["paper_sd"])


def interval(row: Row) -> str:
    """The 95 % interval in percent; where there is none, the photographs' own values.

    >>> interval({"low": 0.5, "high": 0.75}), interval({"low": float("nan"), "each": "0.6800 0.8100"})
    ('50.0 to 75.0', 'photographs: 68.0, 81.0')
    """
    if not pd.isna(row["low"]):
        return f"{percent(row['low'])} to {percent(row['high'])}"
    return "photographs: " + ", ".join(map(percent, _each(row))) if _each(row) else "–"


def _each(row: Row) -> list[float]:
    """The photographs' own values, of a row that may have none or, in an older table, no such column."""
    text = row.get("each")
    return [float(value) for value in text.split()] if isinstance(text, str) else []


def estimate(row: Row) -> str:
    """Mean ± SD and the interval, in percent; "–" for NaN."""
    return "–" if pd.isna(row["accuracy"]) else f"{accuracy(row)} [{interval(row)}]"


def beside_paper(frame: pd.DataFrame, labels: Mapping[str, str], reference: pd.DataFrame | None = None, spelled: Callable[[str], str] = str) -> Page:
    """A table of accuracies: label columns (old name to new), ours, interval, chance, the same of a ``reference`` run, the paper's.

    ``spelled`` says how the page spells a label (`Study.spelled`).
    """
    rows = frame.to_dict("records")
    page = pd.DataFrame({new: [spelled(v) if isinstance(v, str) else str(v) for v in frame[old]] for old, new in labels.items()})
    page["ours, %"] = [accuracy(row) for row in rows]
    page["95 % interval"] = [interval(row) for row in rows]
    page["chance, %"] = [percent(row["chance"], 2) for row in rows]
    page.attrs |= {"csv": frame.attrs["csv"]} if "csv" in frame.attrs else {}
    if reference is not None:
        known = {tuple(str(row[c]) for c in labels): estimate(row) for row in reference.to_dict("records")}
        page["reference run, %"] = [known.get(tuple(str(row[c]) for c in labels), "–") for row in rows]
    if "paper" in frame:
        page["the paper, %"] = [papers(row) for row in rows]
    return _without_constants(page)


def _without_constants(page: pd.DataFrame) -> Page:
    """The table without a column of dashes, and with its level of chance in the caption where it has one alone."""
    chances = set(page["chance, %"]) - {"–"}
    note = f"Chance: {chances.pop()} %" if len(chances) == 1 else ""
    empty = [name for name in page if set(page[name]) == {"–"}] + ["chance, %"] * bool(note)
    return Page(page.drop(columns=empty), note=note)


def grid(frame: pd.DataFrame, *, rows: str, columns: str, cells: Sequence[str]) -> Page:
    """A two-way table; ``cells`` holds the text for each row of ``frame``."""
    table = frame.assign(cell=list(cells)).pivot(index=rows, columns=columns, values="cell")
    table = table.loc[list(dict.fromkeys(frame[rows])), list(dict.fromkeys(frame[columns]))]
    return Page(table.reset_index().rename_axis(None, axis=1))


class Page:
    """A frame as plain HTML, coloured by either theme of the book; in a terminal as text.

    On a narrow screen a table with sentences in its cells becomes a list of cards, any other one scrolls.
    """

    def __init__(self, frame: pd.DataFrame, caption: str = "", note: str = "") -> None:
        self.frame, self.caption, self.note = frame, caption, note

    def titled(self, caption: str) -> Page:
        """The table with a caption above it."""
        return Page(self.frame, caption, self.note)

    def _repr_html_(self) -> str:
        names, columns = [heading(c) for c in map(str, self.frame.columns)], [shown(self.frame.iloc[:, i]) for i in range(self.frame.shape[1])]
        long = [any(len(text) > SENTENCE for text in row) for row in zip(*(cells for cells, _ in columns), strict=True)]
        cards = 3 * sum(long) > len(long)
        head = "".join(f'<th scope="col"{kind}>{in_html(name)}</th>' if name.strip() else "<td></td>"
                       for name, (_, kind) in zip(names, columns, strict=True))  # fmt: skip
        labels = [f' data-label="{in_html(name)}"' if cards and name.strip() else "" for name in names]
        marked = [[f"<td{kind}{label}>{_coded(text)}</td>" for text in cells] for (cells, kind), label in zip(columns, labels, strict=True)]
        if marked:
            marked[0] = [f'<th scope="row">{_coded(text)}</th>' if text.strip() else "<td></td>" for text in columns[0][0]]
        body = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*marked, strict=True))
        # The caption stands outside of what scrolls: inside, the caption of a wide table would run off the page.
        title = _coded(words(". ".join(filter(None, (self.caption, self.note)))))
        caption, name = f"<figcaption>{title}</figcaption>" if title else "", title or f"Table: {', '.join(map(in_html, filter(None, names)))}"
        source = f' data-csv="{self.frame.attrs["csv"]}"' if "csv" in self.frame.attrs else ""
        table = f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        scrolling = f'<div class="srfp-scroll" role="region" aria-label="{re.sub("<[^>]*>", "", name)}">{table}</div>'
        return f'<figure class="srfp-table{" srfp-cards" * cards}"{source}>{caption}{scrolling}</figure>'

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)


def _coded(text: str) -> str:
    """Text for HTML, with what stands between backticks as code.

    >>> _coded("run `lab`, < 5")
    'run <code>lab</code>, &lt; 5'
    """
    return re.sub("`([^`]+)`", r"<code>\1</code>", in_html(text))


def rounded(frame: pd.DataFrame, digits: Mapping[str, int]) -> Page:
    """A table of numbers with the given digits after the point, by column; other columns unchanged."""
    page = frame.astype(object)
    for column, places in digits.items():
        page[column] = [number(v, places) for v in frame[column]]
    return Page(page.fillna("–"))


def with_spread(frame: pd.DataFrame, digits: Mapping[str, int]) -> pd.DataFrame:
    """Columns and their standard deviations (``_sd``) as one text, "28.31 ± 6.26"; other columns unchanged."""
    page = frame.drop(columns=[f"{column}_sd" for column in digits]).astype(object)
    for column, places in digits.items():
        page[column] = [number(v, places, sd) for v, sd in zip(frame[column], frame[f"{column}_sd"], strict=True)]
    return page


UNITS = {"percent": (100, ".1f", " %"), "points": (100, "+.1f", " points"), "dB": (1, "+.2f", " dB"), "ratio": (1, ".2f", "")}


def in_unit(value: float, unit: str, *, bare: bool = False) -> str:
    """A claim's number in the unit of its rule, of a fraction where that is percent or points; "–" for NaN, ``bare`` without the unit's name.

    >>> in_unit(0.954, "percent"), in_unit(0.0123, "points"), in_unit(0.541, "ratio"), in_unit(-0.46, "dB", bare=True)
    ('95.4 %', '+1.2 points', '0.54', '-0.46')
    """
    if pd.isna(value):
        return "–"
    factor, form, name = UNITS[unit]
    number = round(factor * value, int(form[-2])) or 0.0  # a zero has no sign
    return f"{number:{form if number else form.lstrip('+')}}" + ("" if bare else name)


def claims(frame: pd.DataFrame, reference: pd.DataFrame | None = None) -> Page:
    """The claims with their verdicts, a reference run's beside where it measured the same quantity; each number in its unit.

    A dash stands where the paper, which has a reason then, or the run has no such number.
    """
    kept = {} if reference is None else {row["id"]: row for row in reference.to_dict("records")}
    rows = []
    for row in frame.to_dict("records"):
        cells = {"": row["id"], "claim (what is measured)": f"{row['claim']} ({row['quantity']})",
                 "the paper": _in_its_unit(row, "paper") + _note(row), "ours (95 % interval)": _measured(row), "verdict": _verdict(row)}  # fmt: skip
        if reference is not None:
            other = kept.get(row["id"], {})
            same = other.get("quantity") == row["quantity"]
            number = _measured(other | {"unit": row["unit"]}) if same and not pd.isna(other["ours"]) else ""
            cells["reference run"] = "; ".join(filter(None, (number, _verdict(other)))) if same else "–"
        rows.append(cells)
    return Page(pd.DataFrame(rows))


def held(frame: pd.DataFrame) -> str:
    """How many of these claims hold, as the heading of their section.

    >>> held(pd.DataFrame({"verdict": ["holds", "weaker", "not testable here"]}))
    "## The paper's claims: 1 of 3 holds, 1 cannot be tested here"
    """
    holds, untested = ((frame["verdict"] == verdict).sum() for verdict in ("holds", "not testable here"))
    tail = f", {untested} cannot be tested here" if untested else ""
    return f"## The paper's claims: {holds} of {len(frame)} {'holds' if holds == 1 else 'hold'}{tail}"


def _in_its_unit(row: Row, column: str) -> str:
    return "–" if pd.isna(row[column]) else in_unit(row[column], row["unit"])


def _note(row: Row) -> str:
    return f": {row['paper_note']}" if isinstance(row["paper_note"], str) and row["paper_note"] else ""


def _measured(row: Row) -> str:
    """Our number with its interval; where there is none, with the photographs' own values."""
    if not pd.isna(row["ours"]) and not pd.isna(row["low"]):
        low, high = (in_unit(row[end], row["unit"], bare=True) for end in ("low", "high"))
        return f"{_in_its_unit(row, 'ours')} ({low} to {high})"
    beside = [in_unit(value, row["unit"], bare=True) for value in _each(row)]
    return _in_its_unit(row, "ours") + (f" (photographs: {', '.join(beside)})" if beside else "")


def _verdict(row: Row) -> str:
    return row["verdict"] + (f": {row['reason']}" if isinstance(row["reason"], str) and row["reason"] else "")

"""Tables for files (fractions, fixed digits, equal bytes for equal numbers) and for pages (percents, the paper beside)."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

DIGITS = 6


def to_csv_text(frame: pd.DataFrame) -> str:
    """The text of a CSV file: floats with six digits, empty where there is no number.

    >>> to_csv_text(pd.DataFrame({"a": [0.5], "b": ["x"]}))
    'a,b\\n0.500000,x\\n'
    """
    return frame.to_csv(index=False, float_format=f"%.{DIGITS}f", lineterminator="\n")


def percent(value: float, digits: int = 1) -> str:
    """A fraction as percent, "–" for none.

    >>> percent(0.9543), percent(float("nan"))
    ('95.4', '–')
    """
    return "–" if pd.isna(value) else f"{100 * value:.{digits}f}"


def accuracy(row: Mapping[str, object]) -> str:
    """Mean ± SD over runs, in percent."""
    return percent(row["accuracy"]) + ("" if pd.isna(row["sd"]) else f" ± {percent(row['sd'])}")


def interval(row: Mapping[str, object]) -> str:
    """The 95 % interval in percent."""
    return "–" if pd.isna(row["low"]) else f"{percent(row['low'])} to {percent(row['high'])}"


def papers(row: Mapping[str, object]) -> str:
    """The paper's mean ± SD, in percent."""
    if pd.isna(row["paper"]):
        return "–"
    return percent(row["paper"]) + ("" if pd.isna(row["paper_sd"]) else f" ± {percent(row['paper_sd'])}")


def beside_paper(frame: pd.DataFrame, labels: Mapping[str, str], reference: pd.DataFrame | None = None) -> Page:
    """A table of accuracies: the label columns (old name to new), ours, interval, chance, our reference run's, the paper's.

    ``reference`` is the same table of a reference run, matched by the label columns.
    """
    rows = frame.to_dict("records")
    page = pd.DataFrame({new: frame[old].astype(str) for old, new in labels.items()})
    page["ours, %"] = [accuracy(row) for row in rows]
    page["95 % interval"] = [interval(row) for row in rows]
    page["chance, %"] = [percent(row["chance"], 2) for row in rows]
    if reference is not None:
        known = {tuple(str(row[c]) for c in labels): row for row in reference.to_dict("records")}
        found = [known.get(tuple(str(row[c]) for c in labels)) for row in rows]
        page["reference run, %"] = ["–" if row is None else f"{accuracy(row)} [{interval(row)}]" for row in found]
    if "paper" in frame:
        page["the paper, %"] = [papers(row) for row in rows]
    return Page(page)


def grid(frame: pd.DataFrame, *, rows: str, columns: str, cells: Sequence[str]) -> Page:
    """A two-way table: ``cells`` holds the text of each row of ``frame``."""
    table = frame.assign(cell=list(cells)).pivot(index=rows, columns=columns, values="cell")
    table = table.loc[list(dict.fromkeys(frame[rows])), list(dict.fromkeys(frame[columns]))]
    return Page(table.reset_index().rename_axis(None, axis=1))


class Page:
    """A frame of texts as plain HTML, which both themes of the book colour; in a terminal as text."""

    def __init__(self, frame: pd.DataFrame, caption: str = "") -> None:
        self.frame, self.caption = frame, caption

    def titled(self, caption: str) -> Page:
        """The same table with a caption above it."""
        return Page(self.frame, caption)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(str(c))}</th>' for c in self.frame.columns)
        body = "".join("<tr>" + "".join(_cell(v, i) for i, v in enumerate(row)) + "</tr>" for row in self.frame.itertuples(index=False))
        # The caption stands outside of what scrolls: inside, that of a wide table would run out of the page.
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        table = f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        return f'<figure class="srfp-table">{caption}<div>{table}</div></figure>'

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)


def _cell(value: object, column: int) -> str:
    text = html.escape("–" if isinstance(value, float) and np.isnan(value) else str(value))
    if column == 0:
        return f'<th scope="row">{text}</th>'
    return f'<td class="n">{text}</td>' if text[:1] in "0123456789-–+" and len(text) < 20 else f"<td>{text}</td>"


def rounded(frame: pd.DataFrame, digits: Mapping[str, int]) -> Page:
    """A table of numbers with the given digits after the point, by column; other columns as they are."""
    page = frame.copy().astype(object)
    for column, places in digits.items():
        page[column] = ["–" if pd.isna(v) else f"{v:.{places}f}" for v in frame[column]]
    return Page(page.where(frame.notna() | page.isin(["–"]), "–"))


def with_spread(frame: pd.DataFrame, digits: Mapping[str, int]) -> pd.DataFrame:
    """Columns and their standard deviations (``_sd``) as one text, "28.31 ± 6.26"; other columns as they are.

    >>> with_spread(pd.DataFrame({"psnr": [28.31, 5.0], "psnr_sd": [6.26, float("nan")]}), {"psnr": 1})["psnr"].tolist()
    ['28.3 ± 6.3', '5.0']
    """
    page = frame.drop(columns=[f"{column}_sd" for column in digits]).astype(object)
    for column, places in digits.items():
        pairs = zip(frame[column], frame[f"{column}_sd"], strict=True)
        page[column] = ["–" if pd.isna(v) else f"{v:.{places}f}" + ("" if pd.isna(sd) else f" ± {sd:.{places}f}") for v, sd in pairs]
    return page


def claims(frame: pd.DataFrame, reference: pd.DataFrame | None = None) -> Page:
    """The claims with their verdicts, a reference run's beside; shares in percent, decibels as they are."""
    rows, kept = [], {} if reference is None else {row.id: row for row in reference.itertuples()}
    for row in frame.itertuples():
        rows.append({"": row.id, "claim (what is measured)": f"{row.claim} ({row.quantity})", "the paper, fractions": row.paper,
                     "ours (95 % interval)": _measured(row), "verdict": _verdict(row)}
                    | ({"reference run": f"{_measured(kept[row.id])}; {_verdict(kept[row.id])}"} if row.id in kept else {}))  # fmt: skip
    return Page(pd.DataFrame(rows))


def _measured(row: Any) -> str:
    """A claim's number with its interval."""
    scale = 1 if "PSNR" in str(row.quantity) else 100
    if pd.isna(row.ours):
        return "–"
    return f"{scale * row.ours:.2f}" + ("" if pd.isna(row.low) else f" ({scale * row.low:.2f} to {scale * row.high:.2f})")


def _verdict(row: Any) -> str:
    return row.verdict + (f": {row.reason}" if isinstance(row.reason, str) and row.reason else "")

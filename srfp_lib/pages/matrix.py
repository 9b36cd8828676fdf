"""A two-way table as a matrix: a large number a cell, small lines below it, a ground that says how far above chance it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..common.names import in_html
from .tables import Row, interval, percent


@dataclass(frozen=True)
class Cell:
    """A number, what is said below it, and how much of the way from chance to 1 it has come (0 to 1); or the reason why there is none."""

    number: str = ""
    below: tuple[str, ...] = ()
    reached: float = 0.0
    reason: str = ""

    @classmethod
    def of(cls, row: Row, reference: Row | None = None) -> Cell:
        """Of an accuracy: in percent, with its interval, the paper's, and that of a reference run.

        >>> Cell.of({"accuracy": 0.75, "low": 0.5, "high": 1.0, "chance": 0.5, "paper": 0.9})
        Cell(number='75.0', below=('50.0 to 100.0', 'paper 90.0'), reached=0.5, reason='')
        """
        lines = (interval(row), f"paper {percent(row['paper'])}", *((f"lab {percent(reference['accuracy'])}",) if reference else ()))
        return cls(percent(row["accuracy"]), lines, max(0.0, (row["accuracy"] - row["chance"]) / (1 - row["chance"])))

    def html(self, label: str) -> str:
        """The cell, which bears the name of its column where a narrow screen makes rows lists."""
        if self.reason:
            return f'<td class="senseless" data-label="{in_html(label)}"><small>{in_html(self.reason)}</small></td>'
        lines = "".join(f"<small>{in_html(line)}</small>" for line in self.below)
        return f'<td style="--reached: {self.reached:.2f}" data-label="{in_html(label)}"><span><b>{in_html(self.number)}</b>{lines}</span></td>'


class Matrix:
    """The cells of named rows below named columns; ``csv`` names the table that has the numbers. On a narrow screen rows are lists."""

    def __init__(self, corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[Cell]], caption: str, csv: str = "") -> None:
        self.corner, self.columns, self.rows, self.caption, self.csv = corner, columns, rows, caption, csv

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{in_html(name)}</th>' for name in (self.corner, *self.columns))
        body = "".join(
            f'<tr><th scope="row">{in_html(name)}</th>{"".join(cell.html(column) for column, cell in zip(self.columns, cells, strict=True))}</tr>'
            for name, cells in self.rows.items()
        )
        source = f' data-csv="{self.csv}"' if self.csv else ""
        return (
            f'<figure class="srfp-table srfp-cards srfp-matrix"{source}><figcaption>{in_html(self.caption)}</figcaption>'
            f'<div class="srfp-scroll" role="region" aria-label="{in_html(self.caption)}"><table class="table"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div></figure>"
        )

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {', '.join(cell.number or cell.reason for cell in cells)}" for name, cells in self.rows.items())

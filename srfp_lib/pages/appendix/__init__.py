"""Pages that are written when the book is built: what the code says of itself, and what a run's receipts say."""

from __future__ import annotations

from collections.abc import Sequence

from ...workflow.receipts import Receipt
from . import api, house, labels, status


def pages(receipts: Sequence[Receipt], notes: Sequence[str], works: Sequence[house.Work]) -> dict[str, str]:
    """The text of each generated file by its path in the book's sources.

    ``notes`` say what was made elsewhere or by other code, ``works`` are the rows of the study.
    """
    written = {"book/house.md": house.page(works), "book/status.md": status.page(receipts, notes), "book/_static/labels_data.js": labels.data()}
    return api.pages() | written

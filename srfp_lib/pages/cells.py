"""The cells of a table on a page: numbers stand below each other, and an interval on one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from .spelling import words

SENTENCE = 45  # characters; longer cells are read, not compared
WORDS = 20  # a narrow screen gives longer cells some width
SPACE = "\u2007"  # as wide as a digit
NUMBER = re.compile(r"^(?:[-+]?\d|–$|$)")
TOGETHER = re.compile(r"(?<=\d) (?=(?:±|to) |%|points\b|dB\b|MB\b|s\b)|(?<= ±) (?=\d)|(?<= to) (?=[-+]?\d)")  # an interval stands on one line


def shown(values: pd.Series) -> tuple[list[str], str]:
    """The texts of a column, numbers below each other, and the class of its cells."""
    if values.name == "scale":
        values = values.map(lambda value: f"{value}X" if str(value) in ("2", "4") else value)
    texts = ["–" if isinstance(value, float) and pd.isna(value) else TOGETHER.sub("\u00a0", words(str(value))) for value in values]
    numeric = all(NUMBER.match(text) and len(text) <= 24 for text in texts) and any(text[-1:].isdigit() for text in texts)
    if numeric:
        return aligned(texts), ' class="n"'
    longest = max(map(len, texts), default=0)
    return texts, ' class="t"' if longest > SENTENCE else ' class="w"' if longest > WORDS else ""


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers filled up with spaces as wide as a digit, so that their points stand below each other; texts of several forms unchanged.

    >>> [text.replace(SPACE, "_") for text in aligned(["95.4 ± 0.7", "100.0 ± 10.0", "–"])]
    ['_95.4 ± _0.7', '100.0 ± 10.0', '–']
    """
    split = [re.split(r"(\d+(?:\.\d+)?)", text) for text in texts]
    forms = {tuple(re.sub("[-+]", "", part) for part in parts[::2]) for parts in split if len(parts) > 1}
    if len(forms) != 1:
        return list(texts)
    rows = [parts for parts in split if len(parts) > 1]
    for place in range(1, len(rows[0]), 2):
        halves = [parts[place].partition(".") for parts in rows]
        left = [parts[place - 1][-1:] in ("-", "+") for parts in rows]
        whole = max(len(whole) + sign for (whole, _, _), sign in zip(halves, left, strict=True))
        after = max(len(part) + len(point) for _, point, part in halves)
        for parts, (number, point, part), sign in zip(rows, halves, left, strict=True):
            before = SPACE * (whole - len(number) - sign)
            parts[place - 1] = parts[place - 1][:-1] + before + parts[place - 1][-1:] if sign else parts[place - 1] + before
            parts[place] = number + point + part + SPACE * (after - len(point) - len(part))
    return ["".join(parts) for parts in split]

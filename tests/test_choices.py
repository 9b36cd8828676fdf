"""Every open choice of the paper that a profile decides is explained in the book, with its reason and its field."""

import re
from dataclasses import fields, is_dataclass

from srfp_lib.profiles import PAPER
from srfp_lib.workspace import HOME

ROWS = [[c.strip() for c in line.split("|")[1:-1]] for line in (HOME / "book" / "choices.md").read_text().splitlines() if line.startswith("| D")]


def test_every_label_of_a_profile_is_on_the_page():
    sections = [getattr(PAPER, f.name) for f in fields(PAPER) if is_dataclass(getattr(PAPER, f.name))]
    labels = {f.metadata["label"] for section in sections for f in fields(section)} - {""}
    assert labels and labels <= {row[0] for row in ROWS}


def test_every_row_has_a_point_a_choice_and_a_reason():
    assert all(len(row) == 5 and all(row[:4]) for row in ROWS)


def test_named_fields_exist():
    named = [(s, f) for row in ROWS for s, f in re.findall(r"`(\w+)\.(\w+)`", row[4])]
    assert len(named) > 10 and all(hasattr(getattr(PAPER, section), field) for section, field in named)

"""Every open choice of the paper is explained in the book, with its reason and field; every reading is of a claim and whole."""

import re
from dataclasses import fields, is_dataclass

from srfp_lib import paper
from srfp_lib.common.checkout import HOME
from srfp_lib.pages import reference
from srfp_lib.profiles import PAPER

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


def test_readings_are_of_claims_and_say_what_would_decide():
    ids = list(paper.table("claims")["id"])
    readings = reference.readings(ids)
    assert len(readings) > 15 and readings["id"].is_unique and readings.notna().all(axis=None)
    kept = reference.table("claims")
    assert set(kept.loc[kept["verdict"].isin(["differs", "same direction"]), "id"]) <= set(readings["id"])

"""A matrix says in each cell what was measured, or why nothing can be."""

import re

from srfp_lib.pages.matrix import Cell, Matrix


def row(accuracy, chance=0.5):
    return {"accuracy": accuracy, "low": accuracy - 0.1, "high": accuracy, "chance": chance, "paper": 0.9}


def test_the_ground_of_a_cell_is_the_way_from_chance_to_one():
    assert [round(Cell.of(row(value)).reached, 2) for value in (0.4, 0.5, 0.75, 1.0)] == [0, 0, 0.5, 1]


def test_a_reference_run_stands_below_the_papers_number():
    assert Cell.of(row(0.8), row(0.7)).below == ("70.0 to 80.0", "paper 90.0", "lab 70.0")
    assert Cell.of(row(0.8)).below[-1] == "paper 90.0"


def test_every_cell_of_the_page_bears_the_name_of_its_column():
    html = Matrix("predicted", ["A & B", "C"], {"scale": [Cell.of(row(0.8)), Cell(reason="<none>")]}, "a caption", csv="t")._repr_html_()
    assert re.findall('data-label="([^"]*)"', html) == ["A &amp; B", "C"]
    assert 'class="senseless"' in html and "&lt;none&gt;" in html and 'data-csv="t"' in html and "<figcaption>a caption</figcaption>" in html

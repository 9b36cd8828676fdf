"""Which functions made a table, read from the code of a chapter's cells."""

import importlib

import jupytext
import pytest
from nbformat import v4

from srfp_lib.common.checkout import HOME
from srfp_lib.pages import book, origins

IMPORTS = """
from srfp_lib.experiments import attribution, seeds as s, uncertainty
from srfp_lib.pages import reference, tables
from srfp_lib.published import catalogue
"""


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["tables.Page(attribution.table_3(answers))"], ["experiments.attribution.table_3"]),
        (["a, b = s.scored(x), reference.table('t')", "tables.Page(a)"], ["experiments.seeds.scored"]),
        (["a, b = s.scored(x), reference.table('t')", "tables.Page(b)"], ["pages.reference.table"]),
        (["if live:\n    a = s.scored(x)\nelse:\n    a = reference.table('t')", "b = a.head()", "b"], ["experiments.seeds.scored"]),
        (["a = s.scored(x)", "a = catalogue()", "a"], ["published.catalogue"]),
        (["s.table(s.scored(uncertainty.between(1, 2)))"], ["experiments.seeds.table", "experiments.seeds.scored"]),
        (["import pandas as pd\npd.DataFrame()"], []),
        (["def f(x):\n    side = s.scored(x)\n    return side", "a = [side for side in (1, 2)]\na"], []),
        (["def f(x):\n    return s.scored(x)", "tables.Page(f(1))"], ["experiments.seeds.scored"]),
        (["a = [s.first(x)]\na += [s.second(y)]\nb = [one for one in a]", "b"], ["experiments.seeds.first"]),
    ],
)
def test_the_functions_behind_a_cell(cells, names):
    assert origins.functions([IMPORTS, *cells])[-1] == names


def test_every_function_that_a_chapter_names_is_in_the_package():
    for file in sorted((HOME / "notebooks").glob("*.md")):
        notebook = jupytext.read(file)
        for names in origins.functions([cell.source for cell in notebook.cells if cell.cell_type == "code"]):
            for name in names:
                module, _, function = name.rpartition(".")
                assert callable(getattr(importlib.import_module(f"srfp_lib.{module}"), function)), f"{file.stem}: {name}"


def test_tables_and_computed_headings_of_an_executed_chapter():
    table = v4.new_output("display_data", {"text/html": '<figure class="srfp-table srfp-cards"><table></table></figure>'})
    heading = v4.new_output("display_data", {"text/markdown": "## 3 of 4 hold"})
    plain = v4.new_output("display_data", {"text/markdown": "A sentence."})
    sources = ("tables.Page(attribution.table_3(answers))", "Text(tables.held(judged))", "Text('A sentence.')")
    cells = [v4.new_code_cell(IMPORTS)] + [v4.new_code_cell(s, outputs=[o]) for s, o in zip(sources, (table, heading, plain), strict=True)]
    found = book.headed(origins.told(v4.new_notebook(cells=cells))).cells
    assert found[1].outputs[0].data["text/html"].startswith('<figure class="srfp-table srfp-cards" data-by="experiments.attribution.table_3">')
    assert (found[2].cell_type, found[2].source) == ("markdown", "## 3 of 4 hold") and found[3].cell_type == "code"

import re

import nbformat
from nbformat import v4

from srfp_lib.common.checkout import HOME
from srfp_lib.pages import goals
from srfp_lib.pages.chapters import CHAPTERS


def test_every_chapter_has_goals_and_none_states_a_result():
    told = goals.every()
    assert list(told) == [chapter.notebook for chapter in CHAPTERS.values()]
    for name, one in told.items():
        assert not re.search(r"\d ?%|\d\.\d", f"{one.able} {one.before} {one.lesson}"), name
        assert all(len(text) < 200 and text.endswith(".") for text in (one.able, one.before, one.lesson, one.then)), name


def test_their_links_lead_to_pages():
    for one in goals.every().values():
        for target in re.findall(r"\]\(([^)]+)\)", f"{one.before} {one.lesson} {one.then}"):
            assert (HOME / "notebooks" / f"{target}.md").exists(), target
    assert re.findall(r"\]\(([^)]+)\)", goals.every()["07_attribution"].before) == ["../book/see"]


def test_the_blocks_stand_below_the_opening_and_above_the_box():
    box = v4.new_code_cell("study.box()", outputs=[v4.new_output("display_data", {"text/html": "<div class='srfp-box'>3 s for this page"})])
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# 1. Title"), v4.new_code_cell("1"), box])
    goals.added(notebook, goals.Goals("see.", "nothing.", "Look.", "more."))
    nbformat.validate(notebook)
    kinds = [cell.source.split("\n")[0] for cell in notebook.cells]
    assert kinds == ["# 1. Title", "```{admonition} After this chapter you can", "1", "```{admonition} Take with you", "study.box()"]
    assert "**Time:** 1 minute to read, 1 minute of work to make." in notebook.cells[1].source

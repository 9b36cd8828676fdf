"""Results on the pages of the book: drawings, tables, the lines under them, code that is folded."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from nbformat import v4

from srfp_lib.figures import single, styled
from srfp_lib.pages import notebooks, rendering, svg
from srfp_lib.pages.page import Box, Shown
from srfp_lib.pages.tables import Page
from srfp_lib.profiles import get

MARKS = re.compile(r"<use ")


@pytest.fixture(scope="module")
def drawing() -> str:
    with styled():
        figure, axes = single(size=(3, 2))
        axes.scatter([1, 2], [1, 2], marker="D", facecolors="none", edgecolors="#d55e00")
        axes.bar([1], [0.5], color="#e69f00", hatch="//", edgecolor="white")
        axes.text(1, 1, "on data", color="white")
        axes.set_title("a & b")
        figure.set_label("figures.accuracy.dots")
    return Shown.drawn(figure, "Two marks.").svg


def test_a_drawing_takes_the_themes_colours_and_keeps_its_marks(drawing):
    shown = svg.themed(drawing, 'A "name".', "f1")
    assert 'role="img" aria-label="A &quot;name&quot;."' in shown and "<?xml" not in shown and "DejaVu" not in shown
    assert "currentColor" in shown and "var(--srfp-red)" in shown and "#000000" not in shown
    assert re.search('<text style="[^"]*fill: #ffffff[^"]*"[^>]*>on data', shown) and 'style="fill: #ffffff"/>' not in shown
    assert len(MARKS.findall(shown)) == len(MARKS.findall(drawing)) > 4
    ids, used = set(re.findall(r' id="([^"]+)"', shown)), set(re.findall(r'(?:href="#|url\(#)([\w-]+)', shown))
    assert 'fill="#e69f00"' in shown  # of the ground of a hatched bar
    assert used and used <= ids and all(name.startswith("f1-") for name in ids)


def test_a_figure_in_a_notebook_is_a_drawing_and_pixels(drawing):
    data, about = Shown(b"png", "words", drawing)._repr_mimebundle_()
    assert set(data) == {"image/png", "image/svg+xml", "text/plain"} and about["srfp"]["alt"] == "words"
    assert "image/svg+xml" not in Shown(b"png", "words")._repr_mimebundle_()[0]


def page(frame, caption="") -> str:
    return Page(frame, caption)._repr_html_() + Box("07")._repr_html_()


def test_lines_under_results_lead_to_files(drawing, tmp_path):
    (tmp_path / "a.svg").write_text(drawing)
    own = pd.DataFrame({"x": [1.0]})
    own.attrs["csv"] = "table_3"
    image = '<img alt="Two marks." class="dark-light" src="../_images/a.svg" />'
    figure = f'<figure id="f">{image}<figcaption><span class="caption-number">Fig. 9 </span></figcaption></figure>'
    body, files = rendering.results(figure + page(pd.DataFrame({"a_b": ["VGG_GAN"], "": ["1 ± 2"]})) + page(own),
                                    {"a.svg": tmp_path / "a.svg"}, "../tables/", "../api/{}.html".format, "notebooks-07_x")  # fmt: skip
    assert "Figure 7.1 " in body and body.count("srfp-made") == 3 and body.count("python -m srfp_lib run --chapters 07") == 3 + 2 * 2
    links = re.findall(r'<p class="srfp-made"><a href="([^"]+)" download>', body)
    assert links == ["../_images/a.svg", f"../tables/{next(iter(files))}", "../tables/table_3.csv"]
    assert list(files.values()) == ["a b,\nVGG + adv.,1 ± 2\n"]
    assert 'drawn by <a href="../api/figures.html#figures-accuracy"><code>figures.accuracy.dots</code></a>' in body


def test_a_page_without_a_run_has_no_lines():
    assert "srfp-made" not in rendering.results(Page(pd.DataFrame({"a": [1]}))._repr_html_(), {}, "", str, "book-x")[0]


def test_tables_have_no_empty_heads_and_become_cards_where_cells_are_sentences():
    sentence = "a claim in a sentence of more than forty-five letters"
    long, short = (Page(pd.DataFrame({"": ["C01", ""], "claim": [text, text]}))._repr_html_() for text in (sentence, "short"))
    assert "></th>" not in long + short and 'role="region" aria-label="Table: claim"' in short
    assert ("srfp-cards" in long, "srfp-cards" in short) == (True, False) and 'data-label="claim"' in long


@pytest.mark.parametrize(
    ("source", "tags", "data", "after"),
    [
        ("import numpy", [], {"text/markdown": "a"}, ["hide-input", "remove-input"]),
        ("Text(1)", ["hide-input"], {"text/markdown": "a"}, ["hide-input", "remove-input"]),
        ("study.box()", ["hide-input"], {"text/html": '<div class="srfp-box"'}, ["hide-input", "remove-input"]),
        ("table", ["hide-input"], {"text/html": "<figure>"}, ["hide-input"]),
        ("1 + 1", [], {"text/markdown": "a"}, []),
        ("# Opened alone\nimport sys", ["remove-cell"], {}, ["remove-cell"]),
        ("Text('')", [], {"text/markdown": " ", "text/plain": ""}, ["remove-cell"]),
    ],
)
def test_code_is_folded_by_what_it_made(source, tags, data, after):
    cell = v4.new_code_cell(source, metadata={"tags": list(tags)}, outputs=[v4.new_output("execute_result", data)] if data else [])
    notebooks._fold(cell)
    assert cell.metadata.tags == after


def test_a_box_without_work_of_this_run_names_no_profile():
    kept = Box("21", get("demo"))
    assert kept.made == "from tables kept in the repository" and "Profile" not in kept.rows


def test_icons_go_unless_a_page_has_them():
    script = '{"magnifying-glass":[512,512,[128269,"search"],"f002","M4"],sun:[512,512,[9728],"f185",["a","b"]],x:[1,1,[],"f1","M"]}'
    kept = rendering.ICON.sub(lambda found: found[0] if rendering._names(found[0]) & {"search", "sun"} else "", script)
    assert "magnifying-glass" in kept and "sun" in kept and "x:" not in kept


def test_formulas_are_drawn_by_the_browser():
    from docutils import nodes

    class Writer:
        body: list[str] = []

    for node in (nodes.math("", r"\log\,\hat{x}_{l} \quad < 1"), nodes.math_block("", r"\frac{1}{n}")):
        with pytest.raises(nodes.SkipNode):
            rendering._formula(Writer, node)
    assert Writer.body[0].startswith('<span class="math"><math') and 'display="block"' in Writer.body[1] and "mfrac" in Writer.body[1]
    assert all(ElementTree.fromstring(shown) is not None for shown in Writer.body)  # as in an EPUB

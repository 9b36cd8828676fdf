"""File names are shown as they are: never as formulas, HTML or Markdown, and with no warning; warnings are errors here."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from srfp_lib import figures
from srfp_lib.common.frames import read_table
from srfp_lib.common.names import in_markdown, legible
from srfp_lib.figures import accuracy, images
from srfp_lib.pages import tables

NAMES = ("$5_vs_$10", "5$ and 6$", "\u7f8e\u3057\u3044", "\U0001f600", "$\\frac{", "a\\$b", "<b>x</b>", "_*a*_", "[a](b)", "100 %", "\u05d0\u0628")


def shown(figure):
    FigureCanvasAgg(figure).draw()
    return [text.get_text() for axes in figure.axes for text in (axes.title, *axes.get_yticklabels())]


def is_formula(text):
    return text.replace("\\$", "").count("$") > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_figure_is_no_formula_and_lacks_no_glyph(name, tmp_path):
    gallery, alt = images.gallery([np.zeros((8, 8, 3), np.uint8)] * 2, [name, "other"], columns=2)
    rows = pd.DataFrame({"photograph": [name, "other"], "n_images": 1, "accuracy": 0.5, "accuracy_L1": 0.5, "accuracy_adversarial": 0.5})
    for figure in (gallery, accuracy.photographs(rows)[0]):
        assert not any(is_formula(text) for text in shown(figure) if "mathdefault" not in text)
        figures.save(figure, tmp_path, "a")
    assert name in alt


def test_dollars_are_seen_in_a_figure():
    """A formula of the same letters has other pixels, and an escaped dollar no visible backslash."""
    figure, _ = images.gallery([np.zeros((8, 8, 3), np.uint8)], ["$5_vs_$10"], columns=1)
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    assert "$5_vs_$10" in file.getvalue().decode()


def test_dollars_and_tags_in_a_table_are_text():
    html = tables.Page(pd.DataFrame({"a$": ["5$ and 6$", "<b>"]})).titled("$x$")._repr_html_()
    assert "$" not in html and html.count("<span>&#36;</span>") == 5 and "&lt;b&gt;" in html


@pytest.mark.parametrize("name", NAMES)
def test_markdown_shows_a_name_as_it_is(name):
    from html.parser import HTMLParser

    from markdown_it import MarkdownIt

    seen = []
    parser = HTMLParser()
    parser.handle_data = seen.append
    written = in_markdown(name)
    parser.feed(MarkdownIt().render(f"On {written}, and on {written}."))
    assert "".join(seen).strip() == f"On {name}, and on {name}." and "$" not in written


def test_notes_are_text_even_where_all_are_empty(tmp_path):
    """Chapter 01 looks for a word in them."""
    pd.DataFrame({"photograph": ["NA"], "note": [""]}).to_csv(tmp_path / "a.csv", index=False)
    table = read_table(tmp_path / "a.csv")
    assert table["note"].fillna("").str.contains("near-duplicate").sum() == 0 and table["photograph"].tolist() == ["NA"]


def test_what_is_no_text_becomes_text():
    for name in ("\udce9", "a\tb", "a\x00b", "\ud800", "a\u2028b"):
        assert "\ufffd" in legible(name) and legible(name).encode()

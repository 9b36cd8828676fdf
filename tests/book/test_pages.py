"""What readers see on the built pages: headings in words, percents where they are promised, one spelling each."""

import html
import re

import nbformat
import pytest

from srfp_lib.experiments import findings
from tests.book.conftest import pages

TABLE = re.compile(r'<figure class="srfp-table[^>]*>(.*?)<table[^>]*>(.*?)</table>.*?</figure>(<p class="srfp-made">)?', re.S)
CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.S)
SPELLINGS = re.compile(r"(?<![\w-])(?:(?:VGG|ResNet)(?:-like)?(?:_GAN|\+ ?adv\w*)|ProSR-GAN|ProGanSR)(?![\w-])")


def plain(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup)).replace("\u00a0", " ").replace("\u2007", "").strip()


@pytest.fixture(scope="module")
def tables(root):
    """All tables of the pages: page, caption, headings, rows, and whether a line with links follows."""
    found = []
    for page in pages(root):
        for caption, table, made in TABLE.findall(page.read_text(encoding="utf-8")):
            rows = [
                [plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in re.findall("<tr>(.*?)</tr>", table, re.S)
            ]
            found.append((page.stem, plain(caption), rows[0], rows[1:], bool(made)))
    assert len(found) > 50
    return found


def test_no_column_is_called_as_in_code(tables):
    assert [(page, name) for page, _, head, _, _ in tables for name in head if re.search(r"\w_\w", name) and name != "Cllr_min"] == []


def test_no_fraction_where_percents_are_promised(tables):
    wrong = []
    for page, caption, head, rows, _ in tables:
        for name, cells in zip(head, zip(*rows, strict=True), strict=True):
            if "%" in name.replace("95 %", "") or re.search(r"(, %|in %|in percent)", caption):
                wrong += [(page, name, cell) for cell in cells if re.match(r"0\.\d{3}", cell)]
    assert wrong == []


def test_no_cell_shows_what_only_programs_say(tables):
    odd = re.compile(r"\bnan\b|\bNone\b|\bNaT\b|(?<![\d.])-0(\.0+)?(?![\d.])|[<>]class |`|\b[A-Z]\w*\(\w+=|(?<![\w.])/(home|work|tmp|root|Users)/")
    assert [(page, cell) for page, _, _, rows, _ in tables for row in rows for cell in row if odd.search(cell)] == []


def test_scales_and_seeds_are_called_as_in_the_text(tables):
    wrong = [
        (page, cell) for page, _, head, rows, _ in tables for row in rows
        for name, cell in zip(head, row, strict=True) if (name == "scale" and cell in ("2", "4")) or re.fullmatch(r"s[1-9]", cell)
    ]  # fmt: skip
    assert wrong == []


def test_no_caption_is_written_as_code(tables):
    assert [(page, caption) for page, caption, _, _, _ in tables if re.search(r"(?<![\w/.])(?!small_)[a-z]+_[a-z]+(?![\w./])", caption)] == []


def test_every_verdict_is_one_of_the_six(tables):
    cells = [row[head.index("verdict")] for _, _, head, rows, _ in tables if "verdict" in head for row in rows]
    assert len(cells) > 50 and {cell.partition(":")[0] for cell in cells} <= set(findings.VERDICTS)


def test_one_spelling_each(root):
    found = []
    for page in (page for page in pages(root) if page.parent.name != "rooms"):  # docstrings are about code
        text = re.sub(r"<(pre|code|script|title|style)\b.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.S)
        found += [(page.stem, word) for word in SPELLINGS.findall(plain(text))]
    assert found == []


def test_every_result_offers_its_file_and_the_command_that_makes_it(tables, root):
    assert [page for page, _, _, _, made in tables if not made] == []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        assert text.count(" download>SVG</a>") == text.count('class="srfp-figure')
        assert text.count('<p class="srfp-made">') == len(re.findall(r"</a> · [^<]*<code>python -m srfp_lib run --chapters", text)), page.stem


def test_every_chapter_opens_with_goals_and_closes_with_what_to_take(root):
    for page in (page for page in pages(root) if re.match(r"\d\d_", page.stem)):
        text = page.read_text(encoding="utf-8")
        order = [text.find(mark) for mark in ("After this chapter you can</p>", "Take with you</p>", "How this page was made</p>")]
        assert -1 not in order and order == sorted(order), page.stem


def test_no_line_under_a_result_speaks_of_no_work(root):
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        assert "0 s of work in the 0 jobs" not in text and "at most 0 MB" not in text, page.stem


def test_code_is_left_out_above_sentences_and_boxes(smoke):
    for path in smoke.workspace.path("chapters").glob("*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            tags = cell.metadata.get("tags", [])
            shown = [output.get("data", {}) for output in cell.get("outputs", [])]
            if "hide-input" in tags and shown and all("text/markdown" in data for data in shown):
                assert "remove-input" in tags, path.name


def test_the_book_is_light(root):
    assert sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) < 60e6

"""The pages that are written when the book is built, and the archives of a release."""

import hashlib
import json
import re
import zipfile

import pytest

from srfp_lib import program
from srfp_lib.common.errors import UserError
from srfp_lib.pages import appendix, bundle, renderers
from srfp_lib.pages.appendix import api, labels, status
from srfp_lib.profiles import DEMO
from srfp_lib.workflow.receipts import Receipt


def receipt(job, seconds):
    return Receipt(job, "k", {}, {}, {}, seconds, seconds / 2, 100, "2026-01-02T03:04:05", {"torch": "2"}, "a machine", "a processor", "c0de")


def test_every_room_and_every_kind_of_work_has_its_place():
    works = [(kind.name, kind.in_the_paper, kind.leaves) for kind in program.kinds(DEMO)]
    pages = appendix.pages([], [], works)
    rooms = {path.stem for path in api.PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert {f"api/rooms/{room}.md" for room in rooms} <= set(pages)
    for room in rooms:
        assert re.search(rf"\| \[{room}\]\S+ \| \w", pages["book/house.md"]), f"say in srfp_lib/{room}/__init__.py what the room is for"
    assert all(f"| {name} |" in pages["book/house.md"] for name, *_ in works)


def test_the_api_shows_what_is_public_with_its_example():
    page = api.pages()["api/rooms/workflow.md"]
    assert (
        "```python\nclass Job\n" in page
        and "```python\nDesk.read(self, *parts: str) -> Path\n```" in page
        and "```python\n>>> Job(" in page
        and "_plain" not in page
    )


def test_what_would_be_markup_is_escaped_outside_code():
    assert api._prose("``a * b`` costs $3 * x in [0, 1]\n\n>>> f(1)\n2") == "`a * b` costs \\$3 \\* x in \\[0, 1\\]\n\n```python\n>>> f(1)\n2\n```\n"


def test_labels_and_terms_have_a_meaning_and_a_page():
    hints = json.loads(labels.data().removeprefix("window.srfpHints = ").removesuffix(";\n"))
    assert {"D1", "D53", "C01", "C56"} <= set(hints["labels"]) and {"LR", "HR", "scale"} <= set(hints["terms"])
    assert all(meaning and page.endswith(".html") for group in hints.values() for meaning, page in group.values())
    assert hints["labels"]["D35"][0] == "Split: by photograph, the same for all networks"


def test_the_status_page_adds_up_the_receipts():
    page = status.page([receipt("train/A", 60), receipt("train/B", 40), receipt("chapters/07_attribution", 8)], ["2 jobs were made with torch 1"])
    assert "| train, 2 | 100 | 50 | 100 |" in page and "| 07_attribution | 8 | 4 | 100 |" in page and "2 jobs were made with torch 1" in page
    assert "nothing" in status.page([], [])


def test_equal_content_makes_an_equal_release(tmp_path):
    html = tmp_path / "w" / "book" / "html"
    for path in (html / "index.html", tmp_path / "w" / "chapters" / "07.ipynb", tmp_path / "w" / "tables" / "a.csv", tmp_path / "b.epub"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    refused = {tmp_path / "w" / "dist": "lies in the workspace", tmp_path / "b.epub": "no folder", tmp_path / "b.epub" / "x": "no folder"}
    for target, sentence in refused.items():
        with pytest.raises(UserError, match=sentence):
            bundle.check(target, tmp_path / "w")
    bundle.check(tmp_path / "new" / "dist", tmp_path / "w")
    one, other = (bundle.write(tmp_path / "w", html / "index.html", tmp_path / "b.epub", tmp_path / name) for name in ("one", "other"))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]
    for line in one[-1].read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "one" / name).read_bytes()).hexdigest() == digest
    assert zipfile.ZipFile(one[2]).namelist() == ["study/chapters/07.ipynb", "study/tables/a.csv"]


def test_a_python_without_sphinx_8_is_refused():
    import sys

    with pytest.raises(UserError, match="requirements-sphinx.txt"):
        renderers.sphinx(sys.executable)  # Jupyter Book 1 has Sphinx 7
    with pytest.raises(UserError, match="is no-such-python"):
        renderers.sphinx("no-such-python")

"""Every page of the book in a browser without a network: light and dark, on a wide screen and on a phone."""

import functools
import importlib.util
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from tests.book import chromium
from tests.book.conftest import pages

AXE = importlib.util.find_spec("axe_core_python")
pytestmark = [pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium here: apt-get install chromium"),
              pytest.mark.skipif(AXE is None, reason="no axe-core here: pip install axe-core-python")]  # fmt: skip

SIDEWAYS = """
[...document.querySelectorAll(".bd-article *")].filter(e => !e.closest("svg, math") && e.getClientRects().length).filter(e => {
  const box = e.getBoundingClientRect(), scrolling = e.parentElement.closest(".srfp-scroll, .pst-scrollable-table-container");
  return box.width > 1 && box.right > document.documentElement.clientWidth + 1 && !scrolling;
}).map(e => e.outerHTML.slice(0, 100))"""
UNREACHED = """
[...document.querySelectorAll(".srfp-scroll, .pst-scrollable-table-container, pre")]
  .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1 && (e.tabIndex < 0 || getComputedStyle(e).backgroundImage == "none"))
  .map(e => e.outerHTML.slice(0, 100))"""
NAMELESS = """
[...document.querySelectorAll("img, svg[role=img], canvas")]
  .filter(e => e.closest(".bd-article") && !e.closest("[aria-hidden=true]") && !(e.getAttribute("alt") || e.getAttribute("aria-label") || "").trim())
  .map(e => e.outerHTML.slice(0, 100))"""
BROKEN = """[...document.images].filter(e => e.complete && !e.naturalWidth && e.getClientRects().length).map(e => e.src)"""
# What a drawing holds is named by its aria-label. The theme's own header, sidebar and footer are not ours.
VIOLATIONS = """
axe.run({include: [[".bd-article"]], exclude: [[".srfp-figure"]]}, {resultTypes: ["violations"], runOnly: RULES})
  .then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 150)}`))"""
HEAVY = 1_500_000  # bytes
# Rows and lines of code are alike: axe, which takes as long as all else, sees the first of each.
THINNED = """document.querySelectorAll("tbody tr:nth-child(n+6), pre .line, .highlight span:nth-of-type(n+8)").forEach(e => e.remove());
[...document.querySelectorAll(".bd-article pre")].slice(3).forEach(e => e.remove())"""
FULL = '{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}'
CONTRAST = '{type: "rule", values: ["color-contrast"]}'


@pytest.fixture(scope="module")
def seen(root, tmp_path_factory):
    """What is wrong with the book, by kind: "page: what" each."""
    found = {kind: [] for kind in ("errors", "requests", "sideways", "unreached", "nameless", "broken", "axe", "heavy", "pages")}
    with chromium.page(tmp_path_factory.mktemp("chromium")) as page:
        for file in sorted(pages(root)):
            page.wide(1280)
            page.open(file)
            note = functools.partial(noted, found, file.stem)
            visit(page, note)
            if file.parent.name != "rooms" or file.stem < "d":  # pages of the API are made alike: axe sees three
                search(page, note)
            found["pages"].append(file.stem)
    return found


def noted(found, page: str, kind: str, what) -> None:
    found[kind].extend(f"{page}: {one}" for one in what)


def visit(page, note) -> None:
    """Looks at a page that is open in both widths, and at what it loaded."""
    for pixels in (1280, 390):
        page.wide(pixels)
        page.run("dispatchEvent(new Event('resize'))")
        note("sideways", page.run(SIDEWAYS))
        note("unreached", page.run(UNREACHED))
    note("nameless", page.run(NAMELESS))
    note("broken", page.run(BROKEN))
    note("errors", errors(page.events))
    note("requests", requests(page.events))
    note("heavy", [f"{size / 1e6:.2f} MB"] if (size := weight(page.events)) > HEAVY else [])


def search(page, note) -> None:
    """Searches a page that is open for barriers, in both themes; it is thinned for that."""
    page.run(THINNED)
    axe = (Path(AXE.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
    page.run(f"{axe};0")
    note("axe", page.run(VIOLATIONS.replace("RULES", FULL)))
    page.run('document.documentElement.dataset.theme = "dark"')
    note("axe", [f"dark {one}" for one in page.run(VIOLATIONS.replace("RULES", CONTRAST))])


def errors(events) -> list[str]:
    """What the console calls an error, and exceptions."""
    logged = [e["params"] for e in events if e.get("method") in ("Runtime.consoleAPICalled", "Log.entryAdded", "Runtime.exceptionThrown")]
    kinds = [(p.get("type") or p.get("entry", {}).get("level") or "error", p) for p in logged]
    return [str(p)[:300] for kind, p in kinds if kind == "error"]


def requests(events) -> list[str]:
    """Requests that go elsewhere, or find nothing."""
    asked = [e["params"]["request"]["url"] for e in events if e.get("method") == "Network.requestWillBeSent"]
    lost = [e["params"].get("errorText", "") for e in events if e.get("method") == "Network.loadingFailed"]
    return [url[:200] for url in asked if not re.match("(file|data|blob):", url)] + lost


def weight(events) -> int:
    """The bytes of all files that a page loads."""
    asked = {e["params"]["request"]["url"] for e in events if e.get("method") == "Network.requestWillBeSent"}
    files = {Path(unquote(urlparse(url).path)) for url in asked if url.startswith("file:")}
    return sum(file.stat().st_size for file in files if file.is_file())


@pytest.mark.parametrize("kind", ["errors", "requests", "sideways", "unreached", "nameless", "broken", "axe", "heavy"])
def test_every_page_is_right(seen, kind):
    """``errors`` of the console, ``requests`` elsewhere, parts wider than the page that do not scroll (``sideways``), that scroll without a shade or
    the keyboard's focus (``unreached``), pictures without words (``nameless``) or without a file (``broken``), rules of axe,
    and files of more than 1.5 MB in all that a page loads (``heavy``)."""
    assert len(seen["pages"]) > 20
    assert not seen[kind], Counter(seen[kind]).most_common(10)

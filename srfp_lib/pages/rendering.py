"""What the book's pages need beyond Jupyter Book, as an extension of Sphinx: drawings in the theme's colours, formulas and icons without
megabytes, a line under each result that says how to get it and make it again."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import svg
from .card import card

TABLE = re.compile(r'<figure class="srfp-table[^>]*>.*?</figure>', re.S)
IMAGE = re.compile(r'<img alt="([^"]*)"[^>]* src="((?:\.\./)*_images/[^"]+\.svg)"[^>]*/>')
FIGURE = re.compile(r'(<div class="srfp-figure.*?</svg></div>)(\s*<figcaption>.*?</figcaption>\s*</figure>)?', re.S)
NOTHING = re.compile(  # of a sentence that a run has no cause to say
    r'<div class="cell [^"]*">\s*<div class="cell_output[^"]*">\s*<div class="output text_plain[^"]*"><div class="highlight">'
    r"<pre><span></span>\s*</pre></div>\s*</div>\s*</div>\s*</div>"
)
MADE = re.compile(r'<div class="srfp-box" data-made="([^"]*)" data-command="([^"]*)"')
SEARCH = re.compile(r'\s*<script src="[^"]*\b(?:searchtools|language_data|searchindex)\.js[^"]*"[^>]*></script>')
RULE = re.compile(r'\.fa-[a-z0-9-]+::?before(?:,\.fa-[a-z0-9-]+::?before)*\{(?:content|--fa):"[^"]*"\}')
ICON = re.compile(r'"?[a-z0-9-]+"?:\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')


def setup(app: Any) -> dict[str, bool]:
    """Registers the parts with Sphinx."""
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    app.connect("html-page-context", _page, priority=900)
    app.connect("build-finished", _lighter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _formula(writer: Any, node: Any) -> None:
    """A formula as MathML, which browsers draw by themselves."""
    from docutils.nodes import SkipNode, math_block
    from docutils.utils.math.latex2mathml import tex2mathml

    block = isinstance(node, math_block)
    tex = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", node.astext().strip())  # else 12 over what follows
    formula = tex2mathml(tex, as_block=block)
    formula = re.sub(r"&(?!(?:lt|gt|amp|quot);)\w+;", lambda found: html.unescape(found[0]), formula)  # an EPUB knows only these names
    writer.body.append(f'<div class="math srfp-scroll">{formula}</div>' if block else f'<span class="math">{formula}</span>')
    raise SkipNode


def _page(app: Any, name: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Completes a page: its results, and no scripts of Thebe, which Jupyter Book adds twice and nothing here uses."""
    files = context.get("script_files", [])
    context["script_files"] = [file for file in files if "thebe" not in f"{file} {getattr(file, 'attributes', '')}".lower()]
    if "body" in context and app.builder.name == "html":
        drawings = {target: Path(app.srcdir, source) for source, target in app.builder.images.items()}
        links = context["pathto"]("tables/", 1), lambda room: context["pathto"](f"api/rooms/{room}")
        body, shown = results(context["body"], drawings, *links, name.replace("/", "-"))
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')  # what a list holds, by its role
        context["metatags"] = context.get("metatags", "") + card(context.get("title", ""), body, name, app.config.html_title, app.config.html_baseurl)
        for file, text in shown.items():
            Path(app.outdir, "tables").mkdir(exist_ok=True)
            Path(app.outdir, "tables", file).write_text(text, encoding="utf-8")


def results(body: str, drawings: Mapping[str, Path], tables: str, rooms: Callable[[str], str], page: str) -> tuple[str, dict[str, str]]:
    """The body of a page with its drawings in it and a line under each figure and table, and the CSV files that these lines name.

    ``drawings`` are the pictures by the name that the book gives them; ``tables`` leads from the page to the folder of CSV files,
    ``rooms`` gives the page that describes a room's functions.
    """
    made, numbers = MADE.search(body), iter(range(1, 1000))
    lines = _Lines(tables, rooms, page, f"{made[1]} · <code>{made[2]}</code>" if made else "")
    chapter = re.match(r"notebooks-0*(\d+)_", page)
    if chapter:  # Sphinx counts through the book, where "Fig. 6" may be the paper's Figure 3
        body = re.sub('(?<=<span class="caption-number">)Fig. \\d+', lambda _: f"Figure {chapter[1]}.{next(numbers)}", body)
    body = IMAGE.sub(lambda found: _drawing(found, drawings, next(numbers)), NOTHING.sub("", body))
    return FIGURE.sub(lines.figure, TABLE.sub(lines.table, body)), lines.files


@dataclass
class _Lines:
    """The lines under a page's results. ``made`` says how the page was made; it is empty where no run made it, and then so are the lines."""

    tables: str
    rooms: Callable[[str], str]
    page: str
    made: str
    files: dict[str, str] = field(default_factory=dict)

    def table(self, found: re.Match[str]) -> str:
        """A table with its line; one that the run did not save becomes a file of the page."""
        own, by = (re.search(rf'<figure [^>]*data-{kind}="([^"]*)"', found[0]) for kind in ("csv", "by"))
        name = f"{own[1] if own else f'{self.page}-{len(self.files) + 1}'}.csv"
        if not own:
            self.files[name] = _csv(found[0])
        how = "read" if by and by[1].startswith("pages.") else "made"
        return found[0] + self._under(f'<a href="{self.tables}{name}" download>CSV</a>', how, by)

    def figure(self, found: re.Match[str]) -> str:
        """A drawing with its line, which stands below the caption if there is one."""
        file, by = (re.search(rf'data-{kind}="([^"]*)"', found[1]) for kind in ("svg", "by"))
        under = self._under(f'<a href="{file[1] if file else ""}" download>SVG</a>', "drawn", by)
        return found[1] + (found[2].removesuffix("</figure>") + under + "</figure>" if found[2] else under)

    def _under(self, link: str, how: str, by: re.Match[str] | None) -> str:
        """A file to download, the functions behind it with links to their modules' descriptions, and how the page was made."""
        functions = []
        for name in by[1].split() if by else ():
            module, room = name.rpartition(".")[0], name.partition(".")[0]
            anchor = "#" + re.sub("[._]", "-", module) if module != room else ""
            functions.append(f'<a href="{self.rooms(room)}{anchor}"><code>{name}</code></a>')
        parts = [link, *([f"{how} by {', '.join(functions)}"] if functions else []), self.made]
        return f'<p class="srfp-made">{" · ".join(parts)}</p>' if self.made else ""


def _drawing(found: re.Match[str], drawings: Mapping[str, Path], number: int) -> str:
    """The drawing that an ``img`` of the page shows."""
    file = drawings.get(found[2].rpartition("/")[2])
    if file is None:
        return found[0]
    text = file.read_text(encoding="utf-8")
    by = re.search(r"<dc:title>(.+?)</dc:title>", text)
    drawn, source = svg.themed(text, html.unescape(found[1]), f"f{number}"), f' data-by="{by[1]}"' if by else ""
    return f'<div class="srfp-figure srfp-scroll" data-svg="{found[2]}"{source}>{drawn}</div>'


def _csv(table: str) -> str:
    """A table of a page as CSV."""
    text = io.StringIO()
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.S):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
        csv.writer(text, lineterminator="\n").writerow([html.unescape(re.sub("<[^>]*>|\u2007", "", cell)).replace("\u00a0", " ") for cell in cells])
    return text.getvalue()


def _lighter(app: Any, error: Exception | None) -> None:
    """Adds the run's tables, and takes away what no page of the finished book asks for: icons, source maps, translations."""
    if error or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    if Path(app.srcdir, "tables").is_dir():
        shutil.copytree(Path(app.srcdir, "tables"), Path(app.outdir, "tables"), dirs_exist_ok=True)
    for path in (*static.rglob("*.map"), *static.rglob("fa-*.ttf"), *_translations(static, app.config.language or "en")):
        path.unlink()
    used = {name for page in Path(app.outdir).rglob("*.html") for name in _icons(page)}
    for path, icon in ((static / "scripts" / "fontawesome.js", ICON), (static / "styles" / "pydata-sphinx-theme.css", RULE)):
        if path.is_file():
            text = icon.sub(lambda found: found[0] if _names(found[0]) & used else "", path.read_text(encoding="utf-8"))
            path.write_text(text, encoding="utf-8")


def _icons(page: Path) -> list[str]:
    """The icons of a page, from which the index of all pages goes, unless it is that of the search."""
    text = page.read_text(encoding="utf-8")
    if page.name != "search.html" and (less := SEARCH.sub("", text)) != text:
        page.write_text(less, encoding="utf-8")
    return re.findall(r"\bfa-([a-z0-9-]+)", text)


def _translations(static: Path, language: str) -> Iterator[Path]:
    return (path for path in (static / "locales").rglob("*.*") if language not in path.parts)


def _names(icon: str) -> set[str]:
    """The name of an icon in Font Awesome's script or style sheet, and its other names."""
    if icon.startswith("."):
        return set(re.findall(r"\.fa-([a-z0-9-]+)", icon))
    name, _, rest = icon.partition(":")
    return {name.strip('"'), *re.findall(r'"([a-z0-9-]+)"', rest.partition("]")[0])}

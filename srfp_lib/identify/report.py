"""A report for people: one HTML page that needs nothing else, explains itself, and prints on paper."""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..common.errors import UserError
from ..pages import spelling
from . import words

Record = Mapping[str, Any]
STYLE = """
:root{color-scheme:light;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--known:#0072B2;--unknown:#D55E00;--plain:#009E73;--unsure:#777}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);background:#fff;
max-width:58rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.25rem;margin:0;overflow-wrap:anywhere}
h3{font-size:1rem;margin:1.2rem 0 .3rem}.soft{color:var(--soft)}article{border-top:3px solid var(--ink);margin-top:2.2rem;padding-top:1rem}
.verdict{display:inline-block;color:#fff;padding:.15rem .7rem;border-radius:.3rem;font-weight:600;margin:.4rem 0}
.known{background:var(--known)}.unknown{background:var(--unknown)}.plain{background:var(--plain)}.unsure{background:var(--unsure)}
.pair{display:flex;gap:1.2rem;flex-wrap:wrap;align-items:flex-start}.pair>*{flex:1 1 20rem;min-width:0}figure{margin:0}
figcaption{font-size:.85rem;color:var(--soft)}
svg{width:100%;height:auto;max-height:24rem;border:1px solid var(--line);background:#f6f8fa}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.25rem .5rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child,td:last-child{overflow-wrap:anywhere}
.wide{overflow-x:auto}.wide table{min-width:36rem}.wide td:first-child{overflow-wrap:normal}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{font-size:.85em;overflow-wrap:anywhere}li{margin:.2rem 0}
@media print{.wide{overflow:visible}.wide table{min-width:0}
body{margin:0;max-width:none;font-size:10.5pt}article{break-before:page;border:0;margin:0}article:first-of-type{break-before:auto}
h2,h3{break-after:avoid}figure,tr,.keep{break-inside:avoid}.verdict{-webkit-print-color-adjust:exact;print-color-adjust:exact}svg{max-height:14rem}}
"""
BEGINNING = "<!DOCTYPE html>\n"
CLASS = {"known": "known", "unknown": "unknown", "not super-resolved": "plain", "unsure": "unsure"}
COLOURS = {"network": "#0072B2", "second": "#E69F00", "other": "#D55E00", "photograph": "#009E73"}
LEGEND = {"network": "the network named first", "second": "another one of the candidates", "other": "some other network",
          "photograph": "no super-resolution"}  # fmt: skip


def check(path: Path, images: Sequence[Path]) -> None:
    """Raises UserError if the page cannot be written there, before images are judged for it."""
    if path.is_dir():
        raise UserError(f"'{path}' is a folder: name a file for the report, such as '{path / 'report.html'}'")
    if path.exists() and any(image.exists() and path.samefile(image) for image in images):
        raise UserError(f"the report would overwrite the image '{path}': give it another name")
    if path.exists() and not path.read_bytes().startswith(BEGINNING.encode()):
        raise UserError(f"'{path}' is there already and no report: name another file, such as report.html")
    folder = next(above for above in path.parents if above.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"the report '{path}' cannot be written in '{folder}': choose another folder")


def page(records: Sequence[Record], pictures: Sequence[np.ndarray | None], method: Mapping[str, Any]) -> str:
    """The page about several images. ``pictures``: their pixels, None where there are none; ``method``: what `words.method` tells."""
    title = f"Which network made {'this image' if len(records) == 1 else f'these {len(records)} images'}?"
    articles = "".join(_article(record, pixels) for record, pixels in zip(records, pictures, strict=True))
    return (
        f'{BEGINNING}<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head><body><header><h1>{_text(title)}</h1>"
        f'<p class="soft">{_text(words.made(method))}</p>{_paragraphs(words.INTRODUCTION)}{_index(records)}</header>'
        f"<main>{articles}{_method(method)}</main></body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


def _paragraphs(several: Sequence[str]) -> str:
    return "".join(f"<p>{_text(one)}</p>" for one in several)


def _index(records: Sequence[Record]) -> str:
    """What was found, an image a row, where there are several."""
    if len(records) < 2:
        return ""
    rows = [(r["file"], r.get("verdict", "not judged"), r.get("error") or r["in_words"]) for r in records]
    return _table(("file", "verdict", ""), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(f"<{tag}{' class=n' if i in numbers else ''}>{_text(value)}</{tag}>" for i, value in enumerate(values))

    top = f"<thead><tr>{cells('th', head)}</tr></thead>" if any(head) else ""
    body = "".join("<tr>" + cells("td", row) + "</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def _article(record: Record, pixels: np.ndarray | None) -> str:
    head = f"<article><h2>{_text(record['file'])}</h2>"
    if "error" in record:
        return f'{head}<p class="verdict unsure">not judged</p><p>{_text(record["error"])}</p></article>'
    verdict, warnings = record["verdict"], record["warnings"]
    doubts = f"<h3>Why this may be wrong</h3><ul>{''.join(f'<li>{_text(w)}</li>' for w in warnings)}</ul>" if warnings else ""
    return (
        f'{head}<p class="verdict {CLASS[verdict]}">{_text(verdict)}</p><p>{_text(record["in_words"])}</p>'
        f'<div class="pair"><div><h3>Candidates</h3>{_candidates(record)}{_parsed(record)}</div>{_map(record, pixels)}</div>'
        f"<h3>How strong is the evidence?</h3><p>{_text(words.evidence(record))}</p>{doubts}"
        f"<h3>Would it be judged alike after a mild change?</h3><p>{_text(words.stability(record))}</p>{_deliveries(record)}"
        f'<div class="keep"><h3>The file</h3>{_table(("", ""), words.facts(record))}</div></article>'
    )


def _candidates(record: Record) -> str:
    rows = [(c["model_id"], words.percent(c["probability"]), f"{c['log10_lr']:+.1f}") for c in record["candidates"]]
    plain = ", ".join(f"{name} {words.percent(p)}" for name, p in record["not_super_resolved"].items())
    table = _table(("if one of the list made it", "probability", "log10 LR"), rows, (1, 2))
    return f'{table}<p class="soft">Among networks and what is no network&#8217;s work, all as likely at the outset: {_text(plain)}.</p>'


def _parsed(record: Record) -> str:
    kinds = record["parsed"]
    rows = [
        (what, ", ".join(f"{_kind(what, name)}: {words.percent(p)}" for name, p in values.items() if p >= 0.05)) for what, values in kinds.items()
    ]
    return f"<h3>If a network made it: which kind?</h3>{_table(('', ''), rows)}"


def _kind(what: str, name: str) -> str:
    return f"{name}X" if what == "scale" else spelling.words(name)


def _deliveries(record: Record) -> str:
    rows = [(delivery, verdict) for delivery, verdict in record["stability"]["verdicts"].items()]
    return _table(("delivered as", "judged"), rows)


def _map(record: Record, pixels: np.ndarray | None) -> str:
    """The image with a square for each crop, coloured by its vote."""
    if pixels is None:
        return ""
    height, width, _ = pixels.shape
    squares = "".join(
        f'<rect x="{c["left"]}" y="{c["top"]}" width="{c["side"]}" height="{c["side"]}" fill="{COLOURS[c["vote"]]}" fill-opacity=".25" '
        f'stroke="{COLOURS[c["vote"]]}" stroke-width="{max(width, height) / 250:.1f}"><title>{_text(c["first"])}</title></rect>'
        for c in record["map"]
    )
    seen = [vote for vote in LEGEND if any(c["vote"] == vote for c in record["map"])]
    legend = "; ".join(f'<span style="color:{COLOURS[v]}">■</span> {_text(LEGEND[v])}: {sum(c["vote"] == v for c in record["map"])}' for v in seen)
    return (
        f'<figure><h3>Votes over the image</h3><svg viewBox="0 0 {width} {height}" role="img" aria-label="The image with the squares that were '
        f'looked at, coloured by their votes"><image href="{_data(pixels)}" width="{width}" height="{height}"/>{squares}</svg>'
        f"<figcaption>{legend}. Each square alone is a weak witness; the verdict comes from all of them.</figcaption></figure>"
    )


def _data(pixels: np.ndarray, most: int = 640) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((most, most))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _method(method: Mapping[str, Any]) -> str:
    rates = "".join(
        f"<h3>{'As it is' if way == 'png' else f'As {way}'}</h3>"
        f'<div class="wide" tabindex="0" role="region" aria-label="Rates, {_text(way)}">{_table(("images of", *words.ASKED.values()), rows)}</div>'
        for way, rows in words.rates(method).items()
    )
    about = (f"Rates on test photographs of this workspace with 95 % intervals, by how an image was delivered. Among the first three, chance is "
             f"{words.chance(method)}.")  # fmt: skip
    return (
        f"<article><h2>Method and error rates</h2>{_paragraphs([*words.method(method), about])}{rates}"
        f"<h3>Words</h3><ul>{''.join(f'<li>{_text(one)}</li>' for one in words.WORDS)}</ul>"
        f'<p class="soft">{_text(words.versions(method))}</p></article>'
    )

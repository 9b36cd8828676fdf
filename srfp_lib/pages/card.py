"""What other sites show of a link to a page of the book: its title, its question or first sentence, and a picture."""

from __future__ import annotations

import html
import re

LONGEST = 200  # characters; sites cut longer descriptions
PICTURE = "_static/stills/blink.png"


def card(title: str, body: str, page: str, book: str, address: str = "") -> str:
    """The tags of a page of a ``book`` for the Open Graph protocol; url and picture, which must be absolute, where it has an ``address``.

    >>> print(card("1. A <em>b</em>", "<h1>1. A b</h1><p><strong>Question.</strong> Why &amp; how?</p>", "notebooks/01", "The book"))
    <meta property="og:type" content="article" />
    <meta property="og:site_name" content="The book" />
    <meta property="og:title" content="1. A b" />
    <meta property="og:description" content="Question. Why &amp; how?" />
    <meta name="description" content="Question. Why &amp; how?" />
    """
    first = re.search(r"<p>(.*?)</p>", body, re.S)
    said = _text(first[1]) if first else _text(title)
    said = said if len(said) <= LONGEST else said[:LONGEST].rsplit(" ", 1)[0] + " …"
    tags = {"og:type": "article", "og:site_name": book, "og:title": _text(title), "og:description": said}
    if address:
        tags |= {"og:url": f"{address.rstrip('/')}/{page}.html", "og:image": f"{address.rstrip('/')}/{PICTURE}"}
    lines = [f'<meta property="{name}" content="{html.escape(text)}" />' for name, text in tags.items()]
    return "\n".join([*lines, f'<meta name="description" content="{html.escape(said)}" />'])


def _text(marked: str) -> str:
    return html.unescape(" ".join(re.sub("<[^>]*>", "", marked).split()))

"""Names of other people's files: they may hold anything, and are shown as text, never as formulas, HTML or Markdown."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

LONGEST = 200  # bytes of a name; file systems allow 255, and names of tiles are longer
REPLACEMENT = "\ufffd"
DOLLAR = "<span>&#36;</span>"  # nothing takes it for the begin of a formula


def legible(name: str) -> str:
    """A file's name as text that can be written anywhere: for undecodable bytes and control characters it has U+FFFD.

    >>> legible("caf\\udce9\\n.png").count(REPLACEMENT)
    2
    """
    return "".join(REPLACEMENT if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in name)


def unique(names: Iterable[str]) -> list[str]:
    """The names, with .2, .3, ... where one repeats another; case and Unicode form do not count, as some file systems see neither.

    >>> unique(["q", "q", "q.2", "Q"])
    ['q', 'q.3', 'q.2', 'Q.4']
    """
    names = [name.encode()[:LONGEST].decode(errors="ignore") for name in names]
    taken, seen, found = {key(name) for name in names}, set(), []
    for name in names:
        own, number = name, 2
        if key(name) in seen:
            while key(own := f"{name}.{number}") in taken:
                number += 1
        taken.add(key(own))
        seen.add(key(own))
        found.append(own)
    return found


def key(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def in_html(text: str) -> str:
    """Text for HTML.

    >>> in_html("5$ < 6$")
    '5<span>&#36;</span> &lt; 6<span>&#36;</span>'
    """
    return html.escape(text).replace("$", DOLLAR)


def in_markdown(text: str) -> str:
    """Text for Markdown.

    >>> in_markdown("a_1 *b*")
    'a&#95;1 &#42;b&#42;'
    """
    return re.sub(r"[^\w\s]|_", lambda found: DOLLAR if found[0] == "$" else f"&#{ord(found[0])};", text)


def in_figure(text: str) -> str:
    """Text for a figure: no formula, and U+FFFD for what the book's font lacks.

    >>> in_figure("$5") == r"\\$5", in_figure("\\u7f8e") == "\\ufffd"
    (True, True)
    """
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    return "".join(c if font.get_char_index(ord(c)) else REPLACEMENT for c in text).replace("$", r"\$")

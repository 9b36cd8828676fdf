"""What a chapter puts on its page beside tables: figures that carry their alt text, sentences, and the closing box."""

from __future__ import annotations

import base64
import html
import io
import time
from collections.abc import Sequence
from typing import Any

from ..profiles import Profile
from ..workflow.receipts import Receipt
from .spelling import words

STARTED = time.monotonic()  # of the notebook's kernel, near enough: the chapter's first import


class Shown:
    """A figure for the page: a PNG file's content and, of a drawing, an SVG file's, which the book prefers.

    Its alt text travels in the output's metadata; the runner moves it to the cell's.
    """

    def __init__(self, png: bytes, alt: str, svg: str = "") -> None:
        self.png, self.alt, self.svg = png, alt, svg

    @classmethod
    def drawn(cls, figure: Any, alt: str) -> Shown:
        """A matplotlib figure of a page that leaves no files."""
        import matplotlib as mpl

        png, svg = io.BytesIO(), io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": "srfp", "svg.fonttype": "none"}):
            figure.savefig(png, format="png", metadata={"Software": None})
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Title": str(figure.get_label())})
        return cls(png.getvalue(), alt, svg.getvalue().decode())

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        content = {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.alt}
        return content | ({"image/svg+xml": self.svg} if self.svg else {}), {"srfp": {"alt": self.alt}}


class Text:
    """Markdown with computed numbers."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_markdown_(self) -> str:
        return words(self.markdown) or " "  # an empty one would make Jupyter show the object instead

    def __repr__(self) -> str:
        return self.markdown


class Box:
    """The box that ends a chapter; ``receipts`` are those of the jobs that it rests on; without any it shows kept tables."""

    def __init__(self, chapter: str, profile: Profile | None = None, receipts: Sequence[Receipt] = ()) -> None:
        self.rows, self.made = {"Time": f"{time.monotonic() - STARTED:.0f} s for this page"}, "from tables kept in the repository"
        if profile and not receipts:  # nothing of this run is on the page, so its profile is not to be cited for it
            self.rows["Made from"] = "tables kept in the repository, in data/reference"
        elif profile:
            last, work = max(receipts, key=lambda r: r.finished), sum(r.seconds for r in receipts)
            self.made = f"profile {profile.name}, seed {profile.master_seed}, {work:.0f} s of work"
            self.rows = {
                "Profile": f"{profile.name}, master seed {profile.master_seed}",
                "Device": last.machine,
                "Time": f"{self.rows['Time']}; {work:.0f} s of work in the {len(receipts)} job{'' if len(receipts) == 1 else 's'} it rests on",
                "Memory": f"at most {max(r.peak_megabytes for r in receipts)} MB in one process",
                "Versions": ", ".join(f"{k} {v}" for k, v in last.versions.items()),
            }
        self.command = f"python -m srfp_lib run --chapters {chapter}"

    def _repr_html_(self) -> str:
        rows = "".join(f'<tr><th scope="row">{name}</th><td>{html.escape(text)}</td></tr>' for name, text in self.rows.items())
        rows += f'<tr><th scope="row">This chapter again</th><td><code>{self.command}</code></td></tr>'
        data = f'data-made="{html.escape(self.made)}" data-command="{self.command}"'
        return f'<div class="srfp-box" {data}><p>How this page was made</p><div class="srfp-scroll"><table>{rows}</table></div></div>'

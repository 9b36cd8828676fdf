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

STARTED = time.monotonic()  # of the notebook's kernel, near enough: the chapter's first import


class Shown:
    """A figure for the page, a PNG file's content. Its alt text travels in the output's metadata; the runner moves it to the cell's."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    @classmethod
    def drawn(cls, figure: Any, alt: str) -> Shown:
        """A matplotlib figure of a page that leaves no files."""
        png = io.BytesIO()
        figure.savefig(png, format="png", metadata={"Software": None})
        return cls(png.getvalue(), alt)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        content = base64.b64encode(self.png).decode()
        return {"image/png": content, "text/plain": self.alt}, {"srfp": {"alt": self.alt}}


class Text:
    """Markdown with computed numbers."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_markdown_(self) -> str:
        return self.markdown or " "  # an empty one would make Jupyter show the object instead

    def __repr__(self) -> str:
        return self.markdown


class Box:
    """The box that ends a chapter; ``receipts`` are those of the jobs that it rests on, if it rests on any at a profile."""

    def __init__(self, chapter: str, profile: Profile | None = None, receipts: Sequence[Receipt] = ()) -> None:
        self.rows = {"Time": f"{time.monotonic() - STARTED:.0f} s for this page"}
        if profile:
            last = max(receipts, key=lambda r: r.finished, default=None)
            self.rows = {
                "Profile": f"{profile.name}, master seed {profile.master_seed}",
                "Device": last.machine if last else "–",
                "Time": f"{self.rows['Time']}; {sum(r.seconds for r in receipts):.0f} s of work in the {len(receipts)} jobs it rests on",
                "Largest process": f"{max((r.peak_megabytes for r in receipts), default=0)} MB",
                "Versions": ", ".join(f"{k} {v}" for k, v in last.versions.items()) if last else "–",
            }
        self.rows["Alone"] = f"<code>python -m srfp_lib run --chapters {chapter}</code>"

    def _repr_html_(self) -> str:
        rows = "".join(f'<tr><th scope="row">{k}</th><td>{v if k == "Alone" else html.escape(v)}</td></tr>' for k, v in self.rows.items())
        return f'<div class="srfp-box"><p>How this page was made</p><table>{rows}</table></div>'

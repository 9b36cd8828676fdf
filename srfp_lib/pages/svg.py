"""Drawings of matplotlib as part of a page: its text and lines take the theme's colours, its data colours stay as they are."""

from __future__ import annotations

import html
import re

# What matplotlib writes -> what the theme has; the hues are those of `srfp_lib.figures`, lighter on dark pages (book.css).
COLOURS = {
    "#000000": "currentColor", "#ffffff": "var(--pst-color-background)", "#e6e6e6": "var(--srfp-grid)", "#cccccc": "var(--srfp-grid)",
    "#ededed": "var(--srfp-none)", "#0072b2": "var(--srfp-blue)", "#d55e00": "var(--srfp-red)", "#777777": "var(--srfp-grey)",
    "#7f7f7f": "var(--srfp-grey)", "#808080": "var(--srfp-grey)",
}  # fmt: skip
FONT = re.compile(r"font-family: [^;\"]*;? ?|font: ((?:\w+ )*[\d.]+px) [^;\"]*")


def themed(svg: str, alt: str, prefix: str) -> str:
    """A drawing for the body of a page, in colours of the page, with ``alt`` as its name; ``prefix`` keeps the ids of several apart.

    >>> figure = '<svg width="72pt" height="36pt" viewBox="0 0 72 36"><g id="patch_1"><path d="M 0 1.23456 \\nz" style="fill: #000000"/></g></svg>'
    >>> print(themed(figure, "A & B", "f1"))
    <svg style="--w: 96" viewBox="0 0 72 36" role="img" aria-label="A &amp; B"><g><path d="M 0 1.23 z" style="fill: currentColor"/></g></svg>
    """
    text = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>", "", svg, flags=re.S)
    text = re.sub(r' id="[a-zA-Z.]+(?:2d)?_\d+"', "", text)  # figure_1, line2d_1, QuadMesh_1 ...: nothing refers to them
    text = re.sub(r'( id="|href="#|url\(#)([\w-]+)', rf"\1{prefix}-\2", text)
    text = re.sub(r' d="([^"]*)"', lambda found: f' d="{_shorter(found[1])}"', text)
    text = text.replace('style="fill: #ffffff"/>', 'style="fill: none"/>')  # sheets: what lies below a drawing may show
    text = re.sub(r"(fill|stroke): (#[0-9a-f]{6})", lambda found: f"{found[1]}: {COLOURS.get(found[2], found[2])}", text)
    text = re.sub(r"<text [^>]*>", lambda found: found[0].replace(COLOURS["#ffffff"], "#ffffff"), text)  # it stands on a colour of the data
    text = FONT.sub(lambda found: f"font-size: {found[1].split()[-1]}" if found[1] else "", text)
    width = re.search(r'<svg[^>]* width="([\d.]+)pt"', text)
    name = f'role="img" aria-label="{html.escape(alt)}"'
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'style="--w: {float(width[1]) / 0.75 if width else 640:.0f}"', text, count=1)
    text = re.sub(r' xmlns="[^"]*"| version="1.1"', "", text, count=2)
    return re.sub(r"\s*\n\s*", "\n", text).replace(">", f" {name}>", 1).strip()


def _shorter(path: str) -> str:
    """A path with coordinates to a hundredth of a point."""
    return " ".join(re.sub(r"(\.\d\d)\d+", r"\1", path).split())

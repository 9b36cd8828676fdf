"""Pixels and patterns as text that a script can carry, and still pictures as PNG files."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

GAP = 8  # pixels between the pictures of a sheet


def script(name: str, data: Any) -> bytes:
    """A script that hands data to the component of that name; a page opened as a file may not fetch JSON.

    >>> script("ratio", {"a": [1, 2]})
    b'explore.data.ratio = {"a":[1,2]};\\n'
    """
    return f"explore.data.{name} = {json.dumps(data, separators=(',', ':'), ensure_ascii=False)};\n".encode()


def webp(pixels: UInt8[np.ndarray, "h w 3"]) -> str:
    """An image as a data URL, without loss."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=100, method=6)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def small(values: Float[np.ndarray, "*shape"]) -> dict[str, Any]:
    """Numbers as signed bytes and the factor that gives them back, to 1/254 of the largest.

    >>> small(np.array([1.0, -2.0]))
    {'factor': 0.015748, 'bytes': 'QIE='}
    """
    factor = max(float(np.abs(values).max()) / 127, 1e-6)
    return {"factor": round(factor, 6), "bytes": base64.b64encode(np.rint(values / factor).clip(-127, 127).astype(np.int8).tobytes()).decode()}


def sheet(rows: Sequence[Sequence[UInt8[np.ndarray, "_ _ 3"]]], side: int) -> bytes:
    """A PNG file of pictures in rows, each a square of ``side`` pixels, enlarged without smoothing."""
    width = max(map(len, rows)) * (side + GAP) - GAP
    page = Image.new("RGB", (width, len(rows) * (side + GAP) - GAP), "white")
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            page.paste(Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST), (j * (side + GAP), i * (side + GAP)))
    file = io.BytesIO()
    page.save(file, "PNG", optimize=True)
    return file.getvalue()


def grey(values: Float[np.ndarray, "h w 3"], gain: float) -> UInt8[np.ndarray, "h w 3"]:
    """Numbers around zero as colours around grey.

    >>> grey(np.full((1, 1, 3), -2.0), 10.0).ravel().tolist()
    [108, 108, 108]
    """
    return (128 + gain * values).round().clip(0, 255).astype(np.uint8)

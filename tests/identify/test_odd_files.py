"""Thirty-odd odd or damaged files: each is judged or refused in a sentence, and none stops the others."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from srfp_lib.common.errors import UserError
from srfp_lib.identify import reading, report
from srfp_lib.identify.reading import UnreadableError

from .conftest import made_by

PIXELS = made_by("EDSR-div2k-x2-L1-s1", 99)


def saved(image: Image.Image | np.ndarray, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, kind, **how)
    return file.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that promises side x side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(PIXELS, "JPEG", quality=95, exif=exif)


RGB = Image.fromarray(PIXELS)
GREY = RGB.convert("L")
PNG, JPEG = saved(PIXELS, "PNG"), saved(PIXELS, "JPEG", quality=80)
FINE = {
    "plain.png": PNG, "quality 80.jpg": JPEG, "progressive.jpg": saved(PIXELS, "JPEG", progressive=True, subsampling=2),
    "lossy.webp": saved(PIXELS, "WEBP", quality=80), "lossless.webp": saved(PIXELS, "WEBP", lossless=True), "b.bmp": saved(PIXELS, "BMP"),
    "t.tiff": saved(PIXELS, "TIFF"), "grey.png": saved(GREY, "PNG"), "one bit.png": saved(GREY.convert("1"), "PNG"),
    "16 bits.png": saved(Image.fromarray(np.asarray(GREY, np.uint16) * 257), "PNG"), "16 bits.tif": saved(Image.fromarray(
        np.asarray(GREY, np.uint16) * 257), "TIFF"),
    "alpha.png": saved(RGB.convert("RGBA"), "PNG"), "grey and alpha.png": saved(GREY.convert("LA"), "PNG"),
    "palette.png": saved(RGB.quantize(64), "PNG"), "transparent palette.gif": saved(RGB.quantize(64), "GIF", transparency=3),
    "animated.gif": saved(RGB, "GIF", save_all=True, append_images=[RGB.rotate(180)]), "cmyk.jpg": saved(RGB.convert("CMYK"), "JPEG"),
    "cmyk.tif": saved(RGB.convert("CMYK"), "TIFF"), "turned.jpg": turned(), "a png.jpg": PNG, "no suffix": PNG, "Zürich 图.png": PNG,
    "wide.png": saved(np.tile(PIXELS, (1, 40, 1)), "PNG"),
    "dark.png": saved(PIXELS // 12, "PNG"), "flat.png": saved(np.full_like(PIXELS, 200), "PNG"),
    "small.png": saved(PIXELS[:36, :36], "PNG"),
}  # fmt: skip
REFUSED = {
    "empty.png": (b"", "is empty"), "text.png": (b"hello", "no image that Pillow knows"), "page.jpg": (b"<html></html>", "no image"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image"), "half.png": (PNG[: len(PNG) // 2], "cannot be decoded"),
    "half.jpg": (JPEG[: len(JPEG) // 2], "cannot be decoded"), "header.png": (PNG[:40], "cannot be decoded"),
    "bomb.png": (bomb(60_000), "more than 100,000,000"), "dot.png": (saved(PIXELS[:1, :1], "PNG"), "1 x 1 pixels"),
    "line.png": (saved(PIXELS[:16], "PNG"), "at least 32"), "float.tif": (saved(Image.fromarray(np.ones((64, 64), np.float32)), "TIFF"), "32-bit"),
    "noise.png": (PNG[:8] + np.random.default_rng(0).bytes(500), "cannot be decoded"), "archive.png": (b"PK\x03\x04" + bytes(99), "no image"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name, content in FINE.items():
        (tmp_path / name).write_bytes(content)
    for name, (content, _) in REFUSED.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_good_ones_are_judged_and_the_others_refused_in_a_sentence(folder, examiner):
    files = [folder / name for name in (*FINE, *REFUSED)]
    found = {record["file"].rpartition("/")[2]: record for record, _ in examiner.examine(files)}
    assert found.keys() == {*FINE, *REFUSED}
    for name in FINE:
        assert found[name]["verdict"] in ("known", "unknown", "not super-resolved", "unsure"), found[name]
        assert re.fullmatch("[0-9a-f]{64}", found[name]["sha256"])
        json.dumps(found[name], allow_nan=False)
    for name, (_, sentence) in REFUSED.items():
        assert sentence in found[name]["error"] and "\n" not in found[name]["error"], found[name]
    said = {name: " ".join(record.get("warnings", [])) for name, record in found.items()}
    assert "quality of about 80" in said["quality 80.jpg"] and "first frame" in said["animated.gif"] and "turned" in said["turned.jpg"]
    assert "16 bits" in said["16 bits.png"] and "CMYK" in said["cmyk.jpg"] and "transparency" in said["alpha.png"]
    assert "dark" in said["dark.png"] and "flat" in said["flat.png"]
    assert found["flat.png"]["verdict"] == "unsure" and "flat" in found["flat.png"]["reason"]
    assert found["small.png"]["verdict"] == "unsure" and "smaller" in found["small.png"]["reason"]


def test_what_is_no_file_is_refused(tmp_path):
    for path, sentence in (
        (tmp_path / "missing.png", "does not exist"),
        (tmp_path, "is no file"),
        (tmp_path / "a\0b", "does not exist|no file can have"),
    ):
        with pytest.raises(UnreadableError, match=sentence):
            reading.opened(path)


def test_of_a_folder_the_image_files_are_taken(folder):
    names = {path.name for path in reading.found([folder])}
    assert names == {*FINE, *REFUSED} - {"no suffix", "drawing.svg"}


def test_a_folder_without_images_is_named(folder):
    (folder / "none").mkdir()
    with pytest.raises(UserError, match="none' holds no image"):
        reading.found([folder, folder / "none"])


def test_a_report_is_refused_before_anything_is_judged(tmp_path):
    image, link = tmp_path / "a.png", tmp_path / "b.png"
    image.write_bytes(PNG)
    link.symlink_to(image)
    for path, sentence in ((tmp_path, "is a folder"), (image, "overwrite"), (link, "overwrite"), (image / "r.html", "choose another")):
        with pytest.raises(UserError, match=sentence):
            report.check(path, [tmp_path / "missing.png", image])
    report.check(tmp_path / "new" / "r.html", [image])
    mine, old = tmp_path / "profile.json", tmp_path / "old.html"
    mine.write_text("{}")
    old.write_text(report.BEGINNING)
    with pytest.raises(UserError, match=r"profile.json' is there already and no report"):
        report.check(mine, [image])
    report.check(old, [image])


def test_a_large_image_is_sampled(tmp_path, examiner):
    Image.fromarray(np.tile(PIXELS, (30, 40, 1))).save(tmp_path / "large.png", compress_level=1)
    record, _ = examiner.one(tmp_path / "large.png")
    assert len(record["map"]) <= 16 and record["height"] == 64 * 30

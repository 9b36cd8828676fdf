"""Image files of every kind become 8-bit RGB, or are named with the reason."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from srfp_lib.photos.reading import UnreadableError, read, size

RGB = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def saved(tmp_path, image, name, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def test_rgb_is_unchanged(tmp_path):
    pixels, note = read(saved(tmp_path, Image.fromarray(RGB), "a.png"))
    assert np.array_equal(pixels, RGB) and note == ""


def test_grey_is_repeated(tmp_path):
    pixels, note = read(saved(tmp_path, Image.fromarray(RGB[..., 0]), "a.png"))
    assert (pixels == RGB[..., :1]).all() and "converted from L" in note


def test_palette_keeps_its_colours(tmp_path):
    image = Image.fromarray(RGB).quantize(16)
    pixels, note = read(saved(tmp_path, image, "a.png"))
    assert np.array_equal(pixels, np.asarray(image.convert("RGB"))) and "converted from P" in note


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(tmp_path, mode):
    image = Image.new(mode, (8, 8), 0)  # black and fully transparent
    pixels, note = read(saved(tmp_path, image, "a.png"))
    assert (pixels == 255).all() and "white" in note


def test_a_transparent_palette_is_laid_on_white(tmp_path):
    image = Image.new("P", (8, 8), 0)
    pixels, _ = read(saved(tmp_path, image, "a.png", transparency=0))
    assert (pixels == 255).all()


def test_cmyk_is_converted(tmp_path):
    pixels, note = read(saved(tmp_path, Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "a.tif"))
    assert (pixels == 255).all() and "CMYK" in note


def test_16_bits_are_divided_by_257(tmp_path):
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    pixels, note = read(saved(tmp_path, Image.fromarray(levels), "a.png"))
    assert np.array_equal(pixels[..., 0].ravel(), np.arange(256)) and "16 bits" in note


@pytest.mark.parametrize(("orientation", "quarters"), [(6, -1), (3, 2)])  # of a turn, clockwise
def test_exif_orientation_is_applied(orientation, quarters, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels, note = read(saved(tmp_path, Image.fromarray(RGB), "a.png", exif=exif))
    assert np.array_equal(pixels, np.rot90(RGB, quarters)) and "EXIF" in note


def test_of_an_animation_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    pixels, note = read(saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:]))
    assert pixels[0, 0].tolist() == [255, 0, 0] and "first frame" in note


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_damaged_files_are_named(tmp_path, damage):
    path = saved(tmp_path, Image.fromarray(RGB), "a.png")
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "text": b"no image"}[damage])
    with pytest.raises(UnreadableError, match="cannot be decoded"):
        read(path)


def test_decompression_bombs_are_refused(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(RGB), "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(UnreadableError):
        read(path)


def test_16_bits_of_colour_lose_their_lower_eight_and_that_is_noted(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), RGB[..., ::-1].astype(np.uint16) * 256 + 255)
    pixels, note = read(tmp_path / "a.png")
    assert np.array_equal(pixels, RGB) and note == "16 bits cut to 8"


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_32_bits_have_no_known_range(tmp_path, kind):
    path = saved(tmp_path, Image.fromarray(np.ones((8, 8), kind)), "a.tif")
    with pytest.raises(UnreadableError, match="no known range: save it with 8 or 16 bits"):
        read(path)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(path):
    header = struct.pack(">IIBBBBB", 20000, 10000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


def damaged_tiff(path):
    Image.fromarray(RGB).save(path, "TIFF")
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", len(content) - 3)  # the directory lies behind the end
    path.write_bytes(content)


def empty_tiff(path):
    path.write_bytes(b"II*\x00\x08\x00\x00\x00" + b"\x00" * 6)


def odd_resolution(path):
    """EXIF with XResolution of type BYTE."""
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", 2) + struct.pack("<HHII", 0x011A, 1, 1, 72) + struct.pack("<HHII", 0x0128, 3, 1, 2)
    Image.fromarray(RGB).save(path, "JPEG", exif=b"Exif\x00\x00" + tiff + b"\x00" * 4)
    content = path.read_bytes()  # without JFIF's own resolution Pillow looks for that of EXIF
    start = content.index(b"\xff\xe1")
    path.write_bytes(content[:2] + content[start:])


@pytest.mark.parametrize("make", [bomb, damaged_tiff, empty_tiff, odd_resolution])
def test_a_picture_that_makes_pillow_raise_is_read_or_named(tmp_path, make):
    """Neither by its header nor by its pixels does it raise anything else."""
    make(tmp_path / "a.png")
    outcomes = []
    for look in (read, size):
        try:
            outcomes.append(look(tmp_path / "a.png"))
        except UnreadableError as error:
            assert str(error) and "/" not in str(error)
            outcomes.append(str(error))
    if make is bomb:
        assert outcomes == ["more than 100,000,000 pixels"] * 2


def test_an_animation_that_is_cut_anywhere_is_read_or_named(tmp_path):
    frames = [Image.fromarray(RGB + np.uint8(i)) for i in range(3)]
    content = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:]).read_bytes()
    outcomes = []
    for end in range(700, len(content), 41):
        (tmp_path / "b.gif").write_bytes(content[:end])
        try:
            outcomes.append(read(tmp_path / "b.gif")[0].shape)
        except UnreadableError as error:
            outcomes.append(str(error))
    assert (20, 30, 3) in outcomes and any("IndexError" in str(outcome) for outcome in outcomes)


@pytest.mark.parametrize(
    "error", [struct.error("x"), TypeError("x"), EOFError(), MemoryError(), KeyError(65), AttributeError("x"), OSError(5, "EIO")]
)
def test_whatever_pillow_raises_is_a_reason(tmp_path, monkeypatch, error):
    def failing(self):
        raise error

    path = saved(tmp_path, Image.fromarray(RGB), "a.png")
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", failing)
    with pytest.raises(UnreadableError, match=r"cannot be decoded \(.+\)"):
        read(path)

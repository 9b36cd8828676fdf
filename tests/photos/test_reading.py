"""Image files of every kind become 8-bit RGB, or are named with the reason."""

import numpy as np
import pytest
from PIL import Image

from srfp_lib.photos.reading import UnreadableError, read

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


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    pixels, note = read(saved(tmp_path, Image.fromarray(RGB), "a.png", exif=exif))
    assert np.array_equal(pixels, np.rot90(RGB, -1)) and "EXIF" in note


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

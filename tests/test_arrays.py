"""Arrays that are written item by item are NumPy's own files; what is damaged is named."""

import io

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.images.arrays import ArrayFile, read_images, sizes_beside


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write(file, items):
    with file:
        for item in items:
            file.add(item)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in ((4, 7), (5, 3), (6, 6))]


def test_tiles_have_the_bytes_of_numpys_file(tmp_path, tiles):
    write(ArrayFile(tmp_path / "a.npy", 6, (48, 48, 3)), tiles)
    assert (tmp_path / "a.npy").read_bytes() == saved(tiles)
    assert np.array_equal(read_images(tmp_path / "a.npy"), tiles)


def test_images_of_any_size_lie_one_after_another(tmp_path, images):
    write(ArrayFile(tmp_path / "a.npy", 3), images)
    assert (tmp_path / "a.npy").read_bytes() == saved(np.concatenate([image.ravel() for image in images]))
    found = read_images(tmp_path / "a.npy")
    assert len(found) == 3 and all(np.array_equal(a, b) for a, b in zip(found, images, strict=True))


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4), np.uint8)])
def test_what_is_no_8_bit_image_is_refused(tmp_path, bad):
    with pytest.raises(ValueError, match="does not fit"):
        write(ArrayFile(tmp_path / "a.npy", 1), [bad])


def test_too_few_and_too_many_images_are_refused(tmp_path, images):
    with pytest.raises(ValueError, match="1 images are missing"):
        write(ArrayFile(tmp_path / "a.npy", 4), images)
    with pytest.raises(ValueError, match="0 to come"):
        write(ArrayFile(tmp_path / "a.npy", 2), images)


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


DAMAGE = {
    "cut": cut,
    "emptied": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "sizes cut": lambda path: cut(sizes_beside(path)),
    "sizes gone": lambda path: sizes_beside(path).unlink(),
    "sizes of others": lambda path: np.save(sizes_beside(path), np.array([[4, 7], [5, 3]])),
    "another shape": lambda path: np.save(path, np.zeros((3, 79), np.uint8)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_sentence(tmp_path, images, damage):
    write(ArrayFile(tmp_path / "a.npy", 3), images)
    DAMAGE[damage](tmp_path / "a.npy")
    with pytest.raises(UserError, match=r"^'.*' is damaged \(.*\): delete it and its receipt, and the same command makes it again$"):
        read_images(tmp_path / "a.npy")

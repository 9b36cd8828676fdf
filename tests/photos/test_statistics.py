"""What is counted of a photograph equals scikit-image's and Pillow's."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2gray
from skimage.measure import shannon_entropy

from srfp_lib import photos, program
from srfp_lib.photos import statistics
from srfp_lib.profiles import DEMO, SMOKE
from srfp_lib.study import Study
from tests.conftest import hurried


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8) // np.array([1, 4, 16], np.uint8)


def test_bits_are_those_of_a_file(pixels, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "p.png")
    assert statistics.png_bits_per_pixel(pixels) == 8 * (tmp_path / "p.png").stat().st_size / 2400


def test_entropy_is_of_the_grey_histogram(pixels):
    grey = np.round(255 * rgb2gray(pixels)).astype(np.uint8)
    assert statistics.grey_entropy(pixels) == pytest.approx(shannon_entropy(grey), abs=1e-9)


@pytest.mark.slow
def test_a_row_a_photograph_and_none_of_a_drawing():
    rows = {row["photograph"]: row for row in statistics.rows(DEMO.photographs, master_seed=1)}
    table = photos.load(DEMO.photographs, master_seed=1).photographs.set_index("photograph")
    assert set(rows) == set(table.index[table["source"] != "dead leaves (drawn)"])
    assert all((row["width"], row["height"], row["role"]) == tuple(table.loc[p, ["width", "height", "role"]]) for p, row in rows.items())
    assert {row["split"] for row in rows.values() if row["role"] != "classify"} == {"train"}
    assert {p for p, row in rows.items() if row["split"] == "test"} == set(table.index[table["fold"] == 0])
    assert all(0 < row["png_bits_per_pixel"] < 25 and 0 < row["grey_entropy_bits"] <= 8 for row in rows.values())


@pytest.mark.slow
def test_counting_leaves_the_photographs_as_they_are(tmp_path, monkeypatch):
    hurried(monkeypatch)
    study = Study.open("smoke", tmp_path / "w")
    study.make("photographs")
    study.make("statistics")
    assert {name: state for name, state in study.states().items() if state != "missing"} == {"photographs": "done", "statistics": "done"}
    assert study.statistics()["photograph"].isin(study.photographs()["photograph"]).all()


def test_a_release_has_no_training_sets_to_count():
    released = replace(SMOKE, release=replace(SMOKE.release, folder="somewhere"))
    assert "statistics" in program.table(SMOKE) and "statistics" not in program.table(released)

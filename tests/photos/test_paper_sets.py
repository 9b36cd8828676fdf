"""The paper's photographs: two training sets with fixed quarters, and Flickr1K with its own split."""

import itertools
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from srfp_lib import photos
from srfp_lib.common.errors import UserError
from srfp_lib.common.frames import read_table
from srfp_lib.photos import paper_sets
from srfp_lib.photos.flickr.table import Row, write_lists
from srfp_lib.photos.reading import as_png, pixel_digest
from srfp_lib.profiles import PAPER, PROFILES, Photographs
from srfp_lib.study import Study
from tests.conftest import hurried


def noise(seed, height, width):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def flickr(folder):
    rows = []
    for i, split in enumerate(["train"] * 6 + ["validation"] * 2 + ["test"] * 2):
        pixels = noise(1000 + i, 50 + i, 61)
        text = dict.fromkeys(("tag", "owner", "owner_name", "title", "licence", "licence_address", "page", "address", "camera", "phash"), "x")
        rows.append(Row(id=str(7 + i), secret=f"a{i}", split=split, width=61, height=50, sha256="0" * 64, pixels=pixel_digest(pixels), **text))
        (folder / "photographs").mkdir(parents=True, exist_ok=True)
        (folder / "photographs" / rows[-1].file).write_bytes(as_png(pixels))
    write_lists(folder, rows, rows)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Photographs:
    """Sets of eight images instead of 800."""
    monkeypatch.setattr(paper_sets, "PARTS", {"train": (0, 8)})
    for place, name in enumerate(("div2k", "flickr2k")):
        (tmp_path / name).mkdir()
        for i in range(9):
            Image.fromarray(noise(100 * place + i, 100, 120 + i)).save(tmp_path / name / f"{i + 1:04d}.png")
    flickr(tmp_path / "flickr1k")
    places = {name: str(tmp_path / name) for name in ("div2k", "flickr2k", "flickr1k")}
    return replace(PAPER.photographs, training_tile=48, **places)


def test_roles_quarters_and_splits(settings):
    found = photos.load(settings, master_seed=1)
    assert found.photographs["role"].value_counts().to_dict() == {"div2k": 8, "flickr2k": 8, "classify": 10}
    assert found.images["fold"].value_counts().to_dict() == {0: 6, 1: 2, 2: 2}
    rows = pd.DataFrame([row for row, _ in found.training()])
    assert len(rows) == found.n_training == 2 * 8 * 4
    for name in ("div2k", "flickr2k"):
        quarter = rows[(rows["dataset"] == name) & rows["quarter"]]["photograph"].unique()
        assert sorted(quarter) == [f"{name}_0001", f"{name}_0002"]


def test_the_study_begins_with_them(settings, tmp_path, monkeypatch):
    hurried(monkeypatch)
    smoke = PROFILES["smoke"]
    profile = replace(smoke, name="mine", photographs=settings, quality=replace(PAPER.quality, lpips=False))
    study = Study.open(profile, tmp_path / "w")
    study.make("quality/EDSR-x4")
    assert np.load(study.workspace.path("photos", "training.npy"), mmap_mode="r").shape == (64, 48, 48, 3)
    assert study.workspace.path("images", "test-split.txt").read_text() == "15_a8.png\n16_a9.png\n"
    assert set(read_table(study.workspace.path("quality/EDSR-x4.csv"))["image"]) == {"15_a8", "16_a9"}


@pytest.mark.parametrize(("name", "command"), [
    ("div2k", "photos fetch div2k .*div2k fetches it"), ("flickr2k", "photos fetch flickr2k"), ("flickr1k", "photos flickr .*flickr1k builds it"),
])  # fmt: skip
def test_what_is_missing_comes_with_its_command(settings, tmp_path, name, command):
    (tmp_path / name).rename(tmp_path / "gone")
    with pytest.raises(UserError, match=f"photographs.source is 'paper', and there is no .*: python -m srfp_lib {command}"):
        photos.content_digest(settings)


def test_an_incomplete_set_and_rotations_are_refused(settings, tmp_path):
    (tmp_path / "div2k" / "0001.png").unlink()
    (tmp_path / "div2k" / "0002.png").unlink()
    with pytest.raises(UserError, match="has 7 images, .* fetch them with python -m srfp_lib photos fetch div2k"):
        photos.content_digest(settings)
    with pytest.raises(UserError, match="photographs.rotations is 3, and Flickr1K has one split of its own"):
        photos.load(replace(settings, rotations=3), master_seed=1)


def test_a_damaged_training_image_is_named(settings, tmp_path):
    (tmp_path / "flickr2k" / "0003.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"the photograph '.*0003.png' cannot be decoded"):
        photos.load(settings, master_seed=1)


def test_the_digest_follows_content_but_neither_places_nor_times(settings, tmp_path):
    before = photos.content_digest(settings)
    (tmp_path / "div2k").rename(tmp_path / "moved")
    moved = replace(settings, div2k=str(tmp_path / "moved"))
    file = tmp_path / "moved" / "0001.png"
    os.utime(file, (1, 1))
    assert photos.content_digest(moved) == before
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # of one size
    file.write_bytes(content)
    os.utime(file, (1, 1))
    assert photos.content_digest(moved) != before


PLACES = {"DIV2K": "div2k/0003.png", "Flickr2K": "flickr2k/0004.png", "train": "flickr1k/photographs/9_a2.png",
          "validation": "flickr1k/photographs/13_a6.png", "test": "flickr1k/photographs/16_a9.png"}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(PLACES, 2)))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_reduced_copy_in_another_set_or_split_is_left_out_and_listed(settings, tmp_path, one, other, mirrored):
    """Pixel by pixel the two differ. Of a set as large as it must be, a picture is left out and not replaced."""
    with Image.open(tmp_path / PLACES[one]) as image:
        small = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else image.copy()
        small.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.BICUBIC).save(tmp_path / PLACES[other])
    found = photos.load(replace(settings, training_tile=16), master_seed=1)
    first, second = (PLACES[name].split("/")[-1] for name in (one, other))
    source = one if one in ("DIV2K", "Flickr2K") else "Flickr"
    assert found.skipped.to_numpy().tolist() == [[second, f"a near-duplicate of {first} of {source}, which has another role"]]
    assert len(found.photographs) == 2 * 8 + 10 - 1


def test_one_folder_for_two_sets_is_refused(settings):
    with pytest.raises(UserError, match="no photograph is left for flickr2k"):
        photos.load(replace(settings, flickr2k=settings.div2k), master_seed=1)


def test_no_two_photographs_of_a_set_have_one_name(settings, tmp_path):
    (tmp_path / "div2k" / "0003.png").rename(tmp_path / "div2k" / "0002.bmp")
    found = photos.load(settings, master_seed=1)
    assert found.photographs["photograph"].is_unique and "div2k_0002.2" in set(found.photographs["photograph"])

"""A folder of other people's images: every file is used or listed, by the rules for photographs, and no content is on both sides of a split."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from srfp_lib import photos, program
from srfp_lib.common.errors import UserError
from srfp_lib.photos.reading import read
from srfp_lib.profiles import SMOKE
from srfp_lib.published import sources
from srfp_lib.stages.foreign_images import take_folder
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

NETWORKS = ("A-div2k-x2-L1-NA-pretrained", "B-NA-x4-GAN-NA-pretrained")
FOLDERS = ("HR", *NETWORKS)


def pixels(number: int, place: int = 0) -> np.ndarray:
    return (np.random.default_rng(number).integers(0, 200, (40, 40, 3)) + 10 * place).astype(np.uint8)


def put(root: Path, name: str, image: Image.Image, **options) -> None:
    """The same file in all folders."""
    for folder in FOLDERS:
        image.save(root / folder / name, **options)


@pytest.fixture
def root(tmp_path):
    for place, folder in enumerate(FOLDERS):
        (tmp_path / "f" / folder).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(pixels(i, place)).save(tmp_path / "f" / folder / f"p{i:02d}.png")
    return tmp_path / "f"


@pytest.fixture
def own(tmp_path):
    """Photographs of the workspace; the first of its classified ones is returned."""
    (tmp_path / "own").mkdir()
    for i in range(12):
        Image.fromarray(np.random.default_rng(100 + i).integers(0, 256, (60, 60, 3), dtype=np.uint8)).save(tmp_path / "own" / f"{i}.png")
    return tmp_path / "own"


def taken(root: Path, out: Path, source: str = "embedded") -> tuple[pd.DataFrame, dict[str, str], Path]:
    """The table of images, the reasons by file, and the folder written."""
    profile = replace(SMOKE, published=replace(SMOKE.published, source=str(root)), photographs=replace(SMOKE.photographs, source=source))
    take_folder(Desk(Workspace(out, profile), out))
    skipped = pd.read_csv(out / "published" / "skipped.csv", keep_default_na=False)
    return pd.read_csv(out / "published" / "images.csv"), dict(zip(skipped["file"], skipped["reason"], strict=True)), out / "published"


def test_an_ordinary_folder_is_dealt_as_before(root, tmp_path):
    table, skipped, folder = taken(root, tmp_path / "w")
    assert table["fold"].tolist() == FOLDS and not skipped
    assert json.loads((folder / f"{NETWORKS[0]}.json").read_text()) == {"model_id": NETWORKS[0], "origin": "images of a folder"}
    assert np.array_equal(np.load(folder / "decoded" / f"{NETWORKS[1]}.npy")[3], pixels(3, 2))


FOLDS = [1, 2, 1, 1, 1, 0, 2, 0, 2, 3, 0, 2]  # as they were before groups were looked for


def test_images_of_every_kind_follow_the_rule_for_photographs(root, tmp_path):
    deep = np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40
    put(root, "deep.png", Image.fromarray(deep))
    put(root, "glass.png", Image.fromarray(np.dstack([pixels(50), pixels(51)[..., 0]])))
    put(root, "still.GIF", Image.fromarray(pixels(52)), save_all=True, append_images=[Image.fromarray(pixels(53))])
    put(root, "photo.JPG", Image.fromarray(pixels(54)))
    table, skipped, folder = taken(root, tmp_path / "w")
    decoded = np.load(folder / "decoded" / "HR-HR-HR-HR-HR.npy")
    for file in ("deep.png", "glass.png", "still.GIF", "photo.JPG"):
        assert np.array_equal(decoded[table["image"].tolist().index(Path(file).stem)], read(root / "HR" / file)[0])
    assert 0 < decoded[table["image"].tolist().index("deep")].mean() < 250 and not skipped
    note = json.loads((folder / f"{NETWORKS[0]}.json").read_text())["note"]
    assert "1 images 16 bits divided by 257, grey" in note and "1 images first frame of an animation" in note


def test_every_file_is_used_or_listed(root, tmp_path):
    put(root, "float.tif", Image.fromarray(np.ones((40, 40), np.float32)))
    put(root, "cut.png", Image.fromarray(pixels(60)))
    (root / NETWORKS[1] / "cut.png").write_bytes((root / NETWORKS[1] / "cut.png").read_bytes()[:900])
    (root / NETWORKS[0] / "extra.png").write_bytes((root / "HR" / "p00.png").read_bytes())
    (root / NETWORKS[0] / "log.txt").touch()
    (root / "README").touch()
    table, skipped, _ = taken(root, tmp_path / "w")
    assert len(table) == 12 and set(skipped) == {"HR/float.tif", "HR/cut.png", f"{NETWORKS[0]}/extra.png", f"{NETWORKS[0]}/log.txt", "README"}
    assert "no known range" in skipped["HR/float.tif"] and f"{NETWORKS[1]}/cut.png cannot be decoded" in skipped["HR/cut.png"]


def test_near_duplicates_share_a_fold(root, tmp_path):
    for i in range(12):
        put(root, f"z{i:02d}.png", Image.fromarray(pixels(i)[:, ::-1]))
    table = taken(root, tmp_path / "w")[0].set_index("image")["fold"]
    assert len(table) == 24 and len(set(table)) == 4
    assert all(table[f"p{i:02d}"] == table[f"z{i:02d}"] for i in range(12))


def test_a_reduced_copy_within_the_folder_shares_the_fold(root, tmp_path):
    for i in range(12):
        put(root, f"z{i:02d}.png", Image.fromarray(pixels(i)).reduce(2).resize((40, 40)))
    table = taken(root, tmp_path / "w")[0].set_index("image")["fold"]
    assert len(set(table)) == 4 and all(table[f"p{i:02d}"] == table[f"z{i:02d}"] for i in range(12))


def test_a_network_s_image_that_shows_another_photograph_is_left_out_and_listed(root, tmp_path):
    """By their names alone the two would be in different parts of a split."""
    names = [root / NETWORKS[0] / f"p{i:02d}.png" for i in (0, 1)]
    first, second = (path.read_bytes() for path in names)
    names[0].write_bytes(second), names[1].write_bytes(first)
    table, skipped, _ = taken(root, tmp_path / "w")
    assert len(table) == 10 and not {"p00", "p01"} & set(table["image"])
    assert skipped["HR/p00.png"] == f"{NETWORKS[0]}/p00.png shows the photograph p01: rename it"


def test_a_photograph_behind_the_warm_classifier_is_left_out_and_listed(root, own, tmp_path):
    found = photos.load(replace(SMOKE.photographs, source=str(own)), master_seed=1).photographs
    roles = {role: found[found["role"] == role]["file"].iloc[0] for role in ("classify", "div2k")}
    for role, file in roles.items():
        with Image.open(own / file) as image:
            put(root, f"{role}.png", image.resize((40, 40)))
    table, skipped, _ = taken(root, tmp_path / "w", str(own))
    assert "div2k" in set(table["image"]) and "classify" not in set(table["image"])
    assert skipped == {"HR/classify.png": f"a near-duplicate of {roles['classify']}, on which the classifiers of the custom networks are trained"}


def test_too_few_are_refused_with_the_reasons(root, tmp_path):
    for i in range(2, 12):
        (root / NETWORKS[0] / f"p{i:02d}.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=rf"shows 2 photographs, .* add some .*HR/p11.png: {NETWORKS[0]}/p11.png cannot be decoded"):
        taken(root, tmp_path / "w")


def test_two_images_of_one_stem_are_refused(root, tmp_path):
    Image.fromarray(pixels(3)).save(root / "HR" / "p03.bmp")
    with pytest.raises(UserError, match="has both p03.bmp and p03.png: keep one image"):
        taken(root, tmp_path / "w")


def test_names_that_are_no_text(root, tmp_path):
    for folder in FOLDERS:
        os.rename(root / folder / "p03.png", os.fsencode(root / folder) + b"/caf\xe9.png")
    assert "caf\ufffd" in set(taken(root, tmp_path / "w")[0]["image"])
    os.rename(root / NETWORKS[0], os.fsencode(root) + b"/caf\xe9" + NETWORKS[0].encode())
    with pytest.raises(UserError, match="has a name that is no text: rename it"):
        sources.networks(replace(SMOKE.published, source=str(root)))


def test_the_job_follows_the_content_of_the_images_and_no_time(root):
    profile = replace(SMOKE, published=replace(SMOKE.published, source=str(root)))
    job = program.table(profile)["published/folder"]
    assert job.needs == ("photographs",)
    file = root / NETWORKS[0] / "p00.png"
    before = os.stat(file)
    os.utime(file, (1, 1))
    assert program.table(profile)["published/folder"] == job
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert program.table(profile)["published/folder"] != job

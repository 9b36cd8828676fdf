"""Photographs of different sizes, taken whole: the study goes through, image by image."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srfp_lib import photos, profiles, program
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.common.errors import UserError
from srfp_lib.common.frames import read_table
from srfp_lib.fingerprints import prnu
from srfp_lib.fleet import HR
from srfp_lib.images import gallery, metrics, superresolve
from srfp_lib.images.arrays import read_png
from srfp_lib.photos import paper_sets
from srfp_lib.photos.tiles import grid
from srfp_lib.published.weights_folder import WeightsFolder
from srfp_lib.stages import foreign_images, making
from srfp_lib.study import Study
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.receipts import digest
from srfp_lib.workflow.workspace import Workspace
from tests.conftest import hurried

pytestmark = pytest.mark.slow

PROFILE = """
profile = "smoke"
photos = "{folder}"
[photographs]
image_size = 0
png = true
training_tile = 48
dead_leaves = 0
[classifier]
crop = 24
[prnu]
crop = 32
[published]
weights_dir = "weights"
[quality]
crop = 40
images = "test"
"""


def draw(folder, count, *, least=48):
    """Photographs with numbers for names, no two of one size; most sides are no multiples of four."""
    folder.mkdir(parents=True)
    for i in range(count):
        rng = np.random.default_rng(i)
        height, width = least + 5 * (i % 5) + 1, least + 3 * i + 2
        coarse = rng.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3)).repeat(8, 0).repeat(8, 1)[:height, :width]
        pixels = np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:04d}.png")


class Repeating:
    """A network that repeats every pixel, 0.6 grey levels brighter."""

    def __init__(self, row):
        self.row = row

    def upscale(self, lr, name=""):
        return (lr.repeat(self.row.scale, 0).repeat(self.row.scale, 1) + np.float32(0.6)) / np.float32(255)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Three architectures trained, super-resolved and scored, and one published network, on 12 photographs."""
    root = tmp_path_factory.mktemp("whole")
    draw(root / "p", 12)
    (root / "weights" / "RDN").mkdir(parents=True)
    (root / "weights" / "RDN" / "rdn_x2.pth").write_bytes(b"in place of 88 MB")
    (root / "whole.toml").write_text(PROFILE.format(folder=root / "p"))
    with pytest.MonkeyPatch.context() as patch:
        hurried(patch)
        patch.setattr(WeightsFolder, "open", lambda folder, row, device="cpu": (Repeating(row), {}))
        study = Study.open(root / "whole.toml", root / "w")
        study.make("quality/EDSR-x2", "quality/NLSN-x4", "quality/SwinIR-x4", "quality/published-RDN-x2")
    return study


def desk(study, tmp_path):
    return Desk(study.workspace, tmp_path)


def test_nought_in_toml_is_none(whole):
    assert whole.profile.photographs.image_size is None
    assert whole.profile.training == profiles.SMOKE.training


def test_photographs_lose_what_four_does_not_divide_and_keep_their_names(whole):
    images = whole.photographs("images")
    assert images["image"].str.fullmatch(r"\d{4}").all() and len(images) == 7
    for image in images["image"]:
        source = read_png(whole.workspace.root.parent / "p" / f"{image}.png")
        height, width = (length // 4 * 4 for length in source.shape[:2])
        assert np.array_equal(whole.pixels(HR, image), source[:height, :width])
    assert len({whole.pixels(HR, image).shape for image in images["image"]}) == 7


@pytest.mark.parametrize("name", ["EDSR-div2k-x2-L1-s1", "NLSN-flickr2k-x4-VGG_GAN-s1", "SwinIR-quarter_div2k-x4-L1-s1"])
def test_every_image_is_super_resolved_by_itself(whole, tmp_path, name):
    network, scale = making.load_network(desk(whole, tmp_path), name), int(name.split("-")[2][1:])
    for image in whole.photographs("images")["image"]:
        hr = whole.pixels(HR, image)
        alone = superresolve.super_resolve(network, superresolve.downscale(hr[None], scale))[0]
        assert alone.shape == hr.shape and np.array_equal(whole.pixels(name, image), alone)


@pytest.mark.parametrize("name", [HR, "EDSR-div2k-x2-L1-s1", "RDN-div2k-x2-L1-NA-pretrained", "RDN-div2k-x2-L1-NA-pretrained~truncated"])
def test_images_of_different_sizes_are_kept_decoded(whole, tmp_path, name):
    images = gallery.custom(desk(whole, tmp_path))
    kept = images.kept(name)
    assert not images.tiles and len(kept) == 7
    folder = whole.workspace.path("truncated" if "~" in name else "", "images", name.partition("~")[0])
    assert all(np.array_equal(pixels, read_png(folder / f"{image}.png")) for pixels, image in zip(kept, images.names, strict=True))


def test_without_decoded_images_the_results_are_the_same(whole, tmp_path, monkeypatch):
    profile = replace(whole.profile, photographs=replace(whole.profile.photographs, decoded=False))
    hurried(monkeypatch)
    study = Study.open(profile, tmp_path / "w")
    study.make("quality/EDSR-x2")
    assert not study.workspace.path("decoded").exists()
    for output in ("quality/EDSR-x2.csv", f"images/{HR}", "images/EDSR-div2k-x2-L1-s1", "networks/EDSR-div2k-x2-L1-s1"):
        assert digest(study.workspace.path(output)) == digest(whole.workspace.path(output))


def test_quality_is_taken_of_the_centre_of_test_images(whole):
    images, quality = whole.photographs("images"), read_table(whole.workspace.path("quality/EDSR-x2.csv"))
    one = quality[quality["model_id"] == "EDSR-div2k-x2-L1-s1"]
    assert set(one["image"]) == set(images.loc[images["fold"] != 3, "image"])  # fold 3 is for validation, others are tested in turn
    row = one.iloc[0]
    hr, sr = whole.pixels(HR, row["image"]), whole.pixels(row["model_id"], row["image"])
    top, left = (hr.shape[0] - 40) // 2, (hr.shape[1] - 40) // 2
    a, b = (x[None, top : top + 40, left : left + 40] for x in (sr, hr))
    assert row["psnr"] == pytest.approx(metrics.psnr(a, b)[0], abs=1e-4) and row["ssim"] == pytest.approx(metrics.ssim(a, b)[0], abs=1e-4)


def test_lpips_is_a_column_more_where_it_is_asked_for(whole, tmp_path, monkeypatch):
    def lpips(a, b):
        return np.full(len(a), 0.25)

    monkeypatch.setattr(metrics, "lpips", lpips)
    name, settings = "EDSR-div2k-x2-L1-s1", replace(whole.profile.quality, lpips=True)
    asking = Desk(Workspace(whole.workspace.root, replace(whole.profile, quality=settings)), tmp_path)
    making.quality(asking, (name,), "quality.csv")
    asked, plain = read_table(tmp_path / "quality.csv"), read_table(whole.workspace.path("quality/EDSR-x2.csv")).query("model_id == @name")
    assert list(asked) == ["model_id", "image", "photograph", "psnr", "ssim", "lpips", "bicubic_psnr"] and set(asked["lpips"]) == {0.25}
    assert asked.drop(columns="lpips").equals(plain.reset_index(drop=True))


def test_a_network_whose_authors_truncate_is_written_in_both_ways(whole):
    name = "RDN-div2k-x2-L1-NA-pretrained"
    image = f"{whole.photographs('images')['image'].iloc[0]}.png"
    rounded, truncated = (read_png(whole.workspace.path(under, "images", name, image)).astype(int) for under in ("", "truncated"))
    assert set(np.unique(rounded - truncated)) == {0, 1}


def test_training_tiles_are_a_memory_mapped_array(whole):
    tiles, table = np.load(whole.workspace.path("photos", "training.npy"), mmap_mode="r"), whole.photographs("training")
    assert tiles.shape == (len(table), 48, 48, 3) and table["tile"].str.match(r"\d{4}_r\d_c\d").all()


@pytest.mark.parametrize("scale", [2, 4])
def test_lr_tiles_are_cut_from_the_lr_images_of_whole_photographs(whole, tmp_path, scale):
    """As the LR files of DIV2K and Flickr2K are made (D9): a tile reduced by itself differs at its border."""
    found, table, alone = making.training_data(desk(whole, tmp_path), "div2k", "quarter_div2k"), whole.photographs("training"), []
    tiles, low = found.at("div2k", scale), 48 // scale
    for number, tile in enumerate(table.loc[table["dataset"] == "div2k", "tile"]):
        name, row, column = tile.split("_")
        pixels = read_png(whole.workspace.root.parent / "p" / f"{name}.png")
        at = {(f"r{r}", f"c{c}"): (top, left) for r, c, top, left in grid(*pixels.shape[:2], 48)}
        top, left = at[row, column]
        assert np.array_equal(tiles.hr[number], pixels[top : top + 48, left : left + 48])
        assert np.array_equal(tiles.lr[number], paper_sets.reduce(pixels, scale)[top // scale :, left // scale :][:low, :low])
        alone.append(superresolve.downscale(tiles.hr[number][None].copy(), scale)[0])
    assert any((tiles.lr[number] != one).any() for number, one in enumerate(alone))
    quarter, rows = found.at("quarter_div2k", scale), np.flatnonzero(table.loc[table["dataset"] == "div2k", "quarter"])
    assert len(rows) == quarter.lr.shape[0] > 0 and all(np.array_equal(quarter.lr[i], tiles.lr[row]) for i, row in enumerate(rows.tolist()))


def test_residuals_of_different_sizes_are_refused_with_a_sentence():
    shown = [np.zeros((1, 32, 32, 3), np.uint8), np.zeros((1, 32, 48, 3), np.uint8)]
    with pytest.raises(UserError, match="noise residuals of 1536 and of 1024 pixels cannot be compared: set prnu.crop"):
        fingerprint = prnu.Fingerprint()
        for x in shown:
            fingerprint.add(prnu.residuals(x, "wavelet", int8=False)[0])


def test_a_photograph_that_goes_missing_is_named(tmp_path):
    draw(tmp_path / "p", 12)
    settings = replace(profiles.SMOKE.photographs, source=str(tmp_path / "p"), image_size=None, dead_leaves=0)
    found = photos.load(settings, master_seed=1)
    (tmp_path / "p" / f"{found.images['image'].iloc[2]}.png").unlink()
    with pytest.raises(UserError, match=r"the photograph '.*png' cannot be decoded"):
        list(found.image_pixels())


def test_where_the_papers_files_lie_does_not_change_a_job():
    moved = replace(profiles.SMOKE, photographs=replace(profiles.SMOKE.photographs, div2k="elsewhere"))
    assert program.table(moved) == program.table(profiles.SMOKE)


@pytest.fixture
def folder(tmp_path):
    """Nine images of 40 x 40 of two networks that somebody has."""
    for place, name in enumerate(("HR", "A-div2k-x2-L1-NA-pretrained", "B-NA-x4-GAN-NA-pretrained")):
        (tmp_path / "f" / name).mkdir(parents=True)
        for i in range(9):
            pixels = np.random.default_rng(i).integers(0, 100, (40, 40, 3)) + (9 * i, 50 * place, 0)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "f" / name / f"p{i}.png")
    return tmp_path / "f"


def of_folder(folder, workspace, *, decoded=True):
    published = replace(profiles.SMOKE.published, source=str(folder))
    photographs = replace(profiles.SMOKE.photographs, decoded=decoded, png=not decoded)
    study = Study.open(replace(profiles.SMOKE, published=published, photographs=photographs), workspace)
    study.make("seen/cold/1")
    assert len(list(study.workspace.path("published", "images").glob("*/*.png"))) == 27 * (not decoded)
    return study, gallery.published(Desk(study.workspace, workspace))


@pytest.mark.parametrize("tiles", [True, False])
def test_a_folder_of_images_is_attributed_alike_decoded_or_not(folder, tmp_path, monkeypatch, tiles):
    """Images of one size up to the largest tile are shown whole, others by a crop."""
    monkeypatch.setattr(foreign_images, "LARGEST_TILE", 40 if tiles else 32)
    hurried(monkeypatch)
    found = {decoded: of_folder(folder, tmp_path / str(decoded), decoded=decoded) for decoded in (True, False)}
    for decoded, (study, images) in found.items():
        assert images.tiles == tiles and (images.kept("A-div2k-x2-L1-NA-pretrained") is not None) == decoded
        assert study.workspace.path("published", "decoded").exists() == decoded
        assert list(images.table) == ["image", "photograph", "fold"] + ([] if tiles else ["height", "width"])
    assert len({digest(study.workspace.path("predictions", "published-cold")) for study, _ in found.values()}) == 1


def test_a_folder_in_which_one_image_is_smaller_holds_photographs(folder, tmp_path, monkeypatch):
    Image.new("RGB", (38, 40)).save(folder / "B-NA-x4-GAN-NA-pretrained" / "p3.png")
    hurried(monkeypatch)
    study, images = of_folder(folder, tmp_path / "w")
    assert not images.tiles and images.size(("B-NA-x4-GAN-NA-pretrained", 3)) == (40, 38)
    assert len(Predictions.load(study.outputs("predictions/published-cold/1")[0]).index) == 4

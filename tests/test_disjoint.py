"""In a finished run no classifier is tested on the content of a photograph from its training, whatever the tables say."""

from itertools import combinations

import numpy as np
import pytest

from srfp_lib import photos
from srfp_lib.fleet import HR
from srfp_lib.photos.near_duplicates import groups, is_near, perceptual_hashes
from srfp_lib.photos.reading import pixel_digest
from srfp_lib.photos.tiles import grid

RUNS = (1, 2, 3)


@pytest.fixture(scope="module")
def whole(smoke):
    """The photographs of the run, decoded once more from their files, by name."""
    return {p.name: p for p in photos.sources(smoke.profile.photographs, master_seed=smoke.profile.master_seed)[0]}


@pytest.fixture(scope="module")
def decoded(smoke):
    """The true images as the classifiers' batches see them, by name."""
    names = smoke.photographs("images")["image"]
    return dict(zip(names, np.load(smoke.workspace.path("decoded", f"{HR}.npy")), strict=True))


def parts(smoke, run):
    """The images of each part of a run's split."""
    table, rotations = smoke.photographs("images"), smoke.profile.photographs.rotations
    part = table["fold"].map(lambda fold: photos.split(fold, rotation=(run - 1) % rotations, rotations=rotations))
    return {name: set(table["image"][part == name]) for name in ("train", "validation", "test")}


def test_an_image_is_cut_from_the_photograph_that_its_row_names(smoke, whole, decoded):
    side = smoke.profile.photographs.image_size
    for image, photograph in smoke.photographs("images")[["image", "photograph"]].to_numpy():
        pixels = whole[photograph].read()
        cuts = [pixels[top : top + side, left : left + side] for _, _, top, left in grid(*pixels.shape[:2], side)]
        assert sum(np.array_equal(decoded[image], cut) for cut in cuts) == 1
        assert np.array_equal(smoke.pixels(HR, image), decoded[image])


def test_photographs_of_different_roles_or_folds_are_different_pictures(smoke, whole):
    table = smoke.photographs().set_index("photograph")
    own = list(whole.values())
    place = {p.name: (table.loc[p.name, "role"], table.loc[p.name, "fold"]) for p in own}
    assert all(table.loc[p.name, "sha256"] == pixel_digest(p.read()) for p in own)
    group = groups([perceptual_hashes(p.read()) for p in own])
    assert not [(a.name, b.name) for (a, i), (b, j) in combinations(zip(own, group, strict=True), 2) if i == j and place[a.name] != place[b.name]]


@pytest.mark.parametrize("run", RUNS)
def test_the_parts_of_a_split_share_no_content(smoke, decoded, run):
    for one, other in combinations(parts(smoke, run).values(), 2):
        assert one and other and not {pixel_digest(decoded[a]) for a in one} & {pixel_digest(decoded[b]) for b in other}
        assert not [(a, b) for a in one for b in other if any(is_near(h, perceptual_hashes(decoded[b])[0]) for h in perceptual_hashes(decoded[a]))]


def test_no_network_was_trained_on_content_that_is_classified(smoke, decoded):
    tiles = np.load(smoke.workspace.path("photos", "training.npy"))
    training = smoke.photographs("training")
    assert len(tiles) == len(training) and not set(training["photograph"]) & set(smoke.photographs("images")["photograph"])
    assert not {pixel_digest(tile) for tile in tiles} & {pixel_digest(image) for image in decoded.values()}
    hashes = [perceptual_hashes(image) for image in decoded.values()]
    assert not [t for t, tile in zip(training["tile"], tiles, strict=True) for h in hashes if is_near(perceptual_hashes(tile)[0], h[0])]


def test_the_sets_that_train_networks_share_no_content(smoke):
    tiles, training = np.load(smoke.workspace.path("photos", "training.npy")), smoke.photographs("training")
    of = {dataset: {pixel_digest(tiles[i]) for i in part.index} for dataset, part in training.groupby("dataset")}
    assert len(of) == 3 and not any(a & b for a, b in combinations(of.values(), 2))


@pytest.mark.parametrize("task", ["attribution", "published", "unseen"])
def test_what_was_tested_is_the_test_part(smoke, task):
    for predictions in smoke.predictions(task):
        assert set(predictions.index["image"]) == parts(smoke, predictions.run)["test"]

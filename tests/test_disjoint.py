"""In a finished run nothing is tested on the content of a photograph from its training, whatever the tables say.

Content is exact pixels and perceptual hashes: of the photographs, of training tiles, of true images and of every network's images.
"""

from itertools import combinations

import numpy as np
import pytest

from srfp_lib import fleet, photos, program
from srfp_lib.classifiers import recipe
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.fleet import HR
from srfp_lib.photos.near_duplicates import groups, is_near, perceptual_hashes
from srfp_lib.photos.reading import pixel_digest
from srfp_lib.photos.tiles import grid
from srfp_lib.profiles import SMOKE
from srfp_lib.published import sources
from srfp_lib.stages import classify, making
from srfp_lib.workflow.desk import Desk

RUNS = (1, 2, 3)
JOBS = program.table(SMOKE, content=False)
TRAININGS = [name for name, job in JOBS.items() if job.work.endswith(":classify") and not job.arguments[0].only_evaluate]


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


def shared(decoded, one, other):
    """The pairs of images of two sets that have the same pixels, or near-duplicates' hashes."""
    hashes = {name: perceptual_hashes(decoded[name]) for name in one | other}
    same = [(a, b) for a in one for b in other if pixel_digest(decoded[a]) == pixel_digest(decoded[b])]
    return same + [(a, b) for a in one for b in other if any(is_near(h, hashes[b][0]) for h in hashes[a])]


@pytest.mark.parametrize("run", RUNS)
def test_the_parts_of_a_split_share_no_content(smoke, decoded, run):
    for one, other in combinations(parts(smoke, run).values(), 2):
        assert one and other and not shared(decoded, one, other)


def test_an_image_of_a_network_shows_the_photograph_of_its_name(smoke, decoded):
    true = np.stack([*decoded.values()]).astype(np.float32)
    networks = [n.model_id for n in (*fleet.custom(), *sources.networks(smoke.profile.published))]
    assert len(networks) >= 180 + 12
    for name in networks:
        images = np.load(smoke.workspace.path("decoded", f"{name}.npy"))
        apart = np.abs(images[:, None] - true).mean((2, 3, 4))
        assert np.array_equal(apart.argmin(1), np.arange(len(true))), name


@pytest.mark.parametrize("name", TRAININGS)
def test_no_classifier_is_trained_on_content_that_it_is_tested_on(smoke, decoded, tmp_path, monkeypatch, name):
    """Attribution and its controls, the rows of Table 2, published networks and parsers: what their jobs show the classifier."""
    shown = []
    monkeypatch.setattr(recipe, "fit", lambda fitting, *_: shown.append(fitting) or fitting.model.eval())
    monkeypatch.setattr(classify, "_evaluate", lambda *_: None)
    job = smoke.jobs[name]
    classify.classify(Desk(smoke.workspace, tmp_path), *job.arguments)
    trained = {shown[0].images.names[i] for i in (*shown[0].train, *shown[0].validation)}
    for output in (path for path in job.outputs if path.startswith("predictions/")):
        tested = set(Predictions.load(smoke.workspace.path(output)).index["image"])
        assert trained and tested and not shared(decoded, trained, tested)


def test_every_prediction_is_of_the_test_part_of_its_run(smoke):
    """So the photographs behind a classifier that another starts from, or that sees unseen networks, are not those of the test."""
    found = [Predictions.load(smoke.workspace.path(path)) for job in smoke.jobs.values() for path in job.outputs if path.startswith("predictions/")]
    assert len(found) > 40
    for predictions in found:
        assert set(predictions.index["image"]) == parts(smoke, predictions.run)["test"], predictions.task


def test_a_training_tile_is_cut_from_a_photograph_of_its_set(smoke, whole):
    tiles, side = np.load(smoke.workspace.path("photos", "training.npy")), smoke.profile.photographs.training_tile
    for (photograph, dataset), tile in zip(smoke.photographs("training")[["photograph", "dataset"]].to_numpy(), tiles, strict=True):
        if photograph not in whole:
            assert photograph.startswith(f"dead_leaves_{dataset}")
            continue
        pixels = whole[photograph].read()
        cuts = [pixels[top : top + side, left : left + side] for _, _, top, left in grid(*pixels.shape[:2], side)]
        assert whole[photograph].role == dataset and sum(np.array_equal(tile, cut) for cut in cuts) == 1


@pytest.mark.parametrize("dataset", fleet.DATASETS)
def test_a_network_is_shown_its_own_set_and_measured_on_validation_images(smoke, decoded, tmp_path, dataset):
    found, training = making.training_data(Desk(smoke.workspace, tmp_path), dataset), smoke.photographs("training")
    tiles = np.load(smoke.workspace.path("photos", "training.npy"))
    own = {pixel_digest(tiles[i]) for i in np.flatnonzero(training["dataset"] == dataset.removeprefix("quarter_"))}
    shown = {pixel_digest(found.tiles[dataset][i]) for i in range(found.tiles[dataset].shape[0])}
    assert shown < own if dataset.startswith("quarter_") else shown == own
    held_out = {pixel_digest(image) for batch in found.held_out for image in batch}
    assert held_out <= {pixel_digest(decoded[name]) for name in parts(smoke, 1)["validation"]}


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
    assert len(of) == 2 and not any(a & b for a, b in combinations(of.values(), 2))

"""Crops and recipes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from srfp_lib import fleet, tasks
from srfp_lib.classifiers import losses, recipe
from srfp_lib.common.errors import UserError
from srfp_lib.images.store import Images
from srfp_lib.profiles import SMOKE

NETWORKS = fleet.custom()[:3]
SETTINGS = replace(SMOKE.classifier, crop=16, batch=8, precision="float32")


@pytest.fixture
def store(tmp_path):
    """Three networks with a colour each, decoded and as PNG, six images of 24 x 24."""
    rng = np.random.default_rng(0)
    for place, network in enumerate(NETWORKS):
        pixels = rng.integers(0, 60, (6, 24, 24, 3), dtype=np.uint8)
        pixels[:, ::2, ::2, place] += 150
        (tmp_path / "decoded").mkdir(exist_ok=True)
        np.save(tmp_path / "decoded" / f"{network.model_id}.npy", pixels)
        (tmp_path / "images" / network.model_id).mkdir(parents=True)
        for i, image in enumerate(pixels):
            Image.fromarray(image).save(tmp_path / "images" / network.model_id / f"i{i}.png")
    return Images(tmp_path / "images", tmp_path / "decoded", [f"i{i}" for i in range(6)])


def fitting_on(store, *, backbone="small_plain", settings=SETTINGS, **how):
    """A classifier that learns to tell the three networks apart."""
    heads = {"model_id": tasks.attribution(NETWORKS)}
    return recipe.Fitting(heads, store, (0, 1, 2, 3), (4, 5), run=1, backbone=backbone, settings=settings, master_seed=1, **how)


def test_decoded_pixels_and_png_files_give_the_same_crops(store, tmp_path):
    picks = [(n.model_id, i) for n in NETWORKS for i in range(6)]
    from_png = Images(tmp_path / "images", tmp_path / "nothing", store.names)
    a = store.random_crops(picks, 16, grid=4, rng=np.random.default_rng(1))
    b = from_png.random_crops(picks, 16, grid=4, rng=np.random.default_rng(1))
    assert torch.equal(a, b) and torch.equal(store.test_crops(picks, 10, seed=1), from_png.test_crops(picks, 10, seed=1))


def test_crops_at_a_known_offset_keep_it_and_free_ones_reach_the_last_position(store):
    offsets = {grid: set() for grid in (1, 4)}
    store.crop = lambda pick, row, column, side: offsets[grid].add(row) or np.zeros((side, side, 3), np.uint8)
    for grid in offsets:
        store.random_crops([(NETWORKS[0].model_id, 0)] * 300, 16, grid=grid, rng=np.random.default_rng(0))
    assert offsets[4] == {0, 4, 8} and offsets[1] == set(range(9))


@pytest.mark.parametrize("size", [(24, 24), (63, 40), (45, 46), (100, 77)])
def test_a_test_crop_does_not_begin_where_the_size_of_its_image_says(size):
    images = Images(Path("a"), Path("b"), [f"i{i}" for i in range(400)])
    images.size = lambda pick: size
    known = {images._place(i, size, 16, None) for i in range(400)}
    drawn = [images._place(i, size, 16, 1) for i in range(400)]
    assert all(row % 8 == column % 8 == 0 for row, column in known)
    assert {(row % 4, column % 4) for row, column in drawn} == {(row, column) for row in range(4) for column in range(4)}
    assert all(0 <= start <= length - 16 for place in drawn for start, length in zip(place, size, strict=True))
    assert drawn == [images._place(i, size, 16, 1) for i in range(400)] != [images._place(i, size, 16, 2) for i in range(400)]


def test_coarser_crops_have_fewer_grey_levels_and_stay_near(store, tmp_path):
    pick = (NETWORKS[0].model_id, 0)
    coarse = Images(tmp_path / "images", tmp_path / "decoded", store.names, bits=6).crop(pick, 0, 0, 24).astype(int)
    assert len(np.unique(coarse)) <= 64 < len(np.unique(store.crop(pick, 0, 0, 24)))
    assert abs(coarse - store.crop(pick, 0, 0, 24)).max() <= 3


def test_a_crop_larger_than_the_image_is_named(store):
    with pytest.raises(UserError, match="24 x 24, smaller than the crop of 32 pixels"):
        store.random_crops([(NETWORKS[0].model_id, 0)], 32, grid=1, rng=np.random.default_rng(0))


def test_damaged_images_are_named(store, tmp_path):
    (tmp_path / "images" / NETWORKS[0].model_id / "i0.png").write_bytes(b"no image")
    (tmp_path / "decoded" / f"{NETWORKS[1].model_id}.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="i0.png' cannot be read"):
        Images(tmp_path / "images", tmp_path / "nothing", store.names).crop((NETWORKS[0].model_id, 0), 0, 0, 8)
    with pytest.raises(UserError, match="is damaged"):
        store.crop((NETWORKS[1].model_id, 0), 0, 0, 8)


def test_a_few_steps_learn_three_colours_and_repeat_bit_for_bit(store):
    models = [recipe.fit_steps(fitting_on(store), 25) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(models[0].state_dict().values(), models[1].state_dict().values(), strict=True))
    picks = [(n.model_id, i) for n in NETWORKS for i in (4, 5)]
    features, scores = recipe.evaluate(models[0], store, picks, side=None, seed=1, precision="float32")
    assert features.shape == (6, 384) and np.allclose(np.exp(scores["model_id"]).sum(1), 1, atol=1e-5)
    assert scores["model_id"].argmax(1).tolist() == [0, 0, 1, 1, 2, 2]


def test_the_papers_recipe_freezes_the_body_first(store, monkeypatch):
    fitting = fitting_on(store, settings=replace(SETTINGS, head_epochs=1, epochs=2, learning_rate=5e-4))
    before = {k: v.clone() for k, v in fitting.model.body.named_parameters()}
    frozen = []
    validate = recipe._validate

    def watched(f):
        frozen.append(all(torch.equal(before[k], v) for k, v in f.model.body.named_parameters()))
        return validate(f)

    monkeypatch.setattr(recipe, "_validate", watched)
    recipe.fit_paper(fitting)
    assert frozen == [True, False, False]


@pytest.mark.parametrize(("accuracies", "best"), [((0.9, 0.2, 0.6, 0.3), 2), ((0.1, 0.5, 0.4, 0.5), 1), ((0.1, 0.2, 0.3, 0.4), 3)])
def test_the_papers_recipe_keeps_the_best_epoch_of_the_second_phase(store, monkeypatch, accuracies, best):
    """The record starts anew with the second phase (D19); of two equal epochs the first is kept."""
    seen, coming = [], iter(accuracies)

    def told(fitting):
        seen.append({k: v.clone() for k, v in fitting.model.state_dict().items()})
        return next(coming)

    monkeypatch.setattr(recipe, "_validate", told)
    kept = recipe.fit_paper(fitting_on(store, settings=replace(SETTINGS, head_epochs=1, epochs=3))).state_dict()
    same = [all(torch.equal(kept[k], state[k]) for k in kept) for state in seen]
    assert same == [number == best for number in range(4)]


def breaking(store, monkeypatch, at, **changes):
    """A classifier in training whose loss is no number from a step on."""
    fitting, calls = fitting_on(store, settings=replace(SETTINGS, **changes)), []
    right = fitting.loss

    def loss(picks, crops):
        calls.append(picks)
        return right(picks, crops) * (float("nan") if len(calls) >= at else 1.0)

    monkeypatch.setattr(fitting, "loss", loss)
    return fitting


@pytest.mark.parametrize(("steps", "every"), [(8, 50), (8, 3), (60, 50)])
def test_a_loss_that_is_no_number_is_named_and_never_saved(store, tmp_path, monkeypatch, steps, every):
    with pytest.raises(UserError, match="the training of a classifier broke down: its loss is nan at step 5; lower classifier.learning_rate"):
        recipe.fit_steps(breaking(store, monkeypatch, 5, checkpoint_every=every), steps, tmp_path / "c.pt")
    assert not (tmp_path / "c.pt").exists() or torch.load(tmp_path / "c.pt", weights_only=True)["step"] == 3


def test_an_epoch_whose_loss_is_no_number_is_named(store, tmp_path, monkeypatch):
    fitting = breaking(store, monkeypatch, 2, recipe="paper", head_epochs=1, epochs=2)
    with pytest.raises(UserError, match="its loss is nan at epoch 1; lower"):
        recipe.fit(fitting, 0, tmp_path / "c.pt")
    assert not (tmp_path / "c.pt").exists()


def test_losses_are_looked_at_now_and_then(store):
    """On a device from which nothing comes back a few steps are taken before the first look."""
    found = losses.Losses()
    for step in range(losses.CHECK_EVERY - 1):
        found.add(torch.tensor(1.0, device="meta"), f"step {step}")
    with pytest.raises((NotImplementedError, RuntimeError)):
        found.add(torch.tensor(1.0, device="meta"), "the last")


@pytest.mark.parametrize("how", [{"checkpoint_every": 4}, {"recipe": "paper", "head_epochs": 2, "epochs": 3}])
@pytest.mark.parametrize("stop", [2, 6, 9])
def test_an_interrupted_training_ends_with_the_same_bits(store, tmp_path, monkeypatch, how, stop):
    settings = replace(SETTINGS, **{"checkpoint_every": 1, **how})
    whole = recipe.fit(fitting_on(store, settings=settings), 12).state_dict()
    checkpoint, descend, steps = tmp_path / "c.pt", recipe._descend, []

    def stopping(*arguments):
        steps.append(arguments)
        if len(steps) == stop:
            raise KeyboardInterrupt
        return descend(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(recipe, "_descend", stopping)
        recipe.fit(fitting_on(store, settings=settings), 12, checkpoint)
    resumed = recipe.fit(fitting_on(store, settings=settings), 12, checkpoint).state_dict()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_damaged_checkpoint_is_named(store, tmp_path):
    (tmp_path / "c.pt").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match=r"c.pt' is damaged .*: delete it to train from the start"):
        recipe.fit(fitting_on(store), 12, tmp_path / "c.pt")


def test_a_head_ignores_networks_it_is_not_asked_about(store):
    asked = tasks.parser("dataset", "SwinIR")
    networks = tuple(n for n in fleet.custom() if n.architecture == "EDSR")[:6]
    labels = recipe.labels({"dataset": asked}, networks)["dataset"].tolist()
    assert [label == recipe.IGNORED for label in labels] == [n.seed != 1 for n in networks]


def test_an_image_smaller_than_the_centre_crop_is_taken_whole_or_named(tmp_path):
    (tmp_path / "images" / "N").mkdir(parents=True)
    for name, size in (("a", (20, 20)), ("b", (20, 60)), ("c", (60, 60))):
        Image.fromarray(np.full((*size, 3), 9, np.uint8)).save(tmp_path / "images" / "N" / f"{name}.png")
    images = Images(tmp_path / "images", tmp_path / "nothing", ("a", "b", "c"))
    assert images.test_crops([("N", 0)], 32, seed=1).shape == (1, 3, 20, 20)
    assert images.test_crops([("N", 1)], 32, seed=1).shape == (1, 3, 20, 32)
    assert images.test_crops([("N", 2)], 32, seed=1).shape == (1, 3, 32, 32)
    with pytest.raises(UserError, match="image 'a' of N is 20 x 20, smaller than the crop of 32 pixels that others fill: set classifier.crop lower"):
        images.test_crops([("N", 2), ("N", 0)], 32, seed=1)

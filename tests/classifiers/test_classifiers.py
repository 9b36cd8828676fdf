"""Bodies, crops, recipes and the PRNU baseline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.restoration import denoise_wavelet

from srfp_lib import fleet, tasks
from srfp_lib.classifiers import losses, prnu, recipe
from srfp_lib.classifiers.bodies import SMALL, Classifier, HighPass, Lattice
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


@pytest.mark.parametrize("name", SMALL)
def test_small_bodies_give_features_and_logits(name):
    features, logits = Classifier(name, {"scale": 2, "loss": 3})(torch.rand(2, 3, 32, 34))
    assert features.shape == (2, 384) and {k: v.shape for k, v in logits.items()} == {"scale": (2, 2), "loss": (2, 3)}


@pytest.mark.parametrize("name", SMALL)
def test_the_answer_of_a_small_body_does_not_depend_on_where_an_image_begins(name):
    generator = torch.Generator().manual_seed(0)
    model = Classifier(name, {"a": 7}).eval()
    lattice = torch.rand(3, 32, 4, 4, generator=generator)
    for rows, columns in ((1, 0), (2, 3), (3, 1)):
        found, moved = (x.flatten(1) for x in (lattice, lattice.roll((rows, columns), (2, 3))))
        for of in (model.body.features, model.heads["a"]):
            torch.testing.assert_close(of(found), of(moved), rtol=1e-5, atol=1e-5)


def test_a_pattern_of_period_4_gives_the_same_answer_at_every_offset():
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)).tile(1, 1, 12, 12)
    model = Classifier("small_plain", {"a": 7}).eval()
    cuts = [image[..., row : row + 40, column : column + 40] for row in range(4) for column in range(4)]
    inside = [model.heads["a"](Lattice.apply(model.body.layers(cut)[..., 4:-4, 4:-4]).flatten(1)) for cut in cuts]  # edges are not periodic
    assert torch.allclose(torch.cat(inside), inside[0], atol=1e-4) and inside[0].std() > 0.01


@pytest.mark.parametrize("shape", [(2, 5, 8, 12), (1, 3, 4, 4)])
def test_the_lattice_is_the_mean_by_position_modulo_4(shape):
    maps = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    lattice = Lattice.apply(maps)
    assert torch.allclose(lattice[..., 1, 2].double(), maps[..., 1::4, 2::4].mean((2, 3)), atol=1e-6)
    weights = torch.rand_like(lattice)
    (lattice * weights).sum().backward()
    expected = torch.autograd.grad(sum((maps[..., r::4, c::4].mean((2, 3)) * weights[..., r, c]).sum() for r in range(4) for c in range(4)), maps)
    assert torch.allclose(maps.grad, expected[0], atol=1e-6)


def test_the_high_pass_filter_is_blind_to_flat_images():
    assert HighPass()(torch.full((1, 3, 8, 8), 0.3)).abs().max() < 1e-5


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


def test_unknown_backbones_are_named():
    with pytest.raises(UserError, match="the backbone 'convnext_bass'"):
        Classifier("convnext_bass", {"a": 2})


def test_the_wavelet_residual_is_that_of_scikit_image(tiles):
    ours = prnu.wavelet_residual(tiles)
    for tile, residual in zip(tiles, ours, strict=True):
        denoised = denoise_wavelet(tile.astype(float), wavelet="db4", method="BayesShrink", mode="soft", channel_axis=-1, rescale_sigma=False)
        assert np.abs(tile - denoised - residual).max() < 0.02


def fingerprint_of(residuals):
    found = prnu.Fingerprint()
    for residual in residuals:
        found.add(residual)
    return found


def test_a_network_is_found_by_its_mean_residual():
    rng = np.random.default_rng(0)
    patterns = rng.normal(0, 3, (2, 8, 8, 3)).astype(np.float32)
    noisy = [pattern + rng.normal(0, 1, (20, 8, 8, 3)).astype(np.float32) for pattern in patterns]
    fingerprints = np.stack([fingerprint_of(part[:10]).mean for part in noisy])
    assert prnu.scores(noisy[1][10:], fingerprints).argmax(1).tolist() == [1] * 10


def test_residuals_can_be_cropped_and_stored_as_whole_levels(tiles):
    whole = prnu.residuals(prnu.centre(tiles, 16), "wavelet", int8=True)
    assert whole.shape == (6, 16, 16, 3) and np.array_equal(whole, np.trunc(whole))


@pytest.mark.parametrize(("name", "sentence"), [("wavelets", "there is no denoiser 'wavelets'"), ("bm3d", "the package is not installed")])
def test_denoisers_that_cannot_be_had_are_named(name, sentence, tiles, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bm3d", None)
    with pytest.raises(UserError, match=sentence):
        prnu.residuals(tiles, name, int8=False)


def test_out_of_phase_images_differ_by_image_and_not_by_network():
    image = np.arange(24 * 20 * 3, dtype=np.uint8).reshape(24, 20, 3)
    same = prnu.out_of_phase(np.stack([image] * 12), range(12), master_seed=1)
    assert same.shape == (12, 17, 13, 3) and len({cut.tobytes() for cut in same}) > 6
    assert np.array_equal(same, prnu.out_of_phase(np.stack([image] * 12), range(12), master_seed=1))


PLACE = np.stack(np.broadcast_arrays(*np.ogrid[:40, :44], 0), -1).astype(np.uint8)  # every pixel holds its row and column


def corners(numbers=range(12), images=None, **how):
    """Where the cut images begin."""
    images = np.stack([PLACE] * len(numbers)) if images is None else images
    shown = prnu.cut(images, numbers, master_seed=1, **{"crop": None, "tiles": True, "known_offset": False} | how)
    return {tuple(image[0, 0, :2].tolist()) for image in shown}, shown.shape


def test_the_baseline_sees_tiles_in_unknown_offsets_and_the_control_in_one():
    places, shape = corners()
    assert len(places) > 6 and len({(row % 4, column % 4) for row, column in places}) > 6 and shape == (12, 33, 37, 3)
    assert corners(known_offset=True) == ({(0, 0)}, (12, 33, 37, 3))
    assert len(corners(crop=16)[0]) > 6 and corners(crop=16, known_offset=True) == ({(8, 8)}, (12, 16, 16, 3))
    assert corners((5,)) == corners((5,)) != corners((6,))  # by the number of the image, for all networks alike


def test_photographs_are_cropped_at_their_centre_as_by_the_authors():
    assert corners((1,), crop=21, tiles=False)[0] == {(9, 11)}
    assert corners((1,), crop=21, tiles=False, known_offset=True) == ({(8, 8)}, (1, 21, 21, 3))
    assert len(corners(tiles=False)[0]) > 6  # whole images of one size are all in one phase


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

"""The kept classifier of a run answers as its predictions say."""

import numpy as np
import pytest
import torch

from srfp_lib import fleet
from srfp_lib.classifiers import recipe
from srfp_lib.classifiers.bodies import Classifier
from srfp_lib.classifiers.kept import Kept
from srfp_lib.common.errors import UserError
from srfp_lib.images.store import Images
from srfp_lib.profiles import SMOKE
from srfp_lib.study import Study


@pytest.fixture
def kept(tmp_path) -> Kept:
    torch.manual_seed(1)
    recipe.save_state(Classifier("small_plain", {"attribution": 180}, probed=True).eval(), tmp_path / "1.safetensors")
    return Kept(tmp_path / "1.safetensors", SMOKE.classifier, probed=True)


def images(n: int, side: int = 40) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, side, side, 3), np.uint8)


def test_probabilities_are_those_of_each_image_alone(kept):
    found = kept(images(18))
    assert found.shape == (18, 180) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-4)
    np.testing.assert_allclose(found[17], kept(images(18)[17:])[0], rtol=1e-3)
    assert kept(images(18)[:0]).shape == (0, 180) and kept.classes[0] == fleet.custom()[0].model_id


def test_a_gradient_reaches_the_image_and_no_weight(kept):
    shown = torch.rand(1, 3, 40, 40, requires_grad=True)
    kept.log_probabilities(shown)[0, 3].backward()
    assert shown.grad is not None and shown.grad.abs().sum() > 0 and all(p.grad is None for p in kept.network.parameters())


def test_of_a_run_it_answers_as_the_predictions_do(smoke: Study):
    predictions, classifier = smoke.predictions("attribution")[0], smoke.classifier(1)
    names = list(smoke.photographs("images")["image"])
    store = Images(smoke.workspace.path("images"), smoke.workspace.path("decoded"), names, tiles=True)
    rows = list(range(0, len(predictions.index), 23))
    picks = [(predictions.index["model_id"][i], names.index(predictions.index["image"][i])) for i in rows]
    crops = store.test_crops(picks, store.whole(picks[0][0]), seed=smoke.profile.master_seed)
    found = classifier(crops.mul(255).round().byte().permute(0, 2, 3, 1).numpy())
    assert classifier.classes == predictions.classes
    np.testing.assert_allclose(found, np.exp(predictions.scores[rows]), atol=0.03)  # theirs are of bfloat16
    with pytest.raises(UserError, match="makes no 'classifiers/attribution/9"):
        smoke.classifier(9)

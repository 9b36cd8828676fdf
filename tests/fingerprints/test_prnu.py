"""The jobs of the PRNU baseline: one look at every image, whatever the number of splits."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib import tasks
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import seeds
from srfp_lib.fingerprints import prnu
from srfp_lib.profiles import SMOKE
from srfp_lib.stages import making
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace

FOLDS = (0, 1, 2, 3, 0, 1, 2, 0)  # those of fold 3 are for validation in every run
IDS = [n.model_id for group in tasks.seed_triplets() for n in group]
OUTPUTS = tuple(f"predictions/prnu/{run}" for run in (1, 2, 3))


@pytest.fixture
def desk(tmp_path):
    """Images of 24 x 24 of the 90 networks, each with a pattern of period 4."""
    names = [f"i{i}" for i in range(len(FOLDS))]
    (tmp_path / "photos").mkdir()
    pd.DataFrame({"image": names, "photograph": names, "fold": FOLDS}).to_csv(tmp_path / "photos" / "images.csv", index=False)
    (tmp_path / "decoded").mkdir()
    noise = np.random.default_rng(0).integers(60, 180, (len(FOLDS), 32, 32, 3))
    for number, name in enumerate(IDS):
        pattern = np.tile(np.random.default_rng([1, number]).integers(-30, 30, (4, 4, 3)), (8, 8, 1))
        np.save(tmp_path / "decoded" / f"{name}.npy", (noise + pattern).astype(np.uint8))
    return Desk(Workspace(tmp_path, SMOKE), tmp_path / "out")


def made(desk, outputs=OUTPUTS, *, known_offset=False):
    making.prnu(desk, outputs, known_offset)
    return [Predictions.load(desk.out / output) for output in outputs]


def test_a_residual_is_computed_once_for_all_splits(desk, monkeypatch):
    looked, residual = [], prnu.RESIDUALS["wavelet"]

    def counting(images):
        looked.append(len(images))
        return residual(images)

    monkeypatch.setitem(prnu.RESIDUALS, "wavelet", counting)
    runs = made(desk)
    assert sum(looked) == 90 * sum(fold != 3 for fold in FOLDS)
    assert [run.run for run in runs] == [1, 2, 3] and {run.task for run in runs} == {"prnu"}
    assert sorted(image for run in runs for image in set(run.index["image"])) == [f"i{i}" for i, fold in enumerate(FOLDS) if fold != 3]


def test_scores_are_distances_to_the_mean_residuals_of_the_training_images(desk):
    run = made(desk)[1]
    tested = sorted({int(image[1:]) for image in run.index["image"]})
    trained = [i for i, fold in enumerate(FOLDS) if fold != 3 and i not in tested]
    triplet = IDS[6:9]

    def noise(name, numbers):
        images = prnu.out_of_phase(np.load(desk.read("decoded", f"{name}.npy"))[numbers], numbers, master_seed=1)
        return prnu.residuals(images, "wavelet", int8=False)

    mean = [noise(name, trained).mean(0) for name in triplet]
    expected = [[-np.square(x - m).sum() for m in mean] for x in noise(triplet[1], tested)]
    rows = (run.index["model_id"] == triplet[1]).to_numpy()
    assert np.allclose(run.scores[rows, 6:9], expected, rtol=1e-3)
    assert np.isneginf(np.delete(run.scores[rows], range(6, 9), 1)).all()  # networks of other triplets are not asked about


def test_a_pattern_that_a_known_offset_gives_away_says_little_in_an_unknown_one(desk):
    unknown, known = (seeds.scored(made(desk, known_offset=known))["correct"].mean() for known in (False, True))
    assert known > 0.9 and unknown < known - 0.2

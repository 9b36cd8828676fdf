"""The command `images`: PNG files of what a workspace keeps decoded."""

import errno

import numpy as np
import pytest

from srfp_lib import fleet
from srfp_lib.commands import cli
from srfp_lib.fleet import HR
from srfp_lib.images import export
from srfp_lib.images.arrays import read_png
from srfp_lib.published import sources
from srfp_lib.release import contents
from tests.conftest import hurried
from tests.release.folder import FEW, make, photograph


def test_a_run_that_keeps_no_png_files_writes_them_when_asked(smoke, tmp_path, capsys):
    root, names = smoke.workspace.root, list(smoke.photographs("images")["image"])
    assert not list(root.glob("**/images/*/*")) and len(list((root / "images").iterdir())) == len(contents.SPLITS)
    assert cli.main(["images", "--workspace", str(root), "--into", str(tmp_path / "x")]) == 0
    networks = [n.model_id for n in (*fleet.custom(), *sources.networks(smoke.profile.published))]
    assert f"{len(names)} images of each of {len(networks)} networks and the true ones are in {tmp_path / 'x'}" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "x").iterdir() if path.is_dir()} == {HR, *networks}
    assert set(contents.listing(tmp_path / "x").parts) == set(names)
    for network in (HR, networks[0], networks[-1]):
        kept = np.load(root / "decoded" / f"{network}.npy")
        assert all(np.array_equal(read_png(tmp_path / "x" / network / f"{name}.png"), pixels) for name, pixels in zip(names, kept, strict=True))


@pytest.fixture
def released(tmp_path, monkeypatch):
    """A workspace of the images of three networks."""
    hurried(monkeypatch)
    folder = make(tmp_path / "SISR")
    assert cli.main(["release", str(folder), "--workspace", str(tmp_path / "w"), "--profile", "smoke"]) == 0
    return tmp_path / "w"


def test_the_folder_lies_beside_the_workspace_and_is_never_written_twice(released, capsys):
    beside = released.with_name("w-images")
    assert cli.main(["images", "--workspace", str(released)]) == 0
    assert "202 networks have none in this workspace yet" in capsys.readouterr().out
    assert {p.name for p in beside.iterdir()} == {HR, *FEW, *contents.SPLITS.values()}
    for network in (HR, *FEW):
        one, other = (read_png(place / network / f"{photograph(3)}.png") for place in (beside, released / "images"))
        assert np.array_equal(one, other)
    assert cli.main(["images", "--workspace", str(released)]) == 2
    assert f"'{beside}' is there already: delete it, or name another folder with --into" in capsys.readouterr().err


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(released, tmp_path, capsys, monkeypatch):
    assert cli.main(["images", "--workspace", str(released), "--into", str(released / "images" / "mine")]) == 2
    assert "lies in the workspace, whose folders belong to its jobs: name one outside it with --into" in capsys.readouterr().err

    def full(pixels, path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(export, "save_png", full)
    assert cli.main(["images", "--workspace", str(released), "--into", str(tmp_path / "x")]) == 2
    assert "no space is left on the disk of" in capsys.readouterr().err
    assert not [p for p in tmp_path.iterdir() if p.name.lstrip(".").startswith("x")]


def test_a_workspace_without_images_is_refused(tmp_path, capsys):
    assert cli.main(["images", "--workspace", str(tmp_path / "none")]) == 2
    assert "there is no workspace" in capsys.readouterr().err
    (tmp_path / "new").mkdir()
    assert cli.main(["images", "--workspace", str(tmp_path / "new")]) == 2
    assert "holds no finished images: make them with python -m srfp_lib run" in capsys.readouterr().err

"""Chapters can be played with: parameters that papermill explains, that are checked before anything is made, and that change nothing kept."""

import base64
import hashlib
import os
import re
import subprocess
import sys

import nbformat
import papermill
import pytest

from srfp_lib.common.checkout import HOME
from srfp_lib.common.errors import UserError
from srfp_lib.pages import chapters, notebooks
from srfp_lib.pages.parameters import one_of
from srfp_lib.study import Study

ALL = [chapter.notebook for chapter in chapters.CHAPTERS.values()]
GENERAL = {"profile", "workspace", "workers", "device"}
LATER = {"image", "photograph"}  # what there is, is known when the photographs are there
IMPOSSIBLE = {"str": "no such value", "int": "x", "float": "x", "bool": "x"}


def code(name):
    """The cells of code, the parameters' first."""
    cells = [c for c in nbformat.read(notebooks.source(name), 4).cells if c.cell_type == "code"]
    first = next((i for i, c in enumerate(cells) if "parameters" in c.metadata.get("tags", [])), None)
    return [c.source for c in (cells if first is None else cells[first:])] if first is not None else ["", *(c.source for c in cells)]


def explained(name):
    return papermill.inspect_notebook(str(notebooks.source(name)))


OWN = [(name, parameter) for name in ALL for parameter in notebooks.parameters(name) if parameter not in GENERAL | LATER]


@pytest.mark.parametrize("name", ALL)
def test_papermill_explains_every_parameter(name):
    for parameter, about in explained(name).items():
        assert about["inferred_type_name"] in IMPOSSIBLE and len(about["help"].split()) > 2, parameter


@pytest.mark.parametrize("name", ALL)
def test_every_parameter_is_used_and_general_ones_are_handed_on(name):
    first, *others = code(name)
    for parameter in notebooks.parameters(name):
        assert re.search(rf"\b{parameter}\b", "\n".join(others)), parameter
    if chapters.CHAPTERS[name[:2]].needs:
        assert set(notebooks.parameters(name)) >= GENERAL
        assert f'study.begin("{name[:2]}", workers=workers, device=device)' in "\n".join(others)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return Study.open("smoke", tmp_path_factory.mktemp("empty") / "w")


@pytest.fixture
def opened(empty, monkeypatch):
    """Runs a chapter's cells up to the one that makes what it needs, with some parameters changed; nothing can be made."""

    def nothing(*_, **__):
        raise AssertionError("something is made before the parameters are checked")

    monkeypatch.setattr(Study, "open", lambda *_, **__: empty)
    monkeypatch.setattr(Study, "make", nothing)

    def run(name, **values):
        first, *others = code(name)
        place = {}
        exec(first, place)  # a chapter of the repository
        place |= values
        for source in others:
            exec(source, place)
            if re.search(r"study\.begin\(|notebooks\.kept\(", source):
                return

    return run


@pytest.mark.parametrize(("name", "parameter"), OWN)
def test_an_impossible_value_is_refused_before_anything_is_made(opened, name, parameter):
    value = IMPOSSIBLE[explained(name)[parameter]["inferred_type_name"]]
    with pytest.raises(UserError, match=rf"the parameter {parameter} is '{value}': (choose|give) "):
        opened(name, **{parameter: value})


@pytest.mark.parametrize(("parameter", "value", "sentence"), [
    ("workers", "many", "the parameter workers is 'many': give a whole number"),
    ("workers", 0, "the parameter workers is 0: give a whole number"),
    ("device", "tpu", "there is no device 'tpu': choose auto, cpu, cuda"),
    ("device", 0, "there is no device '0'"),
])  # fmt: skip
def test_impossible_workers_and_devices_are_refused(opened, parameter, value, sentence):
    with pytest.raises(UserError, match=sentence):
        opened("01_photographs", **{parameter: value})


def plain(folder, name, **values):
    """A chapter by plain papermill, from a folder that is not the checkout's."""
    given = [text for key, value in values.items() for text in ("-p", key, str(value))]
    command = [sys.executable, "-m", "papermill", str(notebooks.source(name)), "out.ipynb", "--no-progress-bar", *given]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(HOME)})


@pytest.mark.slow
@pytest.mark.parametrize(("name", "values", "sentence"), [
    ("07_attribution", {"run": "x"}, "the parameter run is 'x': give a whole number from 1 to 3"),
    ("04_images", {"tops": 3}, "chapter 04_images has no parameter 'tops': it has profile, workspace, workers, device, image, top"),
    ("16_architecture", {"profile": "smoke"}, "chapter 16_architecture has no parameter 'profile': it has "),
])  # fmt: skip
def test_the_last_line_of_plain_papermill_is_the_sentence(tmp_path, name, values, sentence):
    general = {} if name[:2] == "16" else {"profile": "smoke", "workspace": tmp_path / "w"}
    refused = plain(tmp_path, name, **general, **values)
    assert refused.returncode and refused.stderr.strip().splitlines()[-1].startswith(f"UserError: {sentence}")
    assert not (tmp_path / "w").exists()


def pictures(notebook):
    outputs = [o.data for c in nbformat.read(notebook, 4).cells for o in c.get("outputs", []) if "data" in o]
    return [base64.b64decode(data["image/png"]) for data in outputs if "image/png" in data]


def kept(root):
    """Digests of a workspace's files; hidden ones are caches of digests."""
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    return {p.relative_to(root): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize(("name", "values", "figure"), [
    ("01_photographs", {"per_photograph": 2, "levels": 4, "photograph": "china"}, None),
    ("04_images", {"top": 8, "left": 16, "side": 24, "scale": 2, "seeds": "1,3"}, "figure_2"),
    ("07_attribution", {"tsne_images": 2, "grouping": "dataset", "scale": 4}, None),
    ("08_seeds", {"triplet": "RCAN-div2k-x2-L1", "denoiser": "median", "training_images": 3, "offset": "known"}, None),
])  # fmt: skip
def test_playing_changes_a_picture_and_nothing_that_is_kept(smoke, tmp_path, name, values, figure):
    root = smoke.workspace.root
    before = kept(root)
    played = plain(tmp_path, name, workspace=root, **values)
    assert played.returncode == 0, played.stderr[-2000:]
    assert kept(root) == before
    ours, theirs = pictures(tmp_path / "out.ipynb"), pictures(smoke.workspace.path("chapters", f"{name}.ipynb"))
    assert len(ours) == len(theirs) and ours != theirs
    assert figure is None or smoke.workspace.path("figures", f"{figure}.png").read_bytes() not in ours


def test_a_long_list_of_choices_is_cut():
    with pytest.raises(UserError, match=r"choose one of 0, 1, .* 23, \.\.\.$"):
        one_of("n", "x", range(30))

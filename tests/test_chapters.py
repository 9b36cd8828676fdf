"""Chapters are pairs without outputs, run anywhere by themselves, and leave what they promise."""

import json
import os
import re
import subprocess
import sys

import jupytext
import nbformat
import numpy as np
import papermill
import pytest

from srfp_lib import fleet
from srfp_lib.commands.book import built
from srfp_lib.common.checkout import HOME
from srfp_lib.common.errors import UserError
from srfp_lib.pages import chapters, notebooks
from srfp_lib.published import sources

ALL = [chapter.notebook for chapter in chapters.CHAPTERS.values()]


def cells(notebook):
    return [(c.cell_type, c.source, {k: v for k, v in c.metadata.items()}) for c in notebook.cells]


@pytest.mark.parametrize("name", ALL)
def test_the_pair_is_equal_and_carries_no_outputs(name):
    text, notebook = jupytext.read(HOME / "notebooks" / f"{name}.md"), nbformat.read(HOME / "notebooks" / f"{name}.ipynb", 4)
    assert cells(text) == cells(notebook)
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in notebook.cells if c.cell_type == "code")


@pytest.mark.parametrize("name", ALL)
def test_a_chapter_has_parameters_a_question_and_a_box(name):
    notebook, needs = nbformat.read(HOME / "notebooks" / f"{name}.ipynb", 4), chapters.CHAPTERS[name[:2]].needs
    known = set(notebooks.parameters(name))
    general = {"profile", "workspace", "workers", "device"}  # of a chapter that needs no run they would change nothing
    assert known >= general if needs else not known & general
    assert "**Question.**" in notebook.cells[0].source and "**Here**" in "".join(c.source for c in notebook.cells)
    assert notebook.cells[-1].source == (f'study.box("{name[:2]}")' if needs else f'Box("{name[:2]}")')


@pytest.mark.parametrize("name", ALL)
def test_a_sentence_forms_its_interval_so_that_there_may_be_none(name):
    """With one photograph an end formatted by itself reads "nan"."""
    assert not re.search(r"""low(["']\])?:[+.]""", (HOME / "notebooks" / f"{name}.md").read_text())


def test_every_notebook_is_a_chapter_and_in_the_table_of_contents():
    there = {p.stem for p in (HOME / "notebooks").glob("*.ipynb")}
    listed = set(re.findall(r"notebooks/(\w+)\.ipynb", (HOME / "_toc.yml").read_text()))
    assert there == set(ALL) == listed


def test_an_unknown_parameter_is_refused(tmp_path):
    with pytest.raises(UserError, match="chapter 01_photographs has no parameter 'profil'"):
        notebooks.execute("01_photographs", tmp_path / "out.ipynb", {"profil": "smoke"})


@pytest.mark.parametrize("name", ALL)
def test_parameters_are_found_without_papermill(name, monkeypatch):
    known = list(papermill.inspect_notebook(str(HOME / "notebooks" / f"{name}.ipynb")))
    monkeypatch.setitem(sys.modules, "papermill", None)
    assert notebooks.parameters(name) == known


def test_a_chapter_that_shows_images_needs_no_torch(smoke):
    image = smoke.photographs("images")["image"].iloc[0]
    code = f"""
import sys
from srfp_lib.study import Study
pixels = Study.open("", {str(smoke.workspace.root)!r}).pixels("HR-HR-HR-HR-HR", {image!r})
assert pixels.shape == (48, 48, 3) and pixels.flags.writeable and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=HOME, check=True)


@pytest.mark.slow
def test_plain_papermill_refuses_an_unknown_parameter_too(tmp_path):
    for name, parameter, known in (("06_backbones", "profil", "profile, workspace"), ("17_benchmarks", "profile", "benchmark, by, measure")):
        with pytest.raises(papermill.PapermillExecutionError, match=f"chapter {name} has no parameter '{parameter}': it has {known}"):
            source = HOME / "notebooks" / f"{name}.ipynb"
            papermill.execute_notebook(source, tmp_path / "out.ipynb", {parameter: "smoke"}, progress_bar=False, cwd=HOME)


@pytest.mark.parametrize("name", ["16_architecture", "17_benchmarks", "18_running_it_big"])
def test_a_chapter_of_kept_tables_refuses_parameters_that_would_change_nothing(tmp_path, name):
    with pytest.raises(UserError, match=f"chapter {name} has no parameter 'profile': it has {', '.join(notebooks.parameters(name))}"):
        notebooks.execute(name, tmp_path / "out.ipynb", {"profile": "smoke"})


@pytest.mark.slow
def test_a_workspace_that_papermill_took_for_a_number_is_refused(tmp_path):
    """``-p workspace 2024_11`` arrives as 202411: the sentence names the option that leaves text alone."""
    papermill_ = [sys.executable, "-m", "papermill", str(HOME / "notebooks" / "01_photographs.ipynb"), "out.ipynb", "--no-progress-bar"]
    how = {"cwd": tmp_path, "capture_output": True, "text": True, "env": os.environ | {"PYTHONPATH": str(HOME)}}
    refused = subprocess.run([*papermill_, "-p", "profile", "smoke", "-p", "workspace", "2024_11"], check=False, **how)
    assert refused.returncode and "a path is text, and not 202411: with papermill give it by -r" in refused.stderr
    subprocess.run([*papermill_, "-p", "profile", "smoke", "-r", "workspace", "2024_11"], check=True, **how)
    assert (tmp_path / "2024_11").exists() and not (tmp_path / "202411").exists()


@pytest.mark.slow
def test_a_foreign_kernel_and_braces_in_the_path_do_no_harm(tmp_path, monkeypatch):
    """The user's own kernel "python3" ends at once; ours is used."""
    foreign = tmp_path / "share" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    monkeypatch.setenv("MPLBACKEND", "no such backend")
    out = tmp_path / "{1} {a}" / "out.ipynb"
    out.parent.mkdir()
    notebooks.execute("17_benchmarks", out, {})
    assert nbformat.read(out, 4).metadata.kernelspec.name == "python3"


@pytest.mark.slow
def test_a_chapter_whose_profile_is_unknown_says_so(tmp_path):
    with pytest.raises(UserError, match="chapter 01_photographs: there is no profile 'smokey'"):
        notebooks.execute("01_photographs", tmp_path / "out.ipynb", {"profile": "smokey"})


def test_a_chapter_runs_from_any_folder_by_papermill_alone(smoke, tmp_path):
    source = HOME / "notebooks" / "06_backbones.ipynb"
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(source),
        "out.ipynb",
        "-p",
        "workspace",
        str(smoke.workspace.root),
        "--no-progress-bar",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(HOME)})
    assert (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize("number", chapters.CHAPTERS)
def test_the_smoke_run_made_every_table_and_figure(smoke, number):
    for output in chapters.CHAPTERS[number].outputs:
        assert smoke.workspace.path(output).stat().st_size > 0


def test_every_job_of_the_smoke_run_is_done(smoke):
    assert set(smoke.states().values()) == {"done"}


def test_every_network_has_its_images_and_the_180_their_weights(smoke):
    root = smoke.workspace.root
    assert len(list((root / "networks").glob("*/weights.safetensors"))) == 180
    kept = {p.stem: np.load(p, mmap_mode="r").shape for p in (root / "decoded").iterdir()}
    assert {n.model_id for n in fleet.custom() + sources.networks(smoke.profile.published)} | {"HR-HR-HR-HR-HR"} == kept.keys()
    assert set(kept.values()) == {(9, 48, 48, 3)}


def test_executed_figures_have_alt_text_and_no_paths_show(smoke):
    for name in ALL:
        notebook = nbformat.read(smoke.workspace.path("chapters", f"{name}.ipynb"), 4)
        assert "jupytext" not in notebook.metadata
        for cell in notebook.cells:
            shown = json.dumps(cell.get("outputs", []))
            if "image/png" in shown:
                assert len(cell.metadata["mystnb"]["image"]["alt"].split()) > 4, name
            if str(smoke.workspace.root) in cell.source:
                assert "remove-cell" in cell.metadata["tags"]


@pytest.fixture(scope="module")
def pages(smoke):
    first = built(smoke)
    return {p: p.read_text() for p in first.parent.rglob("*.html") if "_static" not in p.parts}


def test_every_image_of_the_book_has_a_sentence(pages):
    for page, text in pages.items():
        for tag in re.findall(r"<img [^>]*>", text):
            alt = re.search(r'alt="([^"]*)"', tag)
            assert alt and len(alt.group(1)) > 5 and not re.fullmatch(r"\S+\.(png|svg)", alt.group(1)), f"{page.name}: {tag[:120]}"


def test_internal_links_of_the_book_lead_somewhere(pages):
    ids = {page: set(re.findall(r'id="([^"]+)"', text)) for page, text in pages.items()}
    for page, text in pages.items():
        for link in re.findall(r'<a [^>]*href="([^"]+)"', text):
            if re.match(r"(https?:|mailto:|javascript:|#$)", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name} links to {link}"
            if anchor and target in ids:
                assert anchor in ids[target], f"{page.name} links to {link}"


def test_a_book_without_executed_chapters_is_refused(smoke, tmp_path):
    from srfp_lib.study import Study

    empty = Study.open("smoke", tmp_path / "empty")
    with pytest.raises(UserError, match="lacks the executed chapters 01"):
        built(empty)

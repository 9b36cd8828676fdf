"""Notebooks run elsewhere: one install cell in all of them, and one list of versions for every place."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from srfp_lib.common.checkout import HOME
from srfp_lib.pages import install_cell

NOTEBOOKS = sorted((HOME / "notebooks").glob("*.md"))
PLACES = ("Dockerfile", "binder/requirements.txt", "binder/postBuild", "binder/apt.txt", ".devcontainer/devcontainer.json")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_begins_with_the_install_cell(path):
    text = path.read_text()
    assert install_cell.inserted(text) == text, "run python -m srfp_lib.pages.install_cell"


def test_the_cell_does_nothing_where_the_package_is(capsys):
    exec(install_cell.text(), {})
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("repository", "sentence"), [
    ("", "this notebook does not know its repository: install it in a checkout"),
    ("https://localhost:1/nothing.git", "nothing.git"),
])  # fmt: skip
def test_the_cell_says_what_it_lacks(tmp_path, repository, sentence):
    code = install_cell.TEXT.format(begins=install_cell.BEGINS, repository=repository)
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode and sentence in done.stderr and not (tmp_path / "srfp").exists()


def test_a_changed_address_replaces_the_old_cell(monkeypatch):
    before = install_cell.inserted("# A page\n\n```{code-cell} ipython3\n1\n```\n")
    monkeypatch.setattr(install_cell, "text", lambda: install_cell.BEGINS + "\nother()")
    assert install_cell.inserted(before).count(install_cell.BEGINS) == 1 and "other()" in install_cell.inserted(before)


@pytest.mark.parametrize("place", PLACES)
def test_versions_stand_in_the_requirements_alone(place):
    text = (HOME / place).read_text()
    named = re.findall(r"[\w-]+\s*[=~<>]=\s*\d[\w.]*", text)
    assert not named, f"{place} has versions of its own: {named}"


def test_jupyterlab_is_pinned_beside_the_same_versions():
    pins = {name: dict(re.findall(r"^([\w.-]+)==(\S+)", (HOME / name).read_text(), re.M)) for name in ("requirements.txt", "requirements-lab.txt")}
    both = pins["requirements.txt"].keys() & pins["requirements-lab.txt"].keys()
    assert "jupyterlab" in pins["requirements-lab.txt"]
    assert {name: pins["requirements.txt"][name] for name in both} == {name: pins["requirements-lab.txt"][name] for name in both}


def test_the_container_reads_files_that_are_there():
    json.loads((HOME / ".devcontainer" / "devcontainer.json").read_text())
    copied = re.findall(r"^COPY --chown=srfp (.+) \S+$", (HOME / "Dockerfile").read_text(), re.M)
    assert copied and all((HOME / name).exists() for line in copied for name in line.split())

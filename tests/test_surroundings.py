"""The study runs, or says in one sentence why not, wherever it is put: containers, other systems, odd folders, copies without a checkout."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

import srfp_lib
from srfp_lib.commands import cli
from srfp_lib.commands.book import built
from srfp_lib.common import checkout, surroundings
from srfp_lib.common.checkout import HOME
from srfp_lib.common.errors import UserError
from srfp_lib.pages import book
from srfp_lib.study import Study
from srfp_lib.workflow import engines

ONLY_POSIX = ("fcntl", "resource", "pwd", "grp", "termios")
SEARCHED = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HOME)}
NAMELESS = "import getpass\ndef nobody(): raise OSError('no such user id')\ngetpass.getuser = nobody\n"
ONE_JOB = "from srfp_lib.study import Study\nstudy = Study.open('smoke', {!r})\nstudy.make('photographs')\nprint(study.states()['photographs'])\n"


def python(code: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code, or a script, in a folder with this environment and no other."""
    what = [str(code)] if isinstance(code, Path) else ["-c", code]
    return subprocess.run([sys.executable, *what], cwd=folder, env=SEARCHED | environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_module_is_imported_without_what_only_posix_has(tmp_path):
    root = Path(srfp_lib.__file__).parent
    names = [".".join(("srfp_lib", *p.relative_to(root).with_suffix("").parts)).removesuffix(".__init__") for p in sorted(root.rglob("*.py"))]
    code = "import psutil, importlib, os, sys\n"  # psutil has modules of its own for each system
    code += f"for name in {ONLY_POSIX}: sys.modules[name] = None\nif hasattr(os, 'sysconf'): del os.sysconf\n"
    done = python(code + f"for name in {names}: importlib.import_module(name)", tmp_path, HOME=str(tmp_path), USERNAME="anna")
    assert len(names) > 100 and not done.returncode, done.stderr


@pytest.mark.parametrize("home", ["/nonexistent", "/proc", ""])
def test_a_user_without_a_name_and_a_home_gets_both(tmp_path, home):
    code = NAMELESS + "from srfp_lib.common import surroundings\nsurroundings.prepare()\nimport os\n"
    code += "import tempfile\nhome = os.path.expanduser('~')\ntempfile.TemporaryFile(dir=home).close()\nprint(os.environ['USER'], home)"
    done = python(code, tmp_path, HOME=home)
    assert not done.returncode and done.stdout.startswith("srfp /"), done.stderr
    assert "srfp-home-" not in done.stdout or not Path(done.stdout.split()[1]).exists()  # gone with its process


def test_a_proper_machine_stays_as_it_is(monkeypatch, tmp_path):
    for name in ("USER", "LOGNAME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USER", "anna")
    monkeypatch.setenv("HOME", str(tmp_path))
    before = dict(os.environ)
    surroundings.prepare()
    assert dict(os.environ) == before


STRANGER = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("program", ["srfp_lib run --workspace w --chapters 02", f"papermill {HOME}/notebooks/02_fleet.ipynb o.ipynb -p workspace w"])
def test_an_unknown_user_id_trains_and_makes_a_chapter(tmp_path, program):
    """As in ``docker --user 12345``: no name, no home; the chapter also by papermill alone."""
    os.chown(tmp_path, 12345, 12345)
    command = [*STRANGER, sys.executable, "-m", *program.split(), *("--profile smoke" if "srfp_lib" in program else "-p profile smoke").split()]
    done = subprocess.run(command, cwd=tmp_path, env=SEARCHED | {"HOME": "/nonexistent"}, capture_output=True, text=True, check=False)
    assert not done.returncode and (tmp_path / "w/networks/EDSR-div2k-x2-L1-s1/weights.safetensors").exists(), done.stderr


@pytest.mark.slow
def test_a_script_without_a_main_guard(tmp_path):
    (tmp_path / "script.py").write_text("print('once')\n" + ONE_JOB.format(str(tmp_path / "w")))
    done = python(tmp_path / "script.py", tmp_path, HOME=str(tmp_path))
    assert done.stdout.split() == ["once", "done"], done.stderr


def test_a_package_without_its_checkout_says_so(tmp_path):
    shutil.copytree(Path(srfp_lib.__file__).parent, tmp_path / "srfp_lib", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    command = "import sys\nfrom srfp_lib.commands.cli import main\nsys.exit(main(['run']))"
    for code in (command, "from srfp_lib.study import Study\nStudy.open('smoke')"):
        done = python(code, tmp_path, **environment)
        assert f"'{tmp_path}' has no data, notebooks, book: this copy of srfp_lib was installed without its checkout" in done.stderr
        assert "pip install -e ." in done.stderr.splitlines()[-1]
    assert python(command, tmp_path, **environment).returncode == 2


def test_extras_are_installed_into_the_checkout():
    """Without -e pip puts a copy of the package in its place, which has no data."""
    texts = {p: p.read_text() for pattern in ("*.md", "book/*.md", "*.yml", "Makefile", "srfp_lib/**/*.py") for p in HOME.glob(pattern)}
    commands = [command for text in texts.values() for command in re.findall(r"pip install [^`\n]*", text)]
    assert [c for c in commands if re.search(r"'?\.(\[|$| |,|')", c) and "-e" not in c] == [] and len(commands) > 5


def test_memory_and_python_are_the_same_everywhere():
    pages = [(HOME / name).read_text() for name in ("README.md", "book/how_to_rerun.md")]
    for fact in (r"You need Python (.*?),", r"(\d+) GB of memory", r"(\d+) GB of disk"):
        assert len({re.search(fact, page).group(1) for page in pages}) == 1, fact
    allowed = re.search(r'requires-python = "(.*?)"', (HOME / "pyproject.toml").read_text()).group(1)
    assert (
        allowed == ">=3.11,<3.13" and "Python 3.11 or 3.12" in pages[0] and "(3, 11) <= sys.version_info < (3, 13)" in (HOME / "Makefile").read_text()
    )


ADDRESS = "https://github.com/someone/srfp"


@pytest.mark.slow
@pytest.mark.parametrize("address", ["", ADDRESS])
def test_buttons_lead_to_the_repository_or_are_not_there(tmp_path, monkeypatch, address):
    """A book of two pages with our settings."""
    config = yaml.safe_load((HOME / "_config.yml").read_text())
    assert config["sphinx"]["config"]["html_theme_options"]["repository_url"] == ""  # nobody's, until somebody sets it
    config["sphinx"]["config"]["html_theme_options"]["repository_url"] = address
    home = tmp_path / "home"
    shutil.copytree(HOME / "book/_static", home / "book/_static")
    shutil.copy(HOME / "book/references.bib", home / "book")
    (home / "_config.yml").write_text(yaml.safe_dump(config))
    (home / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters:\n- file: notebooks/14_real_networks.ipynb\n")
    (home / "book/intro.md").write_text("# First\n")
    monkeypatch.setattr(book, "HOME", home)
    monkeypatch.setattr(book, "CHAPTERS", {"14": book.CHAPTERS["14"]})
    monkeypatch.setattr(book.goals, "added", lambda page, told: page)  # what comes before and after a chapter links to others
    study = Study.open("smoke", tmp_path / "w")
    study.workspace.path("chapters").mkdir(parents=True)
    page = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Second")], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    nbformat.write(page, study.workspace.path("chapters/14_real_networks.ipynb"))
    first = book.build(study.workspace, {"chapters/14_real_networks": "done"}, {})
    html = (first.parent / "notebooks/14_real_networks.html").read_text()
    buttons = [word for word in ("mybinder.org", "colab.research", "source-repository-button") if word in html]
    assert buttons == (["mybinder.org", "colab.research", "source-repository-button"] if address else [])
    assert "github.com/None" not in html and (ADDRESS in html) == bool(address)


def test_the_second_book_from_a_read_only_checkout(tmp_path, monkeypatch):
    source = tmp_path / "home"
    shutil.copytree(HOME / "book", source / "book")
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(HOME / name, source)
    for path in (source, *source.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr(book, "HOME", source)
    monkeypatch.setattr(book, "CHAPTERS", {})
    study, target = Study.open("smoke", tmp_path / "w"), tmp_path / "w/book"
    book._gather(study.workspace, target)
    assert all(path.stat().st_mode & stat.S_IWUSR for path in target.rglob("*"))
    times = {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()}
    book._gather(study.workspace, target)
    assert times == {path: path.stat().st_mtime_ns for path in times}  # and nothing is built again that did not change


ODD = "a b #1 {x} {0} ümläut 100% 写真 'q'"


def test_a_workspace_with_an_odd_name_makes_a_chapter_and_the_book(smoke, tmp_path):
    root = tmp_path / ODD
    shutil.copytree(smoke.workspace.root, root, ignore=shutil.ignore_patterns("book"))
    (root / "tables/table_2.csv").unlink()
    study = Study.open("", root)
    assert study.states()["chapters/06_backbones"] == "damaged"
    assert cli.main(["run", "--workspace", str(root), "--chapters", "06"]) == 0
    page = built(study)
    assert page.exists() and ODD in str(page)


def test_a_pool_that_may_start_no_processes_says_so(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    with pytest.raises(UserError, match="a worker of multiprocessing.Pool may start no processes"):
        engines.make("local", 2)


def test_a_chapter_by_its_number_or_none(tmp_path):
    study = Study.open("smoke", tmp_path / "w")
    assert "kept in the repository" in study.begin("17").markdown
    with pytest.raises(UserError, match="there is no chapter '77'"):
        study.begin("77")


def test_the_checkout_is_whole():
    checkout.check()


def test_a_folder_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(checkout, "HOME", tmp_path)
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError, match="has no notebooks, book"):
        surroundings.prepare()

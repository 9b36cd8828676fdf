"""What turns the book's sources into pages: Jupyter Book 1, and plain Sphinx, should Jupyter Book 1 stop one day.

What only Jupyter Book knows is its `_config.yml`; `CONF` reads that file for Sphinx.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..common.checkout import HOME
from ..common.errors import UserError
from ..common.files import write_whole

Renderer = Callable[[Path], tuple[list[str], Path]]  # of the folder with the sources: a command, and the page that it leaves

CONF = '''"""The settings of _config.yml for Sphinx itself."""

import sys
from pathlib import Path

import yaml

sys.path.insert(0, HOME)  # the book's own extension lies in the package
_book = yaml.safe_load(Path(__file__).with_name("_config.yml").read_text(encoding="utf-8"))
project, author, copyright = _book["title"], _book["author"], _book["copyright"]
extensions = ["sphinx_external_toc", "myst_nb", "sphinx_togglebutton", "sphinx_copybutton", "sphinx_design", "sphinxcontrib.bibtex"]
extensions += _book["sphinx"]["extra_extensions"]
external_toc_path, nb_execution_mode = "_toc.yml", "off"
html_theme, html_title, html_logo, html_favicon = "sphinx_book_theme", _book["title"], _book["logo"], _book["html"]["favicon"]
myst_enable_extensions, bibtex_bibfiles = _book["parse"]["myst_enable_extensions"], _book["bibtex_bibfiles"]
exclude_patterns = ["_build", *_book["exclude_patterns"]]
globals().update(_book["sphinx"]["config"])
'''


def jupyter_book(source: Path) -> tuple[list[str], Path]:
    """HTML by Jupyter Book."""
    return [*_jupyter_book(source), "-W", "-n", "--keep-going"], source / "_build" / "html" / "index.html"


def epub(source: Path) -> tuple[list[str], Path]:
    """One EPUB file by Jupyter Book."""
    return [*_jupyter_book(source), "--builder", "custom", "--custom-builder", "epub"], source / "_build" / "epub" / "book.epub"


def _jupyter_book(source: Path) -> list[str]:
    return [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(source)]


def sphinx(python: str) -> Renderer:
    """HTML by the Sphinx of a Python that has the packages of requirements-sphinx.txt. Raises UserError if it has none."""
    try:
        asked = [python, "-c", "import myst_nb, sphinx; print(sphinx.__version__)"]
        version = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        version = ""
    if int(version.partition(".")[0] or 0) < 8:
        has = f"has Sphinx {version}" if version else "has no Sphinx with myst-nb"
        raise UserError(f"--sphinx is {python}, which {has}: name a Python with the packages of requirements-sphinx.txt")

    def plain(source: Path) -> tuple[list[str], Path]:
        write_whole(source / "conf.py", CONF.replace("HOME", repr(str(HOME))).encode())
        target = source / "_build" / "sphinx"
        return [python, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-b", "html", str(source), str(target)], target / "index.html"

    return plain

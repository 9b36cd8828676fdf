"""``book``: the book of a workspace, and all that is given away with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..common.checkout import place


def options(parser: argparse.ArgumentParser) -> None:
    """The options of the command beside profile and workspace."""
    parser.add_argument("--sphinx", default="", metavar="PYTHON", help="build by plain Sphinx, with the packages of requirements-sphinx.txt")
    parser.add_argument("--release", type=place, metavar="FOLDER", help="also write the book as a zip and an EPUB, the notebooks, and checksums")


def book(options: argparse.Namespace) -> int:
    """Build the book and print the path of its first page, or those of a release."""
    from ..pages import bundle, renderers
    from ..study import Study

    study = Study.open(options.profile, options.workspace)
    if options.release:
        bundle.check(options.release, study.workspace.root)
    page = built(study, renderers.sphinx(options.sphinx) if options.sphinx else renderers.jupyter_book)
    print(page)
    if options.release:
        target: Path = options.release
        for path in bundle.write(study.workspace.root, page, built(study, renderers.epub), target):
            print(path)
    return 0


def built(study: Any, renderer: Any = None) -> Path:
    """Build the book of a study with its appendix and the data of its interactive figures; the path of its first page."""
    from .. import program
    from ..explore.files import files
    from ..pages import appendix, chapters, renderers
    from ..pages.book import build

    works, states = [(kind.name, kind.in_the_paper, kind.leaves) for kind in program.kinds(study.profile)], study.states()
    generated: dict[str, str | bytes] = {**appendix.pages(study.receipts(), study.made_elsewhere(), works)}
    if all(states.get(chapters.name_of(number)) == "done" for number in chapters.CHAPTERS):  # else `build` says what is missing
        generated |= files(study)
    return build(study.workspace, states, generated, renderer or renderers.jupyter_book)

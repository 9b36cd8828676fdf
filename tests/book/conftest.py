"""The book of the smoke run, built once."""

from pathlib import Path

import pytest

from srfp_lib.commands import cli


@pytest.fixture(scope="package")
def root(smoke) -> Path:
    """The folder of the built pages."""
    assert cli.main(["book", "--workspace", str(smoke.workspace.root)]) == 0
    return smoke.workspace.path("book", "_build", "html")


def pages(root: Path) -> list[Path]:
    """The pages that have text of ours."""
    return [page for page in root.rglob("*.html") if page.parent != root and not {"_static", "_sources"} & set(page.relative_to(root).parts)]

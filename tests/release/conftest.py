"""A small release, and the command that takes it over."""

import argparse

import pytest

from srfp_lib.commands import cli, release
from tests.conftest import hurried
from tests.release.folder import make


@pytest.fixture(autouse=True)
def commands(monkeypatch):
    """The command, whether the command line has it already or not; jobs run in this process."""
    hurried(monkeypatch)
    build = cli._parser

    def with_release():
        parser = build()
        action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        if "release" not in action.choices:
            release.add_to(action)
        return parser

    monkeypatch.setattr(cli, "_parser", with_release)


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path / "SISR")


def take(folder, workspace, *more):
    return cli.main(["release", str(folder), "--workspace", str(workspace), "--profile", "smoke", *more])

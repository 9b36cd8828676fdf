import pytest

from srfp_lib.profiles import SMOKE
from srfp_lib.workflow.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    made = Workspace.open(tmp_path / "w", SMOKE)
    with made.lock():
        made.claim()
    return made

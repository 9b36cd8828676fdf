"""A few cases of the fault script, `tests/faults/engines.py`."""

import pytest

from tests.faults import engines
from tests.faults.disturbed import Disturbed, tables


@pytest.mark.slow
def test_what_dies_loses_nothing(tmp_path, capfd):
    undisturbed = Disturbed(tmp_path / "undisturbed", "small", "--workers", "3")
    undisturbed.finish()
    for name in ("local runner", "local job"):
        assert engines.try_case(name, "small", tmp_path / name, tables(undisturbed.root)), capfd.readouterr().out

"""Predictions are written and read back; what is damaged is named."""

import numpy as np
import pandas as pd
import pytest

from srfp_lib.classifiers.predictions import Predictions
from srfp_lib.common.errors import UserError

INDEX = pd.DataFrame({"model_id": ["m", "n"], "image": ["i", "i"], "photograph": ["p", "p"]})


def example(features=None):
    return Predictions("attribution", 1, ("m", "n"), INDEX, np.array([[0, -1], [-1, -2]], np.float32), features)


@pytest.mark.parametrize("features", [None, np.ones((2, 3), np.float32)])
def test_read_back(tmp_path, features):
    example(features).save(tmp_path / "1")
    found = Predictions.load(tmp_path / "1")
    assert found.index.equals(INDEX) and np.array_equal(found.scores, example().scores) and found.classes == ("m", "n")
    assert (found.features is None) == (features is None)
    assert found.predicted.tolist() == ["m", "m"]


@pytest.mark.parametrize("name", ["run.json", "index.parquet", "scores.npy"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damage_is_named(tmp_path, name, damage):
    example().save(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink() if damage == "missing" else (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="are damaged"):
        Predictions.load(tmp_path)


def test_parts_that_do_not_fit_are_named(tmp_path):
    example().save(tmp_path)
    np.save(tmp_path / "scores.npy", np.zeros((3, 2), np.float32))
    with pytest.raises(UserError, match="do not fit together"):
        Predictions.load(tmp_path)

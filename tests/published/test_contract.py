"""What every one of the 36 networks and variants of our own families keeps, at tiny LR sizes.

Weights are made by the reference cases' rule. `pins.csv` holds their gains, and what came out for one image when every
network agreed with its official run: a change of an architecture shows there.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.published import network
from srfp_lib.published.catalogue import ENGINES, rows
from srfp_lib.published.reference_cases import Recipe, load_seeded

SMALLEST = {"NLSN": 12, "SAN": 4, "SwinIR": 3, "ProSR": 2, "ProSRGAN": 2, "NCSR": 2}
PINS = {(p["model_id"], p["variant"]): p for p in csv.DictReader(Path(__file__).with_name("pins.csv").read_text().splitlines())}


def image(height, width):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), np.uint8)


def pinned(found):
    """Mean, standard deviation, first and last value of what a network makes of one image."""
    out = found.upscale(image(12, 13), name="photograph")
    return [float(value) for value in (out.mean(), out.std(), out[0, 0, 0], out[-1, -1, 2])]


LARGE = 5_000_000  # parameters: the tests of a larger network are slow
PARAMS = [pytest.param(row, marks=pytest.mark.slow if row.parameters > LARGE else (), id=row.label) for row in rows() if row.module not in ENGINES]


@pytest.fixture(scope="module", params=PARAMS)
def published(request):
    """A network with made-up weights."""
    key = request.param.model_id, request.param.variant
    found, pin = network(*key), PINS[key]
    overrides = (("theta.weight", 0.01), ("phi.0.weight", 0.01)) if found.row.family == "SAN" else ()
    load_seeded(found, Recipe(found.row.family, "pin", float(pin["gain"]), float(pin["bias"]), overrides))
    return found


def smallest(published):
    halves = published.row.family == "Real-ESRGAN" and published.row.scale == 2
    return 2 if halves else SMALLEST.get(published.row.family, 1)


def test_it_is_what_its_row_says(published):
    row = published.row
    assert published.parameters() == row.parameters and row.tensor_bytes >= 4 * row.parameters and row.scale in (2, 4)
    assert row.value_range and row.quantise and row.official_tiling and row.licence_code and row.licence_weights


def test_loading_is_strict_and_takes_nothing_of_a_wrong_file(published):
    state = published.state_dict()
    name = max((n for n, t in state.items() if t.is_floating_point()), key=lambda n: state[n].numel())
    before = state[name].clone()
    zeros = {n: torch.zeros_like(t) for n, t in state.items()}
    with pytest.raises(UserError, match=f"the weights lack '{name}'"):
        published.load_state_dict({n: t for n, t in zeros.items() if n != name})
    with pytest.raises(UserError, match="the weights hold 'further.weight'"):
        published.load_state_dict(zeros | {"further.weight": torch.zeros(1)})
    with pytest.raises(UserError, match=rf"'{name}' has shape \(2, 3\) in the weights and "):
        published.load_state_dict(zeros | {name: np.zeros((2, 3))})
    assert torch.equal(published.state_dict()[name], before)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 4), (12, 13)])
def test_any_size_works_or_is_refused_in_a_sentence(published, size):
    lr, scale = image(*size), published.row.scale
    if min(size) < smallest(published):
        with pytest.raises(UserError, match=rf"{size[0]} x {size[1]}.*: give"):
            published.upscale(lr)
        return
    out = published.upscale(lr, name="photograph")
    assert out.dtype == np.float32 and out.shape == (scale * size[0], scale * size[1], 3) and np.isfinite(out).all()
    if size == (12, 13):
        assert np.array_equal(out, published.upscale(lr, name="photograph"))
        eight_bit = published.quantise(out)
        assert eight_bit.dtype == np.uint8 and eight_bit.shape == out.shape


def test_the_result_is_the_one_that_was_proved(published):
    pin = PINS[published.row.model_id, published.row.variant]
    assert pinned(published) == pytest.approx([float(pin[column]) for column in ("mean", "sd", "first", "last")], abs=1e-4)


def test_unknown_options_are_named(published):
    with pytest.raises(UserError, match="has no option 'tiles': it has"):
        published.upscale(image(12, 12), tiles=2)

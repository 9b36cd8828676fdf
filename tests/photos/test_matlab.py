"""BasicSR's bicubic reduction against values of Octave and MATLAB."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from srfp_lib.common.errors import UserError
from srfp_lib.images.superresolve import downscale
from srfp_lib.networks import _basicsr
from srfp_lib.photos.paper_sets import reduce


def imresize(levels, factor):
    return _basicsr.load("utils.matlab_functions").imresize(np.float32(levels), 1 / factor)


@pytest.fixture(scope="module")
def tables():
    found, rows = {}, []
    for line in (Path(__file__).parent / "imresize.txt").read_text().splitlines():
        if line.startswith("["):
            rows = found[line.strip("[]")] = []
        elif not line.startswith("#"):
            rows.append([float(value) for value in line.split()])
    return {name: np.array(rows) for name, rows in found.items()}


@pytest.mark.parametrize(("name", "factor", "columns"), [("input", 2, 16), ("input", 4, 16), ("input without its last column", 3, 15)])
def test_doubles_are_octaves(tables, name, factor, columns):
    assert np.abs(imresize(tables["input"][:, :columns], factor) - tables[f"{name}, factor {factor}"]).max() < 1e-4


def halved_rows(pixels):
    """One pass of BasicSR's imresize, rounded to 8 bits."""
    matlab = _basicsr.load("utils.matlab_functions")
    weights, indices, before, after = matlab.calculate_weights_indices(len(pixels), len(pixels) // 2, 0.5, "cubic", 4, True)
    rows = np.pad(pixels, ((before, after), (0, 0)), "symmetric")[indices.int().numpy()]
    return np.clip(np.floor((weights.numpy()[..., None] * rows).sum(1) + 0.5), 0, 255)


def test_integers_rounded_in_each_pass_are_matlabs(tables):
    image, wanted = tables["MATLAB input"].astype(np.uint8), tables["MATLAB input, factor 2, uint8"]
    assert np.array_equal(halved_rows(halved_rows(image).T).T, wanted)
    assert np.abs(reduce(image, 2) - wanted).max() == 1  # rounded once is another image


def test_colours_are_reduced_apart():
    image = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    assert np.array_equal(reduce(image, 2), np.stack([reduce(image[..., c], 2) for c in range(3)], 2))


def test_reduction_commutes_with_turning_and_mirroring():
    image = np.random.default_rng(1).integers(0, 256, (16, 24), dtype=np.uint8)
    assert np.allclose(imresize(image.T, 4), imresize(image, 4).T)
    assert np.allclose(imresize(image[::-1], 2), imresize(image, 2)[::-1])


def test_sizes_are_cropped_at_the_right_and_bottom():
    image = np.random.default_rng(2).integers(0, 256, (10, 15, 3), dtype=np.uint8)
    assert np.array_equal(reduce(image, 4), reduce(image[:8, :12], 4))
    with pytest.raises(UserError, match="3 x 10 pixels cannot be reduced by 4"):
        reduce(image[:, :3], 4)


@pytest.mark.parametrize("scale", [2, 4])
def test_torch_differs_at_the_borders_and_pillow_everywhere(scale):
    """torch, which makes the study's LR images, cuts the kernel at the border, where MATLAB mirrors the image."""
    hr = data.astronaut()
    small = Image.fromarray(hr).resize((hr.shape[1] // scale, hr.shape[0] // scale), Image.Resampling.BICUBIC)
    torchs, pillows = (np.abs(other.astype(int) - reduce(hr, scale)) for other in (downscale(hr[None], scale)[0], np.asarray(small)))
    assert torchs[4:-4, 4:-4].max() <= 1 and (torchs == 0).mean() > 0.98 and (pillows == 0).mean() < 0.9

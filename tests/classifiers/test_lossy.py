"""A spectrum of brightness and colour that listens to windows with power."""

import numpy as np
import torch

from srfp_lib.classifiers.lossy import mean_power
from srfp_lib.images.spectrum import SPECTRUM


def test_it_has_as_many_numbers_as_the_other_whatever_the_size():
    images = torch.rand(2, 3, 50, 40, generator=torch.Generator().manual_seed(0))
    assert mean_power(images).shape == (2, SPECTRUM) == mean_power(images[..., :20, :20]).shape


def test_grey_images_have_no_colour():
    grey = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)).expand(1, 3, 64, 64)
    brightness, *colour = mean_power(grey).reshape(3, -1)
    assert all(np.log(1e-6) - 0.01 < part.max() < -8 for part in colour) and brightness.mean() > -2


def test_a_flat_half_changes_it_by_less_than_the_share_of_its_windows():
    image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    half = image.clone()
    half[..., 48:] = 0.5
    assert (mean_power(image) - mean_power(half)).mean() < np.log(3)

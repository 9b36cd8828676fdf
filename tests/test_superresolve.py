"""One pipeline, 8 bits: reduction, network, clamp, round."""

import numpy as np
import torch
from PIL import Image

from srfp_lib.images import superresolve


def test_reduction_is_bicubic_with_antialiasing(tiles):
    """Pillow's kernel is the same (a = -0.5, antialiased); it rounds between its passes, so values may differ by a level or two."""
    for scale in (2, 4):
        ours = superresolve.downscale(tiles, scale)
        theirs = np.stack([np.asarray(Image.fromarray(t).resize((48 // scale,) * 2, Image.Resampling.BICUBIC)) for t in tiles])
        assert np.abs(ours.astype(int) - theirs).max() <= 2


def test_values_are_clamped_and_rounded():
    x = torch.tensor([-0.1, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 1.3]).reshape(1, 1, 6).expand(3, 1, 6)
    assert superresolve.to_8_bits(x)[0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]


def test_to_float_and_back_is_exact(tiles):
    assert np.array_equal(superresolve.to_8_bits(superresolve.to_float(tiles)), tiles)


def test_batches_do_not_change_the_result(tiles):
    network = torch.nn.Upsample(scale_factor=2)
    lr = superresolve.downscale(tiles, 2)
    assert np.array_equal(superresolve.super_resolve(network, lr, batch=4), superresolve.super_resolve(network, lr))

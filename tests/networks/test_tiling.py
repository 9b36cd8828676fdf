"""Strips change nothing, whatever their height; quarters are what their definition says."""

import pytest
import torch
import torch.nn.functional as F

from srfp_lib.common.errors import UserError
from srfp_lib.networks.tiling import in_quarters, in_strips

IMAGE = torch.rand(2, 3, 37, 5, generator=torch.Generator().manual_seed(0))


def layers(x, extra):
    """Two 3x3 means, enlargement, one more mean: a row sees three rows to either side."""
    x = F.avg_pool2d(F.avg_pool2d(x + extra, 3, 1, 1), 3, 1, 1)
    return F.avg_pool2d(F.interpolate(x, scale_factor=2), 3, 1, 1)


@pytest.mark.parametrize("pixels", [1, 20, 60, 10_000])
def test_strips_give_the_whole(pixels):
    strips = in_strips(layers, IMAGE, IMAGE**2, margin=3, pixels=pixels)
    torch.testing.assert_close(strips, layers(IMAGE, IMAGE**2), rtol=0, atol=1e-6)


def test_too_narrow_a_margin_shows():
    strips = in_strips(layers, IMAGE, IMAGE**2, margin=1, pixels=20)
    assert (strips - layers(IMAGE, IMAGE**2)).abs().max() > 1e-3


def test_maps_of_twice_the_size_come_along():
    double = F.interpolate(IMAGE, scale_factor=2)

    def both(large, small):
        return F.avg_pool2d(large + F.interpolate(small, scale_factor=2), 3, 1, 1)

    strips = in_strips(both, double, IMAGE, margin=1, pixels=20)
    torch.testing.assert_close(strips, both(double, IMAGE), rtol=0, atol=1e-6)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_strips_keep_the_layout(layout):
    image = IMAGE.contiguous(memory_format=layout)
    strips = in_strips(lambda x: F.avg_pool2d(x, 3, 1, 1), image, margin=1, pixels=20)
    assert strips.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("size", [(20, 20), (23, 26), (47, 21)])
def test_quarters_of_a_local_network_are_the_whole(size):
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    sizes = []

    def double(x):
        sizes.append(tuple(x.shape[2:]))
        return F.interpolate(x, scale_factor=2)

    assert torch.equal(in_quarters(double, image, scale=2, limit=10**6), double(image))
    assert sizes[:4] == [(size[0] // 2 + 10, size[1] // 2 + 10)] * 4


def test_large_crops_are_cut_again_and_small_images_are_refused():
    image, calls = torch.rand(1, 1, 60, 60, generator=torch.Generator().manual_seed(2)), []

    def same(x):
        calls.append(tuple(x.shape[2:]))
        return x

    assert torch.equal(in_quarters(same, image, scale=1, limit=1600), image)
    assert calls == [(30, 30)] * 16
    with pytest.raises(UserError, match="18 x 30 pixels cannot be chopped"):
        in_quarters(same, torch.zeros(1, 1, 18, 30), scale=1, limit=10)

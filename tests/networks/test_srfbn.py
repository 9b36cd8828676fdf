"""SRFBN: names, parameters, feedback, strips, odd sizes."""

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.networks import srfbn
from srfp_lib.networks.tiling import in_strips
from tests.networks import rand


def tiny(scale, **options):
    torch.manual_seed(0)  # some random weights hardly let one row see another
    return srfbn.SRFBN(scale, features=4, **({"groups": 2} | options)).eval()


def test_published_names():
    with torch.device("meta"):
        keys = srfbn.build("", 4).state_dict()
    assert keys["block.upBlocks.5.0.weight"].shape == (64, 64, 8, 8) and keys["block.upBlocks.5.1.weight"].shape == (1,)
    assert keys["block.downtranBlocks.4.0.weight"].shape == (64, 384, 1, 1)
    assert len(keys) == 87 and keys["conv_out.0.weight"].shape == (3, 64, 3, 3) and "conv_out.1.weight" not in keys


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 5)])
def test_odd_sizes_and_no_memory_of_the_image_before(scale, size):
    network, lr = tiny(scale), rand(2, 3, *size)
    out = srfbn.upscale(network, lr, scale=scale)
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    srfbn.upscale(network, 1 - lr, scale=scale)
    assert torch.equal(out, srfbn.upscale(network, lr, scale=scale))


@pytest.mark.parametrize("scale", [2, 4])
def test_the_block_in_strips_is_exact(scale):
    network, x, h = tiny(scale), rand(1, 4, 40, 3), rand(2, 4, 40, 3)[1:]
    strips = in_strips(network.block, x, h, margin=network.margin, pixels=3 * network.margin)
    torch.testing.assert_close(strips, network.block(x, h), rtol=0, atol=1e-6)
    narrower = in_strips(network.block, x, h, margin=network.margin - 1, pixels=3 * network.margin)
    assert not torch.allclose(narrower, network.block(x, h), rtol=0, atol=1e-6)


def test_every_step_feeds_the_next():
    torch.manual_seed(0)
    one, two = tiny(2, steps=1), tiny(2, steps=2)
    two.load_state_dict(one.state_dict())
    lr = 255 * rand(1, 3, 6, 6)
    x = one.feat_in(one.conv_in(one.sub_mean(lr)))
    second = one.block(x, one.block(x, x))
    base = torch.nn.functional.interpolate(one.sub_mean(lr), scale_factor=2, mode="bilinear")
    torch.testing.assert_close(two(lr), one.add_mean(base + one.conv_out(one.out(second))))
    assert not torch.allclose(one(lr), two(lr))


def test_chopping_needs_room_for_the_crops():
    network, lr = tiny(2), rand(1, 3, 41, 26)
    chopped = srfbn.upscale(network, lr, scale=2, chop=True)
    assert chopped.shape == (1, 3, 82, 52)
    corner = srfbn.upscale(network, lr[..., :30, :23], scale=2)
    assert torch.equal(chopped[..., :40, :26], corner[..., :40, :26])
    with pytest.raises(UserError, match="18 x 26 pixels cannot be chopped"):
        srfbn.upscale(network, lr[..., :18, :], scale=2, chop=True)

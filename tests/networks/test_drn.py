"""DRN: names, means, strips, odd sizes."""

import pytest
import torch

from srfp_lib.networks import drn
from tests.networks import rand


def test_published_names():
    with torch.device("meta"):
        keys = drn.build("L", 4).state_dict()
    assert keys["down.1.dual_module.0.0.weight"].shape == (40, 40, 3, 3)
    assert keys["up_blocks.0.0.body.3.conv_du.0.weight"].shape == (5, 80, 1, 1)
    assert keys["up_blocks.0.40.0.bias"].shape == (320,) and keys["up_blocks.1.41.weight"].shape == (20, 80, 1, 1)
    assert "down.0.dual_module.1.bias" not in keys and keys["head.weight"].shape == (20, 3, 3, 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 5)])
def test_odd_sizes(size):
    assert drn.DRN(4, 1).eval()(255 * rand(2, 3, *size)).shape == (2, 3, 4 * size[0], 4 * size[1])


def test_means_are_taken_off_and_put_back():
    network = drn.DRN(4, 1)
    for tail in network.tail:
        tail.weight.data.zero_()
        tail.bias.data.zero_()
    mean = 255 * torch.tensor([0.4488, 0.4371, 0.4040])
    torch.testing.assert_close(network(rand(1, 3, 2, 2)), mean[:, None, None].expand(1, 3, 8, 8))


def test_doubling_in_strips_is_exact(monkeypatch):
    network, x = drn.DRN(16, 1).eval(), rand(1, 64, 21, 5)
    whole = network.up_blocks[1](x)
    monkeypatch.setattr(drn, "AT_ONCE", 20)
    torch.testing.assert_close(network._ascend(1, x), whole, rtol=0, atol=1e-6)


def test_attention_in_place_changes_nothing():
    torch.manual_seed(0)
    block, x = drn.ResidualBlock(16, drn.ChannelAttention(16)), rand(1, 16, 6, 5)
    kept, recorded = x.clone(), block(x)
    with torch.inference_mode():
        assert torch.equal(block(x), recorded) and torch.equal(x, kept)

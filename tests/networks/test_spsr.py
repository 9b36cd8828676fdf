"""SPSR: gradient map, shared layer, strips, sizes."""

import pytest
import torch

from srfp_lib.networks import spsr
from srfp_lib.networks.tiling import in_strips
from tests.networks import rand


def tiny():
    torch.manual_seed(0)
    return spsr.SPSR(features=4, growth=2, blocks=20).eval()


def test_published_size_and_names():
    with torch.device("meta"):
        network = spsr.build("", 4)
    keys = network.state_dict()
    assert len(keys) == 884 and set(spsr.OPTIONAL_KEYS) <= set(keys)
    assert keys["model.1.sub.22.RDB3.conv5.0.weight"].shape == (64, 192, 3, 3)
    assert keys["b_block_4.RDB1.conv4.0.weight"].shape == (32, 224, 3, 3)
    assert keys["conv_w.0.weight"].shape == (3, 64, 1, 1) and keys["b_module.8.bias"].shape == (64,)


def test_one_layer_has_two_names():
    network = tiny()
    assert network.model[8].weight is network.HR_conv0_new[0].weight
    state = network.state_dict()
    state["model.8.weight"] = state["HR_conv0_new.0.weight"] = torch.ones(4, 4, 3, 3)
    network.load_state_dict(state)
    assert network.model[8].weight.min() == 1


def test_gradient_of_a_ramp():
    row, column = torch.meshgrid(torch.arange(5.0), torch.arange(6.0), indexing="ij")
    ramp = torch.stack([3 * row, 4 * column, 3 * row + 4 * column])[None]
    inside = spsr.GradientMap()(ramp)[0, :, 1:-1, 1:-1]
    torch.testing.assert_close(inside.amax((1, 2)), torch.tensor([6.0, 8.0, 10.0]))
    assert spsr.GradientMap()(torch.ones(1, 3, 4, 4))[0, 0, 0, 1] == pytest.approx(1, abs=1e-5)  # zero outside


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (7, 6)])
def test_odd_sizes_and_determinism(size):
    network, lr = tiny(), rand(1, 3, *size)
    out = network(lr)
    assert out.shape == (1, 3, 4 * size[0], 4 * size[1]) and torch.equal(network(lr), out)


def test_fusion_in_strips_is_exact():
    network, trunk, branch = tiny(), rand(1, 4, 40, 3), rand(2, 4, 40, 3)[1:]
    whole = network._fuse(trunk, branch)
    torch.testing.assert_close(in_strips(network._fuse, trunk, branch, margin=7, pixels=21), whole, rtol=0, atol=1e-6)


def test_every_tensor_but_the_gradient_head_matters():
    network, lr = tiny(), rand(1, 3, 6, 6)
    network(lr).square().sum().backward()
    idle = {name for name, p in network.named_parameters() if p.requires_grad and p.grad is None}
    assert idle == {"conv_w.0.weight", "conv_w.0.bias"}

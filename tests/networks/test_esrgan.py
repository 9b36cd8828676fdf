"""ESRGAN and Real-ESRGAN: equal to BasicSR's network, three sets of names, sizes."""

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.networks import _basicsr, esrgan, real_esrgan
from tests.networks import rand


def tiny(scale):
    torch.manual_seed(0)
    return esrgan.RRDBNet(scale, features=8, growth=4, blocks=2).eval()


@pytest.mark.parametrize("scale", [2, 4])
def test_equal_to_basicsr_under_its_names(scale):
    ours = tiny(scale)
    theirs = _basicsr.load("archs.rrdbnet_arch").RRDBNet(3, 3, scale=scale, num_feat=8, num_block=2, num_grow_ch=4)
    theirs.load_state_dict(real_esrgan.official(ours.state_dict()))
    lr = rand(2, 3, 6, 8)
    with torch.inference_mode():
        torch.testing.assert_close(ours(lr), theirs(lr), rtol=0, atol=1e-6)


def test_three_sets_of_names():
    state = tiny(4).state_dict()
    assert list(esrgan.official(state)) == list(state)
    basicsr = esrgan.official(state, "basicsr-names")
    assert "body.1.rdb3.conv5.weight" in basicsr and "conv_body.bias" in basicsr and len(basicsr) == len(state)
    old = esrgan.official(state, keys=["model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"])
    assert {"model.0.bias", "model.1.sub.1.RDB2.conv4.0.weight", "model.1.sub.23.weight", "model.10.bias"} <= set(old)
    assert esrgan.official(state, keys=["model.0.weight"])["model.1.sub.0.RDB1.conv1.bias"].shape == (4,)
    assert list(esrgan.official(state, "basicsr-names", ["RRDB_trunk.0.RDB1.conv1.weight"])) == list(state)


def test_named_tensors_are_the_modules_own():
    network = tiny(4)
    real_esrgan.official(network.state_dict())["conv_hr.bias"].fill_(3)
    assert network.HRconv.bias.min() == 3


@pytest.mark.parametrize(("scale", "parameters"), [(2, 16_703_171), (4, 16_697_987)])
def test_published_size(scale, parameters):
    with torch.device("meta"):
        network = real_esrgan.build("", scale)
    assert sum(p.numel() for p in network.parameters()) == parameters and len(network.state_dict()) == 702


@pytest.mark.parametrize(("scale", "size"), [(4, (1, 1)), (4, (5, 3)), (2, (3, 2)), (2, (7, 5))])
def test_odd_sizes(scale, size):
    assert real_esrgan.upscale(tiny(scale), rand(1, 3, *size), scale=scale).shape == (1, 3, scale * size[0], scale * size[1])


def test_odd_images_are_extended_by_reflection():
    network, lr = tiny(2), rand(1, 3, 5, 4)
    extended = torch.cat([lr, lr[:, :, 3:4]], 2)
    assert torch.equal(real_esrgan.upscale(network, lr, scale=2), network(extended)[:, :, :10])


def test_refusals():
    with pytest.raises(UserError, match="cannot take 1 x 4 pixels"):
        real_esrgan.upscale(tiny(2), rand(1, 3, 1, 4), scale=2)

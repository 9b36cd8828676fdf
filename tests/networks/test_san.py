"""SAN: the cheap covariance, the square root, attention over quarters, the file's idle tensors, sizes."""

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.networks import san
from tests.networks import rand


def tiny():
    torch.manual_seed(0)
    return san.SAN(features=16, groups=2, blocks=1).eval()


def test_covariance_equals_the_papers_formula():
    x = rand(2, 5, 6, 7).double()
    pixels = 42
    centring = torch.eye(pixels).double() / pixels - torch.ones(pixels, pixels).double() / pixels**2
    matrix = x.flatten(2)
    torch.testing.assert_close(san.covariance(x), matrix @ centring @ matrix.transpose(1, 2))


def test_long_sides_are_cut_to_the_middle():
    x = rand(1, 2, 3, 1005)
    torch.testing.assert_close(san.covariance(x), san.covariance(x[..., 2:1002]))
    torch.testing.assert_close(san.covariance(x.mT), san.covariance(x))


def test_square_root_converges_and_stops_after_five_steps():
    x = rand(1, 4, 200)
    matrix = (x - x.mean(2, keepdim=True)) @ (x - x.mean(2, keepdim=True)).mT / 200
    exact = san.square_root(matrix.double(), steps=30)
    torch.testing.assert_close(exact @ exact, matrix.double())
    five = san.square_root(matrix.double())
    assert 1e-9 < (five - exact).abs().max() < 1e-3


def test_attention_equals_the_full_matrix_of_weights():
    torch.manual_seed(0)
    layer, x = san.NonLocal(16, 2), rand(2, 16, 7, 6)
    torch.nn.init.normal_(layer.W.weight)
    query, key, value = (part(x).flatten(2) for part in (layer.theta, layer.phi, layer.g))
    assert key.shape == value.shape == (2, 2, 3 * 3)
    weights = torch.softmax(query.mT @ key, -1)  # no scaling
    mixed = (value @ weights.mT).unflatten(2, (7, 6))
    torch.testing.assert_close(layer(x), x + layer.W(mixed))


def test_quarters_do_not_see_each_other():
    torch.manual_seed(0)
    layer, x = san.RegionNonLocal(16), rand(1, 16, 9, 7)
    torch.nn.init.normal_(layer.non_local.W.weight)
    changed = x.clone()
    changed[:, :, 4:, 3:] += 1  # the lower right quarter is the larger one
    difference = (layer(changed) - layer(x)).abs().amax((0, 1))
    assert difference[:4].max() == 0 and difference[:, :3].max() == 0 and difference[4:, 3:].min() > 0


def test_published_size_and_names():
    with torch.device("meta"):
        network = san.build("", 4)
    keys = network.state_dict()
    assert len(keys) == 967 and keys["RG.19.gamma"].shape == keys["gamma"].shape == (1,)
    assert keys["RG.0.rcab.9.conv_first.2.weight"].shape == (64, 64, 3, 3)
    assert keys["non_local.soca.conv_du.0.weight"].shape == (8, 64, 1, 1)
    assert keys["RG.0.soca.conv_du.0.weight"].shape == (4, 64, 1, 1)
    assert keys["non_local.non_local.phi.0.weight"].shape == (8, 64, 1, 1)
    assert keys["tail.0.2.weight"].shape == (256, 64, 3, 3)


def test_idle_tensors_do_nothing_and_the_shared_gamma_does():
    network, lr = tiny(), rand(1, 3, 8, 6)
    out = san.upscale(network, lr, scale=4)
    for name, tensor in network.named_parameters():
        if (name.endswith("gamma") and name != "gamma") or name.startswith(("conv_last", "non_local.soca")):
            tensor.data += 1
    assert torch.equal(san.upscale(network, lr, scale=4), out)
    network.gamma.data += 1
    assert not torch.allclose(san.upscale(network, lr, scale=4), out)


@pytest.mark.parametrize("size", [(4, 4), (4, 11), (9, 7)])
def test_odd_sizes(size):
    out = san.upscale(tiny(), rand(2, 3, *size), scale=4)
    assert out.shape == (2, 3, 4 * size[0], 4 * size[1]) and out.isfinite().all()


def test_chopping_takes_each_quarter_from_its_own_crop():
    network, lr = tiny(), rand(1, 3, 23, 21)
    chopped = san.upscale(network, lr, scale=4, chop=True)
    corner = san.upscale(network, lr[..., 2:, 1:], scale=4)
    assert torch.equal(chopped[..., 44:, 40:], corner[..., 36:, 36:])
    assert not torch.allclose(chopped, san.upscale(network, lr, scale=4))


def test_refusals():
    with pytest.raises(UserError, match="cannot take 3 x 9 pixels"):
        san.upscale(tiny(), torch.zeros(1, 3, 3, 9), scale=4)

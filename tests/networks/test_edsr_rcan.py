"""EDSR, RCAN and RDN: names, means, chopping; equal to BasicSR's networks where it has them."""

import pytest
import torch

from srfp_lib.networks import _basicsr, edsr, rcan, rdn
from tests.networks import rand


def renamed(state, names):
    """Our tensors under BasicSR's names; it has no mean layers."""
    found = {}
    for name, tensor in state.items():
        for ours, theirs in names:
            name = name.replace(ours, theirs)
        if "mean" not in name:
            found[name] = tensor
    return found


@pytest.mark.parametrize("scale", [2, 4])
def test_edsr_is_basicsrs(scale):
    torch.manual_seed(0)
    ours = edsr.EDSR(scale, 8, 3, 0.1).eval()
    theirs = _basicsr.load("archs.edsr_arch").EDSR(3, 3, num_feat=8, num_block=3, upscale=scale, res_scale=0.1)
    names = [("head.0", "conv_first"), (".body.0", ".conv1"), (".body.2", ".conv2"), ("body.3", "conv_after_body"),
             ("tail.0", "upsample"), ("tail.1", "conv_last")]  # fmt: skip
    theirs.load_state_dict(renamed(ours.state_dict(), names))
    with torch.inference_mode():
        torch.testing.assert_close(edsr.upscale(ours, rand(2, 3, 7, 5), scale=scale), theirs(rand(2, 3, 7, 5)), rtol=0, atol=1e-5)


def test_rcan_is_basicsrs():
    torch.manual_seed(0)
    ours = rcan.RCAN(2, features=16, groups=1, blocks=2).eval()
    arch = _basicsr.load("archs.rcan_arch").RCAN
    theirs = arch(3, 3, num_feat=16, num_group=1, num_block=2, squeeze_factor=16, upscale=2)
    names = [
        ("body.0.body.0.body", "body.0.residual_group.0.rcab"),
        ("body.0.body.1.body", "body.0.residual_group.1.rcab"),
        ("body.0.body.2.", "body.0.conv."),
        ("body.1.", "conv_after_body."),
        ("3.conv_du.0", "3.attention.1"),
        ("3.conv_du.2", "3.attention.3"),
        ("head.0", "conv_first"),
        ("tail.0", "upsample"),
        ("tail.1", "conv_last"),
    ]
    theirs.load_state_dict(renamed(ours.state_dict(), names))
    with torch.inference_mode():
        torch.testing.assert_close(rcan.upscale(ours, rand(1, 3, 6, 9), scale=2), theirs(rand(1, 3, 6, 9)), rtol=0, atol=1e-5)


def test_both_names_of_rdn():
    state = rdn.RDN(4, blocks=1, layers=2, features=4, growth=2).state_dict()
    theirs = rdn.official(state, "sanghyun")
    assert list(rdn.official(state, "yjn870")) == list(state) and len(theirs) == len(state)
    assert {"SFENet2.bias", "RDBs.0.convs.1.conv.0.weight", "RDBs.0.LFF.bias", "GFF.1.weight", "UPNet.2.bias"} <= set(theirs)
    assert torch.equal(theirs["UPNet.4.weight"], state["output.weight"])


def test_the_range_of_rdn():
    torch.manual_seed(0)
    small, large = (rdn.RDN(2, features=4, blocks=1, layers=1, growth=2, value_range=r).eval() for r in (1.0, 255.0))
    large.load_state_dict(small.state_dict())
    assert torch.equal(rdn.upscale(large, rand(1, 3, 4, 4), scale=2), large(255 * rand(1, 3, 4, 4)) / 255)
    assert not torch.allclose(rdn.upscale(large, rand(1, 3, 4, 4), scale=2), rdn.upscale(small, rand(1, 3, 4, 4), scale=2))


def test_chopping_a_network_with_whole_image_means_changes_it_everywhere():
    torch.manual_seed(0)
    network, lr = rcan.RCAN(2, features=16, groups=1, blocks=1).eval(), rand(1, 3, 24, 26)
    whole, chopped = rcan.upscale(network, lr, scale=2), rcan.upscale(network, lr, scale=2, chop=True)
    assert (whole != chopped).float().mean() > 0.9
    corner = rcan.upscale(network, lr[:, :, :22, :23], scale=2)
    assert torch.equal(chopped[:, :, :24, :26], corner[:, :, :24, :26])


def test_tails_in_strips_are_exact():
    torch.manual_seed(0)
    network = edsr.EDSR(4, 4, 1).eval()
    x, heights = rand(1, 4, 40, 5), []
    network.tail[1].register_forward_pre_hook(lambda _, inputs: heights.append(inputs[0].shape[2]))
    with torch.no_grad():
        whole = network.tail(x)
        network.tail.parts = 5
        torch.testing.assert_close(network.tail(x), whole, rtol=0, atol=1e-6)
    assert heights[0] == 160 and len(heights) == 6

"""ProSR: names, reflection, Pillow's bicubic, sizes."""

import numpy as np
import pytest
import torch
from PIL import Image

from srfp_lib.common.errors import UserError
from srfp_lib.networks import prosr

TINY = {"units": (2, 1, 1), "features": 8, "growth": 2}


def rand(*shape):
    return (torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 255).round() / 255


@pytest.mark.parametrize(("variant", "tensors"), [("", 455), ("max_scale_4", 413)])
def test_published_size(variant, tensors):
    with torch.device("meta"):
        network = prosr.build(variant, 4)
    assert len(network.state_dict()) == tensors
    assert prosr.variant_of(network.state_dict()) == variant


def test_published_names():
    with torch.device("meta"):
        keys = prosr.build("", 4).state_dict()
    unit = "pyramid_residual_1.residual_denseblock_9"
    assert keys[f"{unit}.dense_block.denselayer8.conv_1.weight"].shape == (160, 440, 1, 1)
    assert keys[f"{unit}.dense_block.denselayer8.conv_2.conv.1.bias"].shape == (40,)
    assert keys["pyramid_residual_3.compression_2.conv1.weight"].shape == (160, 160, 1, 1)
    assert keys["pyramid_residual_2_residual_upsampler.m.0.conv.1.weight"].shape == (640, 160, 3, 3)


def test_bicubic_is_pillows():
    lr = rand(2, 3, 9, 5)
    for image, ours in zip(lr, prosr.pillow_bicubic(lr, 4), strict=True):
        eight_bit = Image.fromarray((image * 255).byte().permute(1, 2, 0).numpy())
        theirs = torch.from_numpy(np.array(eight_bit.resize((20, 36), Image.Resampling.BICUBIC)))
        assert torch.equal((ours * 255).round().byte(), theirs.permute(2, 0, 1))


def test_a_silent_network_gives_the_bicubic():
    network = prosr.ProSR(**TINY)
    for parameter in network.parameters():
        parameter.data.zero_()
    torch.testing.assert_close(prosr.upscale(network, rand(1, 3, 6, 5), scale=4), prosr.pillow_bicubic(rand(1, 3, 6, 5), 4))


@pytest.mark.parametrize("size", [(2, 2), (2, 9), (13, 6)])
def test_odd_sizes_and_determinism(size):
    network = prosr.ProSR(**TINY).eval()
    out = prosr.upscale(network, rand(1, 3, *size), scale=4)
    assert out.shape == (1, 3, 4 * size[0], 4 * size[1]) and out.isfinite().all()
    assert torch.equal(out, prosr.upscale(network, rand(1, 3, *size), scale=4))


def test_reconstruction_in_strips_is_exact():
    network, x = prosr.ProSR(**TINY).eval(), rand(1, 8, 40, 6)
    whole = network._reconstruct(x)
    strips = prosr.in_strips(network._reconstruct, x, margin=2, pixels=30)
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("p", [1, 2])
def test_pyramids_in_strips_are_exact(p):
    network, x = prosr.ProSR(**TINY).eval(), rand(1, 8, 80, 3)
    torch.testing.assert_close(network._pyramid(x, p, pixels=60), network._pyramid(x, p), rtol=0, atol=1e-6)
    torch.testing.assert_close(network._pyramid(x, p), x + network.get_submodule(f"pyramid_residual_{p}")(x))


def test_refusals():
    with pytest.raises(UserError, match="cannot take 1 x 8 pixels"):
        prosr.upscale(prosr.ProSR(**TINY), torch.zeros(1, 3, 1, 8), scale=4)

"""NCSR: every layer undoes its forward formula, latents, padding, names, sizes."""

import pytest
import torch
import torch.nn.functional as F

from srfp_lib.common.errors import UserError
from srfp_lib.networks import ncsr, ncsr_flow
from tests.networks import rand


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def shuffled(module):
    """The module with every tensor moved off its start, so that no layer is the identity."""
    generator = seeded(7)
    for tensor in module.parameters():
        tensor.data += 0.02 * torch.randn(tensor.shape, generator=generator)
    return module.eval()


def tiny():
    return shuffled(ncsr.NCSR(features=4, growth=2, blocks=2, kept=(0, 1), couplings=1, hidden=4))


def forward_affine(layer, x, *seen):
    raw = layer(torch.cat(seen, 1))
    return (x + raw[:, 0::2]) * (torch.sigmoid(raw[:, 1::2] + 2) + 0.0001)


def forward_step(step, x, condition):
    """Image to noise, by the definition of the flow (actnorm, 1x1, coupling)."""
    x = F.conv2d(step.actnorm(x), step.invconv.weight[:, :, None, None])
    if (coupling := step.affine) is None:
        return x
    x = forward_affine(coupling.fFeatures, x, condition)
    kept, changed = x.chunk(2, 1)
    if coupling.noise_aware:
        changed = forward_affine(coupling.fAffine_std, changed, kept, torch.zeros(len(x), 3, *x.shape[2:]))
    return torch.cat([kept, forward_affine(coupling.fAffine, changed, kept, condition)], 1)


@pytest.mark.parametrize("noise_aware", [None, False, True])
def test_a_step_undoes_its_forward_formula(noise_aware):
    coupling = None
    if noise_aware is not None:
        coupling = ncsr_flow.Coupling(6, noise_aware=noise_aware, condition=5, hidden=4)
    step = shuffled(ncsr_flow.Step(6, coupling))
    x, condition = rand(2, 6, 4, 5), rand(2, 5, 4, 5, seed=1)
    noise = forward_step(step, x, condition)
    assert (noise - x).abs().max() > 0.001
    torch.testing.assert_close(step.inverse(noise, condition), x, rtol=1e-4, atol=1e-5)


def test_a_condition_of_half_the_size_is_repeated():
    torch.manual_seed(0)
    layer = ncsr_flow.Affine(5, 2, 4).eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    z, features, shared = torch.rand(1, 2, 800, 100), torch.rand(1, 2, 800, 100), torch.rand(1, 3, 400, 50)
    whole = layer(torch.cat([features, F.interpolate(shared, scale_factor=2)], 1))
    shift, scale = whole[:, 0::2], torch.sigmoid(whole[:, 1::2] + 2) + 0.0001
    torch.testing.assert_close(layer.inverse(z, features, shared), z / scale - shift)


def test_split_and_squeeze():
    split = shuffled(ncsr_flow.Split(6))
    z, noise = rand(1, 3, 4, 4), rand(1, 3, 4, 4, seed=1)
    back = split.inverse(z, noise)
    predicted = split.conv(z)
    assert torch.equal(back[:, :3], z)
    torch.testing.assert_close((back[:, 3:] - predicted[:, 0::2]) / predicted[:, 1::2].exp(), noise)
    image = rand(1, 3, 4, 6)
    assert torch.equal(ncsr_flow.Squeeze().inverse(F.pixel_unshuffle(image, 2), image), image)


def test_published_size_and_names():
    with torch.device("meta"):
        network = ncsr.build("", 4)
    keys = network.state_dict()
    assert len(keys) == 2165
    assert keys["flowUpsamplerNet.layers.3.affine.fAffine.0.weight"].shape == (64, 326, 3, 3)
    assert keys["flowUpsamplerNet.layers.19.conv.logs"].shape == (12, 1, 1)
    assert keys["flowUpsamplerNet.layers.57.affine.fAffine_std.0.actnorm.bias"].shape == (1, 64, 1, 1)
    assert keys["flowUpsamplerNet.layers.41.invconv.weight"].shape == (96, 96)
    assert "flowUpsamplerNet.layers.22.affine.fAffine.0.weight" not in keys


@pytest.mark.parametrize("size", [(2, 2), (3, 8), (9, 5)])
def test_odd_sizes_and_seeds(size):
    network, lr = tiny(), rand(1, 3, *size)
    first = ncsr.upscale(network, lr, scale=4, generator=seeded())
    assert first.shape == (1, 3, 4 * size[0], 4 * size[1]) and first.isfinite().all()
    assert torch.equal(first, ncsr.upscale(network, lr, scale=4, generator=seeded()))
    assert not torch.equal(first, ncsr.upscale(network, lr, scale=4, generator=seeded(1)))


def test_latents_are_the_generators():
    network, lr = tiny(), rand(1, 3, 6, 4)
    generator = seeded(3)
    z = 0.5 * torch.randn((1, 96, 3, 2), generator=generator)
    eps = 0.5 * torch.randn((1, 6, 12, 8), generator=generator)
    given = ncsr.upscale(network, lr, scale=4, latents=(z, eps))
    assert torch.equal(given, ncsr.upscale(network, lr, scale=4, temperature=0.5, generator=seeded(3)))
    none = ncsr.upscale(network, lr, scale=4, temperature=0)
    assert torch.equal(none, ncsr.upscale(network, lr, scale=4, latents=(0 * z, 0 * eps)))


def test_odd_images_are_extended_by_reflection():
    network, lr = tiny(), rand(1, 3, 5, 4)
    extended = torch.cat([lr, lr[:, :, 3:4]], 2)
    whole = ncsr.upscale(network, extended, scale=4, temperature=0)
    assert torch.equal(ncsr.upscale(network, lr, scale=4, temperature=0), whole[:, :, :20])


def test_refusals():
    lr = rand(1, 3, 4, 4)
    with pytest.raises(UserError, match="temperature 0.9: give a generator"):
        ncsr.upscale(tiny(), lr, scale=4)
    with pytest.raises(UserError, match="do not fit"):
        ncsr.upscale(tiny(), lr, scale=4, latents=(torch.zeros(1, 96, 2, 3), torch.zeros(1, 6, 8, 8)))
    with pytest.raises(UserError, match="cannot take 1 x 9 pixels"):
        ncsr.upscale(tiny(), rand(1, 3, 1, 9), scale=4, temperature=0)

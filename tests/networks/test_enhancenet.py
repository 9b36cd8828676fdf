"""EnhanceNet: TensorFlow's bicubic, the published file's names, sizes."""

import pytest
import torch

from srfp_lib.networks import enhancenet
from srfp_lib.networks.tiling import in_strips
from tests.networks import rand


def test_legacy_bicubic_by_its_definition():
    image, a = rand(1, 1, 1, 6), -0.75
    for target in range(24):
        source, fraction = target // 4, target % 4 / 4
        value = 0.0
        for tap in range(-1, 3):
            x = abs(tap - fraction)
            weight = (a + 2) * x**3 - (a + 3) * x**2 + 1 if x <= 1 else a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
            value += weight * image[0, 0, 0, min(max(source + tap, 0), 5)].item()
        enlarged = enhancenet.legacy_bicubic(image)
        assert enlarged[0, 0, :, target].sub(value).abs().max() < 1e-6  # four equal rows


def test_every_fourth_pixel_is_the_source_and_axes_are_alike():
    image = rand(2, 3, 5, 4)
    enlarged = enhancenet.legacy_bicubic(image)
    torch.testing.assert_close(enlarged[..., ::4, ::4], image)
    torch.testing.assert_close(enlarged.mT, enhancenet.legacy_bicubic(image.mT))


def test_published_names_and_layout():
    network = enhancenet.build("", 4)
    published = enhancenet.official(network.state_dict())
    assert len(published) == 50 and published["generator/Conv/weights"].shape == (3, 3, 3, 64)
    assert published["generator/Conv_24/biases"].shape == (3,)
    published["generator/Conv_24/weights"][1, 2, 3, 0] = 7  # height, width, input, output: a view of the module's own
    assert network.conv[24].weight[0, 3, 1, 2] == 7


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (12, 9)])
def test_any_size(size):
    network = enhancenet.EnhanceNet(features=8).eval()
    out = network(rand(2, 3, *size))
    assert out.shape == (2, 3, 4 * size[0], 4 * size[1])
    assert torch.equal(out, network(rand(2, 3, *size)))


def test_enlarging_in_strips_is_exact():
    network, x = enhancenet.EnhanceNet(features=4).eval(), rand(1, 4, 30, 3)
    strips = in_strips(network._enlarge, x, margin=2, pixels=9)
    torch.testing.assert_close(strips, network._enlarge(x), rtol=0, atol=1e-6)


def test_a_silent_network_gives_the_bicubic():
    network = enhancenet.EnhanceNet(features=8)
    for parameter in network.parameters():
        parameter.data.zero_()
    torch.testing.assert_close(network(rand(1, 3, 4, 5)), enhancenet.legacy_bicubic(rand(1, 3, 4, 5)))

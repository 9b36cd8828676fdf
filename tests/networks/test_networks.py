"""Every architecture enlarges images of any size; sizes and parameters are the stated ones."""

import pytest
import torch

from srfp_lib import fleet, networks
from srfp_lib.common.errors import UserError
from srfp_lib.networks import narrow
from srfp_lib.networks.nlsn import NLSN, seeded_draw
from srfp_lib.networks.nlsn import SparseAttention as FullAttention
from srfp_lib.networks.rdn import RDN

NARROW = {("EDSR", 2): 16907, ("EDSR", 4): 30827, ("RDN", 2): 22203, ("RDN", 4): 36123, ("RCAN", 2): 21843,
          ("RCAN", 4): 35763, ("SwinIR", 2): 14623, ("SwinIR", 4): 28543, ("NLSN", 2): 15131, ("NLSN", 4): 29051}  # fmt: skip
FULL = {"EDSR": 1_517_571, "RDN": 22_271_107, "RCAN": 15_592_355, "SwinIR": 11_900_199, "NLSN": 44_156_507}


def weights(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("architecture", "scale"), NARROW)
def test_narrow_networks(architecture, scale):
    network = networks.build(architecture, scale, "narrow").eval()
    assert weights(network) == NARROW[architecture, scale]
    for height, width in ((12, 12), (7, 10), (4, 4)):
        out = network(torch.rand(2, 3, height, width))
        assert out.shape == (2, 3, height * scale, width * scale) and out.isfinite().all()


@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_narrow_networks_start_near_bicubic_and_every_weight_gets_a_gradient(architecture):
    network, lr = networks.build(architecture, 2, "narrow"), torch.rand(1, 3, 12, 12)
    out = network(lr)
    assert (out - narrow.bicubic(lr, 2)).abs().mean() < 0.1
    out.square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # BasicSR's SwinIR
@pytest.mark.parametrize("architecture", FULL)
def test_full_networks_have_the_published_sizes(architecture):
    network = networks.build(architecture, 4, "full").eval()
    assert weights(network) == FULL[architecture]
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 13, 9)).shape == (1, 3, 52, 36)


def test_unknown_architectures_and_sizes_are_named():
    with pytest.raises(UserError, match="no narrow architecture 'VDSR'"):
        networks.build("VDSR", 2, "narrow")
    with pytest.raises(UserError, match="no network size 'wide'"):
        networks.build("EDSR", 2, "wide")


def test_rdn_reaches_as_far_as_its_blocks():
    network = RDN(2, blocks=1, layers=2, features=8, growth=4).eval()
    lr = torch.zeros(1, 3, 24, 24)
    lr[..., 12, 12] = 1
    difference = (network(lr) - network(torch.zeros_like(lr))).abs().sum((0, 1))
    # sfe1, sfe2, two dense layers, gff.1, upscale (at half steps) and the output: 7 LR pixels to each side at most.
    assert difference[: 2 * (12 - 7)].max() == 0 and difference[24:26, 24:26].min() > 0


def plain_attention(layer, x, rotation):
    """The layer's definition, position by position, for one hash round and one chunk."""
    query = layer.conv_match(x).flatten(2)[0].T
    value = layer.conv_assembly(x).flatten(2)[0].T
    key = query / query.norm(dim=1, keepdim=True).clamp(min=5e-5)
    score = query @ torch.cat([key] * 3).T  # a single chunk is its own two neighbours
    return x + 0.1 * (torch.softmax(score, 1) @ torch.cat([value] * 3)).T.reshape(x.shape)


def test_rdns_fusion_is_that_of_all_outputs_together():
    torch.manual_seed(0)
    network, lr = RDN(2, features=8, blocks=3, layers=2, growth=4).eval(), torch.rand(1, 3, 6, 7)
    outputs, shallow = [], network.sfe1(lr)
    x = network.sfe2(shallow)
    for block in network.rdbs:
        outputs.append(x := block(x))
    features = network.gff(torch.cat(outputs, 1)) + shallow
    torch.testing.assert_close(network(lr), network.output(network.upscale(features)), rtol=0, atol=1e-6)


def test_with_one_chunk_sparse_attention_is_full_attention():
    layer = FullAttention(16, chunk=36, rounds=1)
    x = torch.rand(1, 16, 6, 6)
    rotation = torch.randn(layer.rotation_shape(x))
    torch.testing.assert_close(layer(x, rotation), plain_attention(layer, x, rotation), rtol=1e-4, atol=1e-5)


def test_nlsn_is_a_function_of_its_input():
    network = NLSN(2, blocks=2, features=16, every=1, draw=seeded_draw(1)).eval()
    lr = torch.rand(1, 3, 20, 17)
    assert torch.equal(network(lr), network(lr)) and network(lr).shape == (1, 3, 40, 34)

"""Every architecture enlarges images of any size; sizes and parameters are the stated ones."""

import pytest
import torch

from srfp_lib import fleet, networks
from srfp_lib.common.errors import UserError
from srfp_lib.networks import _basicsr, narrow, swinir
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
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


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


def test_directions_are_drawn_once_for_a_shape_and_serve_training_after_images():
    network, lr = NLSN(2, blocks=1, features=16, every=1, draw=seeded_draw(1)), torch.rand(1, 3, 12, 12)
    draw, shape = network.draw, network.body[0].rotation_shape(torch.empty(1, 16, 12, 12))
    with torch.inference_mode():
        network(lr)
    kept = draw(shape, lr)
    assert draw(shape, lr) is kept and draw(shape, lr.double()).dtype == torch.float64 and not kept.is_inference()
    assert draw(shape, lr.to("meta")).device.type == "meta"
    network(lr).sum().backward()


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # BasicSR's SwinIR
def test_swinirs_masks_are_made_once_for_a_size_and_are_basicsrs(monkeypatch):
    tiny = {"depths": [2] * 2, "embed_dim": 12, "num_heads": [2] * 2}
    monkeypatch.setitem(_basicsr.FULL_SIZE, "SwinIR", _basicsr.FULL_SIZE["SwinIR"] | tiny)
    arch, made = _basicsr.load("archs.swinir_arch"), []
    make = arch.SwinTransformerBlock.calculate_mask
    monkeypatch.setattr(arch.SwinTransformerBlock, "calculate_mask", lambda block, size: made.append(size) or make(block, size))
    network = networks.build("SwinIR", 2, "full").eval()
    theirs = swinir.make({"upscale": 2} | _basicsr.FULL_SIZE["SwinIR"], arch.SwinIR).eval()
    theirs.load_state_dict(network.network.state_dict())
    counts = []
    with torch.inference_mode():
        for size in ((16, 24), (16, 24), (64, 64), (8, 24), (16, 24)):
            lr, before = torch.rand(1, 3, *size), len(made)
            found = network(lr)
            counts.append(len(made) - before)
            torch.testing.assert_close(found, theirs(lr), rtol=0, atol=1e-6)
    assert counts == [2, 0, 0, 2, 2]  # shifted and not; 64 x 64 is in the file


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("architecture", fleet.ARCHITECTURES)
def test_bfloat16_leaves_colours_in_float32(architecture, monkeypatch):
    """A network whose body is silent returns its constants: the mean and the last bias, which bfloat16 would round by up to 1/512."""
    small = {"EDSR": {"num_feat": 8, "num_block": 1}, "RCAN": {"num_feat": 16, "num_group": 1, "num_block": 1},
             "SwinIR": {"depths": [2], "embed_dim": 12, "num_heads": [2]}}  # fmt: skip
    for name, sizes in small.items():
        monkeypatch.setitem(_basicsr.FULL_SIZE, name, _basicsr.FULL_SIZE[name] | sizes)
    makers = {"RDN": lambda: RDN(4, blocks=1, layers=1, features=8, growth=4), "NLSN": lambda: NLSN(4, blocks=1, features=16, every=1)}
    network = makers.get(architecture, lambda: networks.build(architecture, 4, "full"))().eval()
    last = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.out_channels == 3 and m.kernel_size == (3, 3)][-1]
    white = torch.tensor([0.99, 0.993, 0.9961])
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(white)
        lr = torch.rand(1, 3, 16, 16)
        exact = network(lr)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = network(lr)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0, atol=1e-6)

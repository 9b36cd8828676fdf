"""SwinIR: our forward pass equals BasicSR's, with its gradients, on any map; the script's padding, names, sizes."""

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.networks import swinir
from tests.networks import rand

TINY = {
    "classical": {"side": 16, "groups": 2, "features": 12, "heads": 2},
    "real": swinir.REAL | {"side": 24, "groups": 1, "features": 16, "heads": 4, "resi_connection": "3conv"},
}


def tiny(kind, scale=4):
    torch.manual_seed(0)
    network = swinir.make(swinir.settings(scale, **TINY[kind])).eval()
    for name, parameter in network.named_parameters():
        if "bias" in name:  # the start is zero in many places
            parameter.data.normal_(0, 0.1)
    return network


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "scale"), [("classical", 2), ("classical", 4), ("real", 4)])
@pytest.mark.parametrize("size", [(8, 8), (8, 24), (16, 40), (24, 24)])
def test_equal_to_basicsr_with_its_gradients(kind, scale, size, monkeypatch):
    monkeypatch.setattr(swinir, "AT_ONCE", 4)  # fewer windows at a time than there are
    network = tiny(kind, scale).double()
    lr = rand(2, 3, *size).double().requires_grad_()
    over = [lr, *network.parameters()]
    ours, theirs = network(lr), swinir.ARCH.SwinIR.forward(network, lr)
    torch.testing.assert_close(ours, theirs)
    weights = torch.arange(theirs.numel()).view_as(theirs) % 7 - 3.0
    torch.testing.assert_close(*(torch.autograd.grad((out * weights).sum(), over) for out in (ours, theirs)))


@pytest.mark.parametrize(
    ("variant", "scale", "parameters", "tensors"),
    [("DIV2K", 2, 11_752_487, 548), ("DIV2K", 4, 11_900_199, 550), ("M", 4, 11_715_559, 552), ("L", 4, 28_013_059, 859)],
)
def test_published_size_and_names(variant, scale, parameters, tensors):
    network = swinir.build(variant, scale)
    keys = network.state_dict()
    assert sum(p.numel() for p in network.parameters()) == parameters and len(keys) == tensors
    side = 36 if variant == "DIV2K" else 64
    assert keys["layers.0.residual_group.blocks.1.attn_mask"].shape == (side, 64, 64)


@pytest.mark.parametrize(("size", "extended"), [((16, 9), (24, 16)), ((5, 8), (8, 16)), ((3, 4), (8, 8))])
def test_the_scripts_padding_is_always_at_least_a_pixel(size, extended):
    seen = []

    def network(x):
        seen.append(x)
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    lr = rand(1, 3, *size)
    out = swinir.upscale(network, lr, scale=2)
    assert torch.equal(out[..., ::2, ::2], lr) and tuple(seen[0].shape[2:]) == extended
    assert torch.equal(seen[0][:, :, size[0]], seen[0][:, :, size[0] - 1])  # the edge pixel again


def test_the_bare_network_pads_by_reflection_and_only_where_needed():
    seen = []

    def network(x):
        seen.append(x)
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    lr = rand(1, 3, 8, 13)
    swinir.upscale(network, lr, scale=2, bare=True)
    assert tuple(seen[0].shape[2:]) == (8, 16) and torch.equal(seen[0][..., 13], lr[..., 11])


@pytest.mark.parametrize(("size", "bare"), [((2, 9), False), ((9, 1), False), ((4, 9), True)])
def test_too_small(size, bare):
    with pytest.raises(UserError, match=f"cannot extend {size[0]} x {size[1]} pixels"):
        swinir.upscale(tiny("classical"), rand(1, 3, *size), scale=4, bare=bare)

"""SwinIR: equal to BasicSR's network on any map, the script's padding, names, sizes."""

import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.networks import _basicsr, swinir
from srfp_lib.networks.swinir import Size

TINY = {"classical": Size(16, 2, 12, 2), "real": Size(24, 1, 16, 4, real=True, three_convolutions=True)}


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def tiny(kind, scale=4):
    torch.manual_seed(0)
    network = swinir.SwinIR(TINY[kind], scale).eval()
    for name, parameter in network.named_parameters():
        if "bias" in name:  # the start is zero in many places
            parameter.data.normal_(0, 0.1)
    return network


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize(
    ("kind", "scale", "resi", "upsampler"),
    [("classical", 2, "1conv", "pixelshuffle"), ("classical", 4, "1conv", "pixelshuffle"), ("real", 4, "3conv", "nearest+conv")],
)
def test_equal_to_basicsr(kind, scale, resi, upsampler, monkeypatch):
    ours, size = tiny(kind, scale), TINY[kind]
    theirs = _basicsr.load("archs.swinir_arch").SwinIR(
        upscale=scale, img_size=size.side, window_size=8, depths=[6] * size.groups, embed_dim=size.features,
        num_heads=[size.heads] * size.groups, mlp_ratio=2, upsampler=upsampler, resi_connection=resi,
    ).eval()  # fmt: skip
    assert {k: v.shape for k, v in theirs.state_dict().items()} == {k: v.shape for k, v in ours.state_dict().items()}
    for name in ("attn_mask", "relative_position_index"):
        own = {k: v for k, v in ours.state_dict().items() if k.endswith(name)}
        assert own and all(torch.equal(v, theirs.state_dict()[k]) for k, v in own.items())
    theirs.load_state_dict(ours.state_dict())
    monkeypatch.setattr(swinir, "AT_ONCE", 4)  # fewer windows at a time than there are
    with torch.inference_mode():
        for h, w in ((8, 8), (16, 24), (size.side, size.side)):
            lr = rand(2, 3, h, w)
            torch.testing.assert_close(ours(lr), theirs(lr), rtol=0, atol=2e-6)


def plain(layer, x):
    """A layer as the paper defines it, for n h w c: the whole map rolled, and a mask for every window of a shifted one."""
    (n, h, w, c), heads, back = x.shape, layer.attn.heads, swinir.SHIFT * layer.shifted
    part = layer.norm1(x).roll((-back, -back), (1, 2)).view(n, h // 8, 8, w // 8, 8, c).transpose(2, 3)
    query, key, value = layer.attn.qkv(part.reshape(n, -1, 64, c)).view(n, -1, 64, 3, heads, c // heads).permute(3, 0, 1, 4, 2, 5)
    score = query @ key.transpose(-1, -2) / (c // heads) ** 0.5 + layer.attn.bias()[0]
    if layer.shifted:
        score = score + swinir.mask(swinir.windows(swinir.bands(h, w)[None]).view(-1, 64))[:, None]
    part = layer.attn.proj((score.softmax(-1) @ value).transpose(2, 3).reshape(n, -1, 64, c))
    x = x + part.view(n, h // 8, w // 8, 8, 8, c).transpose(2, 3).reshape(x.shape).roll((back, back), (1, 2))
    return x + layer.mlp.fc2(torch.nn.functional.gelu(layer.mlp.fc1(layer.norm2(x))))


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("size", [(24, 40), (8, 24), (8, 8)])
def test_a_layer_and_its_gradients_are_as_defined(shifted, size, monkeypatch):
    monkeypatch.setattr(swinir, "AT_ONCE", 4)
    layer = tiny("real").layers[0].residual_group.blocks[int(shifted)].double()
    given = rand(2, *size, 16).double().requires_grad_()
    ours, theirs = given.flatten(0, 2).clone(), plain(layer, given)
    layer(ours, swinir.places(given, shifted=shifted))
    torch.testing.assert_close(ours.view_as(theirs), theirs)
    over = [given, *layer.parameters()]
    weights = torch.arange(theirs.numel()).view_as(theirs) % 7 - 3.0
    gradients = (torch.autograd.grad((out.view_as(weights) * weights).sum(), over) for out in (ours, theirs))
    torch.testing.assert_close(*map(list, gradients))


@pytest.mark.parametrize(
    ("variant", "scale", "parameters", "tensors"),
    [("DIV2K", 2, 11_752_487, 548), ("DIV2K", 4, 11_900_199, 550), ("M", 4, 11_715_559, 552), ("L", 4, 28_013_059, 859)],
)
def test_published_size_and_names(variant, scale, parameters, tensors):
    with torch.device("meta"):
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


@pytest.mark.parametrize(("variant", "scale"), [("M", 2), ("S", 4), ("DIV2K", 3)])
def test_others_are_refused(variant, scale):
    with pytest.raises(UserError, match=f"no SwinIR '{variant}' at {scale}x"):
        swinir.build(variant, scale)

"""The interface: weights, images, options, 8 bits."""

import dataclasses

import numpy as np
import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.published import network

EDSR, ENHANCENET, LIIF = "EDSR-div2k-x2-L1-NA-pretrained", "EnhanceNet-NA-x4-EnhanceNet-NA-pretrained", "LIIF-div2k-x2-L1-NA-pretrained"
PROSR, SPSR, NLSN = "proSR-div2k-x4-L1-NA-pretrained", "SPSR-div2k-x4-SPSR_GAN-NA-pretrained", "NLSN-div2k-x2-L1-NA-pretrained"
NCSR, RDN, SRFBN = "NCSR-div2k-x4-NCSR_GAN-NA-pretrained", "RDN-div2k-x2-L1-NA-pretrained", "SRFBN-NA-x2-L1-NA-pretrained"
LR = np.random.default_rng(0).integers(0, 256, (12, 13, 3), np.uint8)


def loaded(model_id, variant=None):
    found = network(model_id, variant)
    found.load_state_dict(found.state_dict())
    return found


@pytest.fixture(scope="module")
def edsr():
    return loaded(EDSR)


def test_unknown_networks_and_variants():
    with pytest.raises(UserError, match="no published network 'EDSR'"):
        network("EDSR")
    with pytest.raises(UserError, match="has no variant 'huge': take one of 'baseline', 'large'"):
        network(EDSR, "huge")


def test_the_row_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        network(EDSR).row.scale = 3


def test_it_needs_weights_and_does_not_touch_the_global_random_state():
    before = torch.get_rng_state()
    with pytest.raises(UserError, match="has no weights yet"):
        network(EDSR).upscale(LR)
    loaded(EDSR)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("lr", "what"),
    [
        (LR.astype(np.float32), r"an array of float32 \(12, 13, 3\)"),
        (LR[..., 0], r"an array of uint8 \(12, 13\)"),
        (LR[:0], r"uint8 \(0, 13, 3\)"),
        (LR[..., :2], r"uint8 \(12, 13, 2\)"),
        ("photo.png", "a str"),
    ],
)
def test_what_is_no_image(edsr, lr, what):
    with pytest.raises(UserError, match=f"{what} is no image: give uint8"):
        edsr.upscale(lr)


def test_views_and_locked_arrays_are_images(edsr):
    turned = LR[::-1, ::-1]
    locked = turned.copy()
    locked.flags.writeable = False
    assert np.array_equal(edsr.upscale(turned), edsr.upscale(locked))


def test_weights_are_copied_whatever_their_kind(edsr):
    state = {name: tensor.double().numpy() for name, tensor in edsr.state_dict().items()}
    other = network(EDSR)
    other.load_state_dict(state)
    state["head.0.bias"][:] = 9
    assert np.array_equal(other.upscale(LR), edsr.upscale(LR))
    for wrong in (np.full((64,), "a"), np.zeros(64, complex)):
        with pytest.raises(UserError, match="'head.0.bias' in the weights is not an array of real numbers"):
            other.load_state_dict(edsr.state_dict() | {"head.0.bias": wrong})


def test_what_is_no_state_dict():
    with pytest.raises(UserError, match="a list is no state dict"):
        network(EDSR).load_state_dict([1, 2])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="nothing.pt' cannot be read"):
        network(EDSR).load(tmp_path / "nothing.pt")


def test_a_file_of_torch(tmp_path, edsr):
    torch.save(edsr.state_dict(), tmp_path / "edsr.pt")
    other = network(EDSR)
    other.load(tmp_path / "edsr.pt")
    assert np.array_equal(other.upscale(LR), edsr.upscale(LR))


@pytest.mark.parametrize(
    ("model_id", "expected"), [(EDSR, [0, 0, 2, 2, 4, 255, 255]), (RDN, [0, 0, 1, 2, 3, 254, 255]), (ENHANCENET, [0, 1, 2, 3, 4, 255, 255])]
)
def test_three_ways_to_8_bits(model_id, expected):
    levels = np.array([-3, 0.5, 1.5, 2.5, 3.5, 254.75, 300])
    out = np.repeat(levels[None, :, None], 3, 2) / 255
    assert network(model_id).quantise(out)[0, :, 0].tolist() == expected


def test_what_cannot_be_made_8_bits(edsr):
    for wrong in (LR, np.zeros((2, 2)), 1.0):
        with pytest.raises(UserError, match="cannot be made 8 bits"):
            edsr.quantise(wrong)
    with pytest.raises(UserError, match="not finite: its weights are not the authors'"):
        edsr.quantise(np.full((1, 1, 3), np.nan, np.float32))


def test_tensorflow_names():
    names = network(ENHANCENET).state_dict()
    assert len(names) == 50 and names["generator/Conv_1/weights"].shape == (3, 3, 64, 64)
    with pytest.raises(UserError, match="the weights lack 'generator/Conv/weights'"):
        network(ENHANCENET).load_state_dict({})


def test_any_scale_of_liif():
    liif = loaded(LIIF, "edsr-baseline")
    assert liif.upscale(LR).shape == (24, 26, 3) and liif.upscale(LR, scale=3.3).shape == (40, 43, 3)
    assert liif.options() == ["scale"] and "scale" not in network(SRFBN).options()


def test_prosr_without_the_layers_of_8x():
    prosr = network(PROSR)
    state = {name: tensor for name, tensor in prosr.state_dict().items() if "_3" not in name.split(".")[0]}
    prosr.load_state_dict(state)
    assert prosr.parameters() == 13_427_206 and prosr.upscale(LR[:4, :4]).shape == (16, 16, 3)
    with pytest.raises(UserError, match="the weights lack 'init_conv_1"):
        prosr.load_state_dict({name: t for name, t in state.items() if not name.startswith("init_conv_1")})


def test_spsr_without_its_fixed_kernels():
    spsr = network(SPSR)
    state = spsr.state_dict()
    spsr.load_state_dict({name: tensor for name, tensor in state.items() if not name.startswith("get_g")})
    assert spsr.state_dict()["get_g_nopadding.weight_h"][0, 0, 1].tolist() == [-1, 0, 1]


@pytest.mark.slow
def test_what_is_random_comes_from_the_photographs_name():
    nlsn = loaded(NLSN)
    first = nlsn.upscale(LR, name="a")
    assert np.array_equal(first, nlsn.upscale(LR, name="a")) and not np.array_equal(first, nlsn.upscale(LR, name="b"))
    rotations = [np.zeros((1, 64, 4, 1), np.float32)] * 5
    assert np.array_equal(nlsn.upscale(LR, rotations=rotations), nlsn.upscale(LR, rotations=np.stack(rotations), name="b"))
    with pytest.raises(UserError, match="too few rotations"):
        nlsn.upscale(LR, rotations=rotations[:4])


@pytest.mark.slow
def test_ncsrs_temperature_and_latents():
    ncsr, small = loaded(NCSR), LR[:4, :5]
    cold = ncsr.upscale(small, temperature=0)
    latents = (np.zeros((1, 96, 2, 3), np.float32), np.zeros((1, 6, 8, 12), np.float32))
    assert np.array_equal(cold, ncsr.upscale(small, latents=latents)) and cold.shape == (16, 20, 3)
    assert not np.array_equal(ncsr.upscale(small, name="a"), ncsr.upscale(small, name="b"))
    for temperature in (-1, float("nan"), "hot"):
        with pytest.raises(UserError, match="NCSR cannot draw at temperature"):
            ncsr.upscale(small, temperature=temperature)
    for wrong in (3, latents[:1], (latents[0], latents[0])):
        with pytest.raises(UserError, match="the latents of NCSR do not fit"):
            ncsr.upscale(small, latents=wrong)


def test_chop_is_an_option_of_some():
    srfbn, large = loaded(SRFBN), np.random.default_rng(1).integers(0, 256, (24, 25, 3), np.uint8)
    assert srfbn.upscale(large, chop=True).shape == (48, 50, 3)
    with pytest.raises(UserError, match="12 x 13 pixels cannot be chopped"):
        srfbn.upscale(LR, chop=True)

"""Networks run by ncnn and spandrel: those of packages are what the catalogue says, and anything else is one sentence."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from srfp_lib.common.errors import UserError
from srfp_lib.published import engines, network, packages, proof
from srfp_lib.published.catalogue import rows
from srfp_lib.published.weights_folder import WeightsFolder

PACKAGED = [row for row in rows() if row.package]
X4PLUS, SPAN = "Real_ESRGAN-div2k-x4-GAN-NA-pretrained", "SPAN_48-NA-x4-L1-NA-pretrained"
BY_NAME = {row.model_id: row for row in PACKAGED}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Opens a network once."""
    folder, found = WeightsFolder(tmp_path_factory.mktemp("weights")), {}
    return lambda row: found.setdefault(row.model_id, folder.open(row))[0]


@pytest.mark.parametrize("row", PACKAGED, ids=lambda row: row.label)
def test_a_packaged_network_is_what_the_catalogue_says(row, opened):
    files = packages.files(row)
    packages.check(row, files)
    engine = opened(row)
    proved = proof.prove(engine.upscale, row.scale)
    assert proved.passed and proved.psnr == pytest.approx(row.psnr, abs=0.05)
    assert proved.pixel_loss == (row.model_id.split("-")[3] == "L1")


@pytest.mark.parametrize("row", [BY_NAME[SPAN], BY_NAME["DAT_light-df2k-x4-L1-NA-pretrained"]], ids=lambda row: row.module)
def test_a_wrong_range_or_order_of_channels_fails_the_proof(row, opened):
    engine = opened(row)
    try:
        engine.row = replace(row, value_range="0..255")
        assert not proof.prove(engine.upscale, row.scale).passed
        engine.row = row
        green = proof.prove(lambda lr: engine.upscale(lr)[..., [1, 0, 2]], row.scale)
        assert green.psnr < row.psnr - 3
    finally:
        engine.row = row


def test_scale_range_and_order_are_found_out(opened):
    engine = opened(BY_NAME[SPAN])

    def build(trial):
        engine.row = trial
        return engine.upscale

    try:
        found, proved = proof.detected(replace(BY_NAME[SPAN], scale=0, value_range="", channels=""), build)
    finally:
        engine.row = BY_NAME[SPAN]
    assert (found.scale, found.value_range, found.channels) == (4, "0..1", "RGB") and found.psnr == round(proved.psnr, 2)


def test_real_esrgan_is_our_torch_network_with_the_same_weights(opened):
    row = BY_NAME[X4PLUS]
    ours = network(X4PLUS)
    ours.load_state_dict(_state(ours.state_dict(), packages.files(row)[1].read_bytes()))
    lr = proof.reduced(4)[:12, :16]
    difference = np.abs(opened(row).upscale(lr) - ours.upscale(lr))
    assert difference.max() < 2e-4


def _state(like, data):
    """The layers in a .bin file are in the order of the network: a tag, weights in half precision, the bias in single precision."""
    state, place = {}, 0
    for name, tensor in like.items():
        half = name.endswith("weight")
        place += 4 * half
        kind = np.dtype("<f2" if half else "<f4")
        values = np.frombuffer(data, kind, tensor.numel(), place).astype(np.float32)
        state[name] = torch.from_numpy(values.reshape(tuple(tensor.shape)))
        place += (tensor.numel() * kind.itemsize + 3) // 4 * 4
    assert place == len(data)
    return state


def test_any_size_and_what_is_no_image(opened):
    for row in (BY_NAME[SPAN], BY_NAME["waifu2x_CUNet-NA-x2-L1-NA-pretrained"]):
        for height, width in ((8, 8), (20, 26)):
            out = opened(row).upscale(np.full((height, width, 3), 90, np.uint8))
            assert out.shape == (row.scale * height, row.scale * width, 3) and out.dtype == np.float32
        with pytest.raises(UserError, match="is no image: give uint8"):
            opened(row).upscale(np.zeros((8, 8, 3), np.float32))


def test_the_same_bits_twice_and_memory_of_its_own(opened):
    engine, lr = opened(BY_NAME[SPAN]), proof.reduced(4)
    first = engine.upscale(lr)
    kept = first.copy()
    engine.upscale(lr[::-1].copy())
    assert np.array_equal(first, kept) and np.array_equal(engine.upscale(lr), kept)


def test_another_file_in_a_package_is_refused(monkeypatch, tmp_path):
    row = BY_NAME[SPAN]
    param, numbers = (tmp_path / f"x.{kind}" for kind in ("param", "bin"))
    param.write_text("7767517")
    numbers.write_bytes(b"other")
    monkeypatch.setattr(packages, "files", lambda row: (param, numbers))
    with pytest.raises(UserError, match="has another SHA-256 than the catalogue has for SPAN_48.*reinstall the package"):
        WeightsFolder(tmp_path / "w").open(row)


def test_a_family_of_its_own_is_not_built_without_weights():
    with pytest.raises(UserError, match="is run by ncnn, with its weights alone"):
        network(SPAN)


@pytest.mark.parametrize(("state", "sentence"), [
    ({"a": torch.zeros(3)}, "are of no architecture that spandrel"), ({}, "holds no state dict"),
])  # fmt: skip
def test_what_spandrel_does_not_know(tmp_path, state, sentence):
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(UserError, match=sentence):
        engines.recognised(tmp_path / "a.pth", 2**20)
    (tmp_path / "b.safetensors").write_bytes(b"{}")
    with pytest.raises(UserError, match="b.safetensors' cannot be read as weights"):
        engines.recognised(tmp_path / "b.safetensors", 2**20)

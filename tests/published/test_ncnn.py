"""ncnn files to a state dict, on small networks that the test writes itself."""

import re

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.networks import _basicsr
from srfp_lib.published import ncnn
from srfp_lib.published.catalogue import row

REAL = row("Real_ESRGAN-div2k-x4-GAN-NA-pretrained")
SMALL = {"blocks": 1, "features": 4, "growth": 2}
LEAKY = " 9=2 -23310=1,2.000000e-01"
RESIDUAL = " 0=1 -23301=2,2.000000e-01,1.000000e+00"


class Writer:
    """Lines of a .param file for the smallest RRDBNet, as the converter of ncnn writes them, less its copies ("Split")."""

    def __init__(self):
        self.lines, self.count = [], 0

    def layer(self, kind, inputs, settings=""):
        self.count += 1
        name = f"blob{self.count}"
        self.lines.append(f"{kind} layer{self.count} {len(inputs)} 1 {' '.join([*inputs, name])}{settings}".replace("  ", " "))
        return name

    def convolve(self, x, outputs, inputs, after=""):
        return self.layer("Convolution", [x], f" 0={outputs} 1=3 4=1 5=1 6={9 * outputs * inputs}{after}")

    def network(self):
        first = x = self.convolve(self.layer("Input", []), 4, 3)
        self.lines.append(f"Split split 1 2 {x} copy_a copy_b")
        start, x = "copy_a", "copy_b"
        for _ in range(3):
            parts = [x]
            for i in range(1, 5):
                parts.append(self.convolve(self.layer("Concat", parts) if i > 1 else x, 2, 4 + 2 * (i - 1), LEAKY))
            x = self.layer("Eltwise", [self.convolve(self.layer("Concat", parts), 4, 12), x], RESIDUAL)
        x = self.layer("Eltwise", [x, start], RESIDUAL)
        x = self.layer("BinaryOp", [first, self.convolve(x, 4, 4)])
        for _ in range(2):
            x = self.convolve(self.layer("Interp", [x], " 0=1 1=2.000000e+00 2=2.000000e+00"), 4, 4, LEAKY)
        self.convolve(self.convolve(x, 4, 4, LEAKY), 3, 4)
        return "\n".join([ncnn.MAGIC, f"{len(self.lines)} 99", *self.lines]) + "\n"


@pytest.fixture
def network():
    return _basicsr.load("archs.rrdbnet_arch").RRDBNet(3, 3, scale=4, num_feat=4, num_block=1, num_grow_ch=2)


def numbers(state, tag):
    """A .bin file: tag and weights of each layer, padded to four bytes, then its bias."""
    kind = "<f2" if tag == ncnn.HALF else "<f4"
    data = b""
    for name, tensor in state.items():
        part = tensor.numpy().astype(kind if name.endswith("weight") else "<f4").tobytes()
        data += tag.to_bytes(4, "little") * name.endswith("weight") + part + bytes(-len(part) % 4)
    return data


def written(tmp_path, text, data):
    param, binary = tmp_path / "x4.param", tmp_path / "x4.bin"
    param.write_text(text)
    binary.write_bytes(data)
    return param, binary


@pytest.mark.parametrize("tag", [0, 0x0002C056, ncnn.HALF])
def test_names_and_numbers(tmp_path, network, tag):
    state = network.state_dict()
    found = ncnn.read(*written(tmp_path, Writer().network(), numbers(state, tag)), **SMALL)
    assert list(found) == list(state)
    network.load_state_dict(found)
    for name, tensor in state.items():
        expected = tensor.numpy()
        if tag == ncnn.HALF and name.endswith("weight"):
            expected = expected.astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(found[name].numpy(), expected)


@pytest.mark.parametrize(("change", "reason"), [
    (lambda text: text.replace(ncnn.MAGIC, "PK"), "no ncnn network"),
    (lambda text: text.replace(LEAKY, " 9=1", 1), "a layer Convolution has the settings"),
    (lambda text: text.replace("1,2.000000e-01", "1,1.000000e-01", 1), "a layer Convolution has the settings"),
    (lambda text: text.replace("5=1 6=", "5=1 8=2 6=", 1), "a layer Convolution has the settings"),
    (lambda text: text.replace("2,2.000000e-01,1.0", "2,1.000000e-01,1.0", 1), "a layer Eltwise has the settings"),
    (lambda text: text.replace("Interp", "Deconvolution", 1), "a layer Deconvolution has the settings"),
    (lambda text: text.replace("0=1 1=2", "0=2 1=2", 1), "a layer Interp has the settings"),
    (lambda text: re.sub(r"(BinaryOp \S+ 2 1) (\S+) (\S+)", r"\1 \3 \2", text), "not wired as in RRDBNet with 1 blocks"),
    (lambda text: text.replace("copy_b blob", "copy_a blob", 1), None),  # the same value by another name
    (lambda text: text.replace("2 1 copy_b blob3 ", "2 1 blob3 copy_b ", 1), "not wired as in RRDBNet"),
    (lambda text: text.replace("6=108", "6=216", 1), "not wired as in RRDBNet"),
    (lambda text: "\n".join(text.splitlines()[:-1]), "not wired as in RRDBNet"),
    (lambda text: re.sub(r"(Convolution layer2 .*\n)", r"\1\1", text), "not wired as in RRDBNet"),
    (lambda text: text.replace("copy_a", "nowhere", 1), "line 36 of the text is damaged"),
    (lambda text: text[: text.rindex("blob")], "line 44 of the text is damaged"),
    (lambda text: "", "no ncnn network"),
])  # fmt: skip
def test_other_networks_are_refused(tmp_path, network, change, reason):
    files = written(tmp_path, change(Writer().network()), numbers(network.state_dict(), 0))
    if reason is None:
        ncnn.read(*files, **SMALL)
        return
    with pytest.raises(UserError) as refusal:
        ncnn.read(*files, **SMALL)
    assert reason in str(refusal.value) and "fetch the authors' own file" in str(refusal.value)


@pytest.mark.parametrize(("change", "reason"), [
    (lambda data: (0x000D4B38).to_bytes(4, "little") + data[4:], "the weights of 'conv_first' are quantised"),
    (lambda data: (256).to_bytes(4, "little") + data[4:], "the weights of 'conv_first' are quantised"),
    (lambda data: data[:-1], "the numbers end in 'conv_last'"),
    (lambda data: data[:500], "the numbers end in 'body.0.rdb1.conv1'"),
    (lambda data: data + bytes(4), "the numbers end after"),
    (lambda data: b"", "the numbers end in 'conv_first'"),
])  # fmt: skip
def test_other_numbers_are_refused(tmp_path, network, change, reason):
    files = written(tmp_path, Writer().network(), change(numbers(network.state_dict(), 0)))
    with pytest.raises(UserError, match=reason):
        ncnn.read(*files, **SMALL)


def test_another_size_or_no_file(tmp_path, network):
    files = written(tmp_path, Writer().network(), numbers(network.state_dict(), 0))
    with pytest.raises(UserError, match="RRDBNet with 23 blocks"):
        ncnn.read(*files)
    with pytest.raises(UserError, match="install the extra ncnn"):
        ncnn.read(tmp_path / "none.param", files[1])


def test_where_the_package_keeps_them(tmp_path, monkeypatch):
    monkeypatch.setattr(ncnn, "PACKAGE", "no_such_package_here")
    assert ncnn.files(REAL) is None
    (tmp_path / "carrier" / "models").mkdir(parents=True)
    (tmp_path / "carrier" / "__init__.py").write_text("raise RuntimeError('imported')")
    for suffix in ("param", "bin"):
        (tmp_path / "carrier" / "models" / f"realesrgan-x4plus.{suffix}").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(ncnn, "PACKAGE", "carrier")
    assert ncnn.files(REAL) and not ncnn.files(row("Real_ESRGAN-div2k-x2-GAN-NA-pretrained"))


@pytest.mark.skipif(ncnn.files(REAL) is None, reason="the extra ncnn is not installed")
def test_the_real_network():
    state = ncnn.read(*ncnn.files(REAL))
    network = _basicsr.load("archs.rrdbnet_arch").RRDBNet(3, 3, scale=4, num_feat=64, num_block=23, num_grow_ch=32)
    network.load_state_dict(state)
    assert sum(tensor.numel() for tensor in state.values()) == 16_697_987

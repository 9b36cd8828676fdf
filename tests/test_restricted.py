"""Torch files of strangers: options are ignored, whatever would run is refused and does not run."""

import io
import struct
import sys
import zipfile

import numpy as np
import pytest
import torch

from srfp_lib.fetching import restricted

MEGABYTE = 2**20


def saved(path, value, *, zipped=True):
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


def zip_with(path, pickle_bytes):
    """A torch file whose object is the given pickle stream."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle_bytes)
        archive.writestr("archive/version", "3\n")
    return path


def old_with(path, pickle_bytes):
    """The same in the old format."""
    buffer = io.BytesIO()
    torch.save({}, buffer, _use_new_zipfile_serialization=False)
    empty = b"\x80\x02}q\x00."
    assert buffer.getvalue().count(empty) == 1
    path.write_bytes(buffer.getvalue().replace(empty, pickle_bytes))
    return path


def call(name, *arguments):
    """A pickle stream that calls a global of the given module and name."""
    texts = b"".join(b"X" + struct.pack("<I", len(a)) + a.encode() for a in arguments)
    return b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\n(" + texts + b"tR."


@pytest.fixture
def options(monkeypatch):
    """Options as ProSR's files hold them: an EasyDict with a NumPy number."""
    kind = type("EasyDict", (dict,), {"__module__": "easydict"})
    monkeypatch.setitem(sys.modules, "easydict", type(sys)("easydict"))
    monkeypatch.setattr(sys.modules["easydict"], "EasyDict", kind, raising=False)
    found = kind(max_scale=np.int64(8), stddev=np.float64(0.5), mean=np.zeros(3), level_config=[[8] * 9], G=kind(growth_rate=40))
    found.growth_rate = 40
    return found


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_come_back(tmp_path, zipped):
    value = {"a": torch.arange(6.0).reshape(2, 3), "b": [1, "x", None, torch.tensor(3)], "h": torch.ones(2, dtype=torch.half)}
    found = restricted.read(saved(tmp_path / "w.pth", value, zipped=zipped), most_bytes=MEGABYTE)
    assert torch.equal(found["a"], value["a"]) and torch.equal(found["h"], value["h"])
    assert found["b"][:3] == [1, "x", None] and found["b"][3] == 3


@pytest.mark.parametrize("zipped", [True, False])
def test_options_are_ignored(tmp_path, options, zipped):
    path = saved(tmp_path / "w.pth", {"state_dict": {"a": torch.ones(2)}, "params": options, "class_name": "ProSR"}, zipped=zipped)
    found = restricted.read(path, most_bytes=MEGABYTE)
    assert torch.equal(found["state_dict"]["a"], torch.ones(2)) and found["class_name"] == "ProSR"
    assert found["params"]["level_config"] == [[8] * 9] and found["params"]["G"]["growth_rate"] == 40
    assert isinstance(found["params"]["max_scale"], restricted.Inert)


def test_text_of_python_2(tmp_path):
    """Names and the bytes of a NumPy number as the 8-bit strings of Python 2."""
    stream = b"\x80\x02}(U\x01acnumpy.core.multiarray\nscalar\n(U\x02\xff\xfetRU\x01bU\x02\xe4xu."
    found = restricted.read(old_with(tmp_path / "w.pth", stream), most_bytes=MEGABYTE)
    assert isinstance(found["a"], restricted.Inert) and found["b"] == "äx"


def test_leaves_torch_as_it_was(tmp_path):
    restricted.read(saved(tmp_path / "w.pth", {}), most_bytes=MEGABYTE)
    assert not [known for known in torch.serialization.get_safe_globals() if isinstance(known, tuple)]


ATTACKS = [
    ("os system", "touch {}"), ("posix system", "touch {}"), ("nt system", "touch {}"), ("subprocess call", "touch {}"),
    ("builtins eval", "open('{}', 'w')"), ("builtins exec", "open('{}', 'w')"), ("__builtin__ eval", "open('{}', 'w')"),
    ("builtins open", "{}", "w"), ("builtins getattr", "x", "y"), ("builtins __import__", "os"), ("builtins bytearray", "9"),
    ("torch.hub load", "{}", "x"), ("torch load", "{}"), ("torch._utils _rebuild_device_tensor_from_numpy", "x"),
    ("pickle loads", "x"), ("numpy load", "{}"), ("functools partial", "x"), ("operator attrgetter", "x"),
    ("srfp_lib.commands.cli main", "x"), ("torch._utils _rebuild_tensor.__globals__", "x"), ("collections OrderedDict.fromkeys", "x"),
]  # fmt: skip


@pytest.mark.parametrize("write", [zip_with, old_with])
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack[0].replace(" ", "."))
def test_calls_are_refused_and_not_made(tmp_path, write, attack):
    target = tmp_path / "pwned"
    path = write(tmp_path / "w.pth", call(*(text.format(target) for text in attack)))
    with pytest.raises(restricted.RefusedError, match="it names|damaged"):
        restricted.read(path, most_bytes=MEGABYTE)
    assert not target.exists()


@pytest.mark.parametrize("write", [zip_with, old_with])
@pytest.mark.parametrize("name", ["os.system", "subprocess.call"])
def test_the_refusal_names_the_call(tmp_path, write, name):
    with pytest.raises(restricted.RefusedError, match=f"^it names '{name}', which has no business in a weight file$"):
        restricted.read(write(tmp_path / "w.pth", call(name.replace(".", " "), "x")), most_bytes=MEGABYTE)


NESTED = {
    # OrderedDict(os.system("touch ...")): the call hides among the arguments of an allowed one.
    "in arguments": b"\x80\x02ccollections\nOrderedDict\n(cos\nsystem\n(X\x01\x00\x00\x00xtRtR.",
    # EasyDict.__setstate__ with an attribute that is a call.
    "in a state": b"\x80\x02ceasydict\nEasyDict\n)\x81}X\x01\x00\x00\x00acbuiltins\neval\n(X\x01\x00\x00\x001tRsb.",
    "by INST": b"\x80\x02(X\x01\x00\x00\x00xios\nsystem\n.",
    "by STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",
    "by extension code": b"\x80\x02\x82\x01.",
    "in a persistent id": b"\x80\x02(X\x06\x00\x00\x00modulecos\nsystem\nX\x01\x00\x00\x00xX\x01\x00\x00\x00xtQ.",
    "with a name of two parts": b"\x80\x04\x8c\x0btorch._utils\x8c\x02os\x93.",
}


@pytest.mark.parametrize("write", [zip_with, old_with])
@pytest.mark.parametrize("stream", NESTED.values(), ids=NESTED.keys())
def test_hidden_calls(tmp_path, write, stream):
    with pytest.raises(restricted.RefusedError):
        restricted.read(write(tmp_path / "w.pth", stream), most_bytes=MEGABYTE)


@pytest.mark.parametrize("zipped", [True, False])
def test_every_cut_is_refused(tmp_path, zipped):
    whole = saved(tmp_path / "w.pth", {"a": torch.arange(99.0)}, zipped=zipped).read_bytes()
    for length in [*range(0, len(whole) - 1, 37), len(whole) - 1]:
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(restricted.RefusedError):
            restricted.read(tmp_path / "cut.pth", most_bytes=MEGABYTE)


def test_sizes_are_checked_before_reading(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.pth"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(50 * MEGABYTE))
    assert bomb.stat().st_size < MEGABYTE
    large = saved(tmp_path / "large.pth", {"a": torch.zeros(MEGABYTE)})
    monkeypatch.setattr(torch, "load", None)
    for path in (bomb, large):
        with pytest.raises(restricted.RefusedError, match="1,048,576 at most"):
            restricted.read(path, most_bytes=MEGABYTE)


@pytest.mark.parametrize("content", [b"", b"<html>gone</html>", bytes(1000), b"\x80\x02", b"PK\x05\x06" + bytes(18), b"\xff" * 999])
def test_other_files(tmp_path, content):
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(restricted.RefusedError) as refusal:
        restricted.read(path, most_bytes=MEGABYTE)
    assert "\n" not in str(refusal.value) and "weights_only" not in str(refusal.value)


def test_two_records_of_one_name(tmp_path):
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a/data.pkl", call("os system", "x"))
        archive.writestr("a/data.pkl", b"\x80\x02}.")
    with pytest.raises(restricted.RefusedError, match="records"):
        restricted.read(path, most_bytes=MEGABYTE)


def test_a_storage_larger_than_its_record(tmp_path):
    whole = saved(tmp_path / "w.pth", {"a": torch.arange(64.0)}, zipped=False).read_bytes()
    (tmp_path / "w.pth").write_bytes(whole.replace(b"K@", b"M\x00\x40"))
    with pytest.raises(restricted.RefusedError, match="damaged"):
        restricted.read(tmp_path / "w.pth", most_bytes=MEGABYTE)

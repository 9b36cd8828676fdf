"""The reader of TensorFlow-V1 checkpoints, on tables written here by the format's rules."""

import numpy as np
import pytest

from srfp_lib.published import tensorflow_v1


def varint(value):
    head = b""
    while value > 127:
        head, value = head + bytes([value & 127 | 128]), value >> 7
    return head + bytes([value])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def block(entries):
    """Entries with shared key prefixes, one restart point, no compression, an unread checksum."""
    body, before = b"", b""
    for key, value in entries:
        shared = next((i for i, (a, b) in enumerate(zip(key, before, strict=False)) if a != b), min(len(key), len(before)))
        body += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return body + bytes(4) + (1).to_bytes(4, "little"), b"\0" + bytes(4)


def checkpoint(tensors, *, kind=1, spoil=lambda entries: entries):
    """A table of the form that TensorFlow 0.12 wrote."""
    described = b"".join(
        field(1, field(1, name.encode()) + field(2, b"".join(field(2, field(1, n)) for n in array.shape)) + field(3, kind))
        for name, array in tensors.items()
    )
    entries = [(b"", field(1, described))] + [
        (b"\0" + name.encode(), field(2, field(1, name.encode()) + field(2, b"") + field(3, field(1, 1) + field(5, array.astype("<f4").tobytes()))))
        for name, array in tensors.items()
    ]
    return table(entries, spoil)


def index_of_v2():
    """The .index file of TensorFlow's newer form: a header with the number of data files, an entry a tensor with its place there."""
    tensor = field(1, 1) + field(2, field(2, field(1, 3))) + field(4, 12) + field(5, 12)
    return table([(b"", field(1, 1) + field(3, field(1, 1))), (b"generator/Conv/biases", tensor), (b"generator/Conv/weights", tensor)])


def table(entries, spoil=lambda entries: entries):
    """A LevelDB table."""
    data, handles = b"", []
    for start in range(0, len(entries), 2):  # two records a block
        part, trailer = block(spoil(entries)[start : start + 2])
        handles.append((entries[start][0], varint(len(data)) + varint(len(part))))
        data += part + trailer
    index, trailer = block(handles)
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(index))
    return data + index + trailer + footer.ljust(40, b"\0") + tensorflow_v1.MAGIC


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)
    return {f"generator/Conv{n}/{part}": rng.normal(size=shape).astype(np.float32)
            for n in ("", "_1", "_10") for part, shape in (("biases", (4,)), ("weights", (3, 3, 2, 4)))}  # fmt: skip


def written(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    return path


def test_values_shapes_and_names(tmp_path, tensors):
    path = written(tmp_path, checkpoint(tensors))
    found = tensorflow_v1.read(path)
    assert tensorflow_v1.is_checkpoint(path) and list(found) == list(tensors)
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)


def test_every_cut_and_every_wrong_byte_is_harmless(tmp_path, tensors):
    whole = checkpoint(tensors)
    for length in range(0, len(whole), 29):
        with pytest.raises(tensorflow_v1.DamagedError):
            tensorflow_v1.read(written(tmp_path, whole[:length]))
    for place in range(0, len(whole), 17):
        try:
            tensorflow_v1.read(written(tmp_path, whole[:place] + b"\xff" + whole[place + 1 :]))
        except tensorflow_v1.DamagedError:
            pass


@pytest.mark.parametrize(("content", "reason"), [
    (lambda t: checkpoint(t, kind=2), "not of floats"),
    (lambda t: checkpoint(t, spoil=lambda entries: entries[1:] + entries[:1]), "the list of tensors is missing"),
    (lambda t: checkpoint(t, spoil=lambda entries: entries[:-1] + entries[-2:-1]), "holds"),
    (lambda t: checkpoint(t)[:-8] + bytes(8), "does not end like a checkpoint"),
    (lambda t: checkpoint({}).replace(b"\x0a\x00", b"\x0a\x7f"), "cut off"),
])  # fmt: skip
def test_damage_is_named(tmp_path, tensors, content, reason):
    with pytest.raises(tensorflow_v1.DamagedError, match=reason):
        tensorflow_v1.read(written(tmp_path, content(tensors)))


def test_a_block_given_out_again_and_again(tmp_path):
    part, trailer = block([(b"", field(1, b""))])
    handle = varint(0) + varint(len(part))
    index, _ = block([(bytes([n]), handle) for n in range(9)])
    data = part + trailer
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(index))
    with pytest.raises(tensorflow_v1.DamagedError, match="overlap"):
        tensorflow_v1.read(written(tmp_path, data + index + trailer + footer.ljust(40, b"\0") + tensorflow_v1.MAGIC))

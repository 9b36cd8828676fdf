"""A TensorFlow-V1 checkpoint read without TensorFlow: the form of EnhanceNet's published weights.

The file is a LevelDB-style table of protocol-buffer messages. Formats: LevelDB's "table_format" document, the encoding
page of Protocol Buffers, TensorFlow's message SavedTensorSlices. Read here: uncompressed tables of whole float tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER = 48
LONGEST_KEY = 4096
FLOAT = 1  # TensorFlow's number of the type


class DamagedError(Exception):
    """The bytes are no such table; the message says what is off."""


def is_checkpoint(path: Path) -> bool:
    """Whether a file ends like a LevelDB table."""
    with path.open("rb") as file:
        file.seek(0, 2)
        if file.tell() < FOOTER:
            return False
        file.seek(-len(MAGIC), 2)
        return file.read() == MAGIC


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors by name, float32, in TensorFlow's layout (kernels height x width x in x out). Raises DamagedError."""
    data = path.read_bytes()
    try:
        return _tensors(data)
    except (IndexError, ValueError, UnicodeDecodeError, KeyError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from None


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    records = list(_records(data))
    if not records or records[0][0] != b"":
        raise DamagedError("the list of tensors is missing")
    shapes = dict(_described(entry) for entry in _fields(_one(records[0][1], 1)).get(1, []))
    found = {}
    for _, value in records[1:]:
        slice_ = _fields(_one(value, 2))
        name = slice_[1][0].decode()
        floats = np.concatenate([np.frombuffer(part, "<f4") for part in _fields(slice_[3][0])[5]])
        if name in found or floats.size != prod(shapes[name]):
            raise DamagedError(f"'{name}' holds {floats.size} numbers, its shape is {shapes[name]}")
        found[name] = floats.astype(np.float32).reshape(shapes[name])
    if found.keys() != shapes.keys():
        raise DamagedError(f"{len(found)} tensors of {len(shapes)} are there")
    return found


def _described(entry: bytes) -> tuple[str, tuple[int, ...]]:
    """Name and shape of a tensor from its SavedSliceMeta."""
    fields = _fields(entry)
    if fields[3] != [FLOAT]:
        raise DamagedError("a tensor is not of floats")
    sizes = [_fields(dimension)[1][0] for dimension in _fields(fields[2][0]).get(2, [])]
    return fields[1][0].decode(), tuple(int(size) for size in sizes)


def _one(message: bytes, number: int) -> bytes:
    (value,) = _fields(message)[number]
    return value


# --- the table --------------------------------------------------------------------------------------------------------


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table, in order."""
    if len(data) < FOOTER or data[-8:] != MAGIC:
        raise DamagedError("it does not end like a checkpoint")
    footer, place = data[-FOOTER:], 0
    for _ in range(2):  # offset and size of the meta index, which is not needed
        _, place = _varint(footer, place)
    end = 0
    for _, handle in _entries(_block(data, *_handle(footer[place:]))):
        start, size = _handle(handle)
        if start < end:  # or a small file could give one block out a million times
            raise DamagedError("its blocks overlap")
        yield from _entries(_block(data, start, size))
        end = start + size


def _handle(handle: bytes) -> tuple[int, int]:
    """Where a block starts, and its size."""
    start, place = _varint(handle, 0)
    return start, _varint(handle, place)[0]


def _block(data: bytes, start: int, size: int) -> bytes:
    """The entries of a block; its list of restart points is cut off."""
    block = data[start : start + size]
    if len(block) < max(size, 4) or start + size >= len(data) or data[start + size] != 0:
        raise DamagedError("a block is cut off or compressed")
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise DamagedError("a block has more restart points than bytes")
    return block[:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    place, key = 0, b""
    while place < len(block):
        shared, place = _varint(block, place)
        unshared, place = _varint(block, place)
        length, place = _varint(block, place)
        value = place + unshared
        if shared + unshared > LONGEST_KEY or shared > len(key) or value + length > len(block):
            raise DamagedError("an entry reaches beyond its block")
        key = key[:shared] + block[place:value]
        place = value + length
        yield key, block[value:place]


# --- protocol buffers -------------------------------------------------------------------------------------------------


def _fields(message: bytes) -> dict[int, list]:
    """Field number to its values: integers of varints, bytes of all others.

    >>> _fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69]))
    {1: [150], 2: [b'hi']}
    """
    found: dict[int, list] = {}
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        number, place = _varint(message, place) if kind in (0, 2) else ({1: 8, 5: 4}[kind], place)
        value: int | bytes = number
        if kind != 0:  # the number is a length
            if place + number > len(message):
                raise DamagedError("a message is cut off")
            value, place = message[place : place + number], place + number
        found.setdefault(tag >> 3, []).append(value)
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """An integer of seven bits a byte, low bits first, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise DamagedError("an integer does not end")

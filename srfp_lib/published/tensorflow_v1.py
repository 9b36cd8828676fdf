"""A TensorFlow-V1 checkpoint read without TensorFlow: the form of EnhanceNet's published weights.

The file is a LevelDB-style table of protocol-buffer messages. Formats: LevelDB's "table_format" document, the encoding
page of Protocol Buffers, TensorFlow's message SavedTensorSlices. Read here: uncompressed tables of whole float tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER = 48
LONGEST_KEY = 4096
FLOAT = 1  # TensorFlow's number of the type


class DamagedError(Exception):
    """The bytes are no such table; the message tells why."""


def is_checkpoint(path: Path) -> bool:
    """Whether a file ends like a LevelDB table."""
    with path.open("rb") as file:
        file.seek(max(file.seek(0, 2) - FOOTER, 0))
        footer = file.read()
    return len(footer) == FOOTER and footer.endswith(MAGIC)


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors by name, float32, in TensorFlow's layout (kernels height x width x in x out). Raises DamagedError."""
    try:
        return _tensors(path.read_bytes())
    except (DamagedError, MemoryError, OSError):
        raise
    except Exception as error:  # bytes of another kind may make the parser raise anything
        raise DamagedError(f"{type(error).__name__}: {error}") from None


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    """SavedTensorSlices: the first record lists names, shapes and types, each other one holds a tensor."""
    records = list(_records(data))
    if not records or records[0][0] != b"":
        raise DamagedError("the list of tensors is missing")
    if isinstance(_fields(records[0][1]).get(1, [b""])[0], int):  # V2 begins with the number of its files
        raise DamagedError("it is the index of a TensorFlow-V2 checkpoint, whose numbers lie in other files, and V1 is read here")
    shapes = dict(_described(entry) for entry in _fields(_one(records[0][1], 1)).get(1, []))
    found: dict[str, np.ndarray] = {}
    for _, value in records[1:]:
        tensor = _fields(_one(value, 2))
        name = tensor[1][0].decode()
        floats = np.concatenate([np.frombuffer(part, "<f4") for part in _fields(tensor[3][0])[5]])
        if name in found or floats.size != prod(shapes[name]):
            raise DamagedError(f"'{name}' holds {floats.size} numbers, its shape is {shapes[name]}")
        found[name] = floats.astype(np.float32).reshape(shapes[name])
    if found.keys() != shapes.keys():
        raise DamagedError(f"{len(found)} tensors of {len(shapes)} are there")
    return found


def _described(entry: bytes) -> tuple[str, tuple[int, ...]]:
    fields = _fields(entry)
    if fields[3] != [FLOAT]:
        raise DamagedError("a tensor is not of floats")
    return fields[1][0].decode(), tuple(int(_fields(size)[1][0]) for size in _fields(fields[2][0]).get(2, []))


def _one(message: bytes, number: int) -> bytes:
    (value,) = _fields(message)[number]
    return value


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table, in order."""
    if len(data) < FOOTER or not data.endswith(MAGIC):
        raise DamagedError("it does not end like a checkpoint")
    _, _, *index = _varints(data[-FOOTER:], 0, 4)[0]  # after offset and size of the meta index, which is not needed
    end = 0
    for _, handle in _entries(_block(data, *index)):
        start, size = _varints(handle, 0, 2)[0]
        if start < end:  # or a small file could yield one block a million times
            raise DamagedError("its blocks overlap")
        yield from _entries(_block(data, start, size))
        end = start + size


def _block(data: bytes, start: int, size: int) -> bytes:
    """The entries of a block, without its list of restart points."""
    block = data[start : start + size]
    if len(block) < max(size, 4) or data[start + size : start + size + 1] != b"\0":
        raise DamagedError("a block is cut off or compressed")
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise DamagedError("a block has more restart points than bytes")
    return block[:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; a key repeats the first bytes of the key before."""
    place, key = 0, b""
    while place < len(block):
        (shared, unshared, length), start = _varints(block, place, 3)
        place = start + unshared + length
        if shared + unshared > LONGEST_KEY or shared > len(key) or place > len(block):
            raise DamagedError("an entry reaches beyond its block")
        key = key[:shared] + block[start : start + unshared]
        yield key, block[start + unshared : place]


def _fields(message: bytes) -> dict[int, list[Any]]:
    """The values of a protocol-buffer message by field number: integers of varints, bytes of all others.

    >>> _fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69]))
    {1: [150], 2: [b'hi']}
    """
    found: dict[int, list[Any]] = {}
    place = 0
    while place < len(message):
        (tag,), place = _varints(message, place, 1)
        kind = tag & 7
        (value,), place = _varints(message, place, 1) if kind in (0, 2) else ([{1: 8, 5: 4}[kind]], place)
        if kind != 0:  # the number is a length
            end = place + value
            if end > len(message):
                raise DamagedError("a message is cut off")
            value, place = message[place:end], end
        found.setdefault(tag >> 3, []).append(value)
    return found


def _varints(data: bytes, place: int, count: int) -> tuple[list[int], int]:
    """Integers of seven bits a byte, low bits first, and the place behind them."""
    found = []
    for _ in range(count):
        value = 0
        for shift in range(0, 70, 7):
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            if byte < 128:
                break
        else:
            raise DamagedError("an integer does not end")
        found.append(value)
    return found, place

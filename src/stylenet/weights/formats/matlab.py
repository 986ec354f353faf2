"""Reader for MATLAB .mat files of level 5 with numbers, text, cells and structs; objects and functions are rejected.

Weights files are untrusted, so every length is compared with the available bytes before memory is allocated.

References:
    MathWorks, "MAT-File Format", chapter 1 (level 5).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stylenet.errors import WeightsError

_MAX_UNPACKED = 2 * 2**30
"""In bytes: four times the size of VGG-19 with its classifier."""

_MAX_OBJECTS, _MAX_DEPTH = 50_000, 12

_COMPRESSED, _MATRIX = 15, 14
_CELL, _STRUCT, _CHAR = 1, 2, 4
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1", 17: "u2"}
"""Types in which values are stored; 16 and 17 are UTF-8 and UTF-16."""

_NUMERIC = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""Classes of numeric arrays; whole numbers of a double array may be stored as bytes."""


def read_matlab(path: Path, names: Collection[str]) -> dict[str, Any]:
    """The variables called `names`: arrays, `str`, a list for cells, a dictionary for a struct, and a list of these for several structs.

    Raises:
        WeightsError: The file is truncated, is damaged, or has objects or functions in these variables.
    """
    data = path.read_bytes()
    if data[124:128] not in (b"\x00\x01IM", b"\x01\x00MI"):
        raise WeightsError("the MATLAB file's header is damaged")
    return _Reader("<" if data[126:128] == b"IM" else ">").variables(memoryview(data)[128:], names)


class _Reader:
    def __init__(self, order: Literal["<", ">"]) -> None:
        self._order = order
        self._endian: Literal["little", "big"] = "little" if order == "<" else "big"
        self._unpacked, self._objects = 0, 0

    def variables(self, data: memoryview, names: Collection[str]) -> dict[str, Any]:
        found = {}
        for kind, content in self._elements(data):
            if kind == _COMPRESSED:
                inner = list(self._elements(memoryview(self._unpack(content))))
                if len(inner) != 1:
                    raise WeightsError("a packed variable of the MATLAB file is damaged")
                kind, content = inner[0]
            if kind == _MATRIX:
                name, value = self._matrix(content, depth=0, names=names)
                if name in names:
                    found[name] = value
        return found

    def _unpack(self, packed: memoryview) -> bytes:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, _MAX_UNPACKED - self._unpacked + 1)
        self._unpacked += len(data)
        if self._unpacked > _MAX_UNPACKED:
            raise WeightsError("the MATLAB file unpacks to more than any network needs; it may be designed to exhaust memory")
        if not unpacker.eof:
            raise WeightsError("a packed variable of the MATLAB file is truncated")
        return data

    def _elements(self, data: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Type and content of each element in `data`."""
        place = 0
        while place < len(data):
            if len(data) - place < 8:
                raise WeightsError("the MATLAB file is truncated")
            first, second = (int.from_bytes(data[start : start + 4], self._endian) for start in (place, place + 4))
            if first >> 16:  # a small element: type, length and up to four bytes of content in eight
                kind, length, start = first & 0xFFFF, first >> 16, place + 4
                place += 8
            else:
                kind, length, start = first, second, place + 8
                place = start + (length if kind == _COMPRESSED else -(-length // 8) * 8)
            if start + length > len(data):
                raise WeightsError(f"the MATLAB file is truncated: {start + length - len(data)} bytes are missing")
            yield kind, data[start : start + length]

    def _matrix(self, data: memoryview, *, depth: int, names: Collection[str] | None = None) -> tuple[str, Any]:
        """Name and value of an array; the value is None if the name is not among `names`."""
        self._objects += 1
        if self._objects > _MAX_OBJECTS or depth > _MAX_DEPTH:
            raise WeightsError("the MATLAB file has more or deeper nested objects than any network")
        if not data:
            return "", np.empty(0)
        parts = self._elements(data)
        flags, shape = self._numbers(*next(parts)), tuple(int(size) for size in self._numbers(*next(parts)))
        name = bytes(next(parts)[1]).decode("ascii")
        if names is not None and name not in names:
            return name, None
        kind = int(flags[0]) & 0xFF
        if len(shape) > 8 or any(size < 0 for size in shape):
            raise WeightsError("an array of the MATLAB file has an invalid shape")
        if kind in _NUMERIC:
            return name, self._numbers(*next(parts)).astype(_NUMERIC[kind], copy=False).reshape(shape, order="F")
        if kind == _CHAR:
            return name, "".join(map(chr, self._numbers(*next(parts)).tolist()))
        if kind == _CELL:
            return name, [self._matrix(content, depth=depth + 1)[1] for _, content in parts]
        if kind == _STRUCT:
            return name, self._struct(parts, math.prod(shape), depth)
        raise WeightsError("the MATLAB file contains an object, a function or a sparse matrix; expected numbers, text, cells and structs")

    def _struct(self, parts: Iterator[tuple[int, memoryview]], count: int, depth: int) -> Any:
        width = int(self._numbers(*next(parts))[0])
        text = bytes(next(parts)[1])
        if not 0 < width <= 64:
            raise WeightsError("a struct of the MATLAB file is damaged")
        fields = [text[start : start + width].split(b"\0")[0].decode("ascii") for start in range(0, len(text), width)]
        values = [self._matrix(content, depth=depth + 1)[1] for _, content in parts]
        if len(values) != count * len(fields):
            raise WeightsError(f"a struct of the MATLAB file has {len(values)} values, expected {count} x {len(fields)}")
        structs = [dict(zip(fields, values[start : start + len(fields)], strict=True)) for start in range(0, len(values), len(fields) or 1)]
        return structs[0] if len(structs) == 1 else structs

    def _numbers(self, kind: int, content: memoryview) -> Any:
        if kind not in _STORED:
            raise WeightsError(f"the MATLAB file has values of type {kind}, expected numbers")
        return np.frombuffer(content, np.dtype(_STORED[kind]).newbyteorder(self._order))

"""Repair minor defects for which Pillow would reject a file."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import BinaryIO

import PIL.Image
from PIL.JpegImagePlugin import JpegImageFile

from stylenet.notices import CodedNotice

_MAX_TEXT_BYTES = 2**20  # unpacked size of one text chunk, as in Pillow
_MIN_CHUNK_BYTES = {b"acTL": 8, b"cHRM": 32, b"gAMA": 4, b"pHYs": 9, b"sRGB": 1}
_MAX_TEXTS_BYTES = 48 * 2**20  # total size; Pillow rejects the file at 64 MiB
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")  # 00: stuffed byte; D0..D7: restart markers in a scan
_FILLINGS = (b"\x5a\x93\x2c\xe1" * 64, b"\xaa\x55" * 128, b"\xf3\x0c\x71" * 80, b"\xc6\x39\x18" * 80)
_END = b"\xff\xd9"


def repaired_png(file: BinaryIO, notices: list[str]) -> BinaryIO:
    """The PNG `file` without unneeded chunks for which Pillow would reject it.

    These are damaged ancillary chunks, which libpng ignores too, and texts that unpack to more than a megabyte. Damaged chunks are named
    in `notices`. Returns the same file if there are none.
    """
    removed: list[tuple[int, int]] = []
    damaged: dict[str, None] = {}
    texts_bytes, start = 0, 8
    while True:
        file.seek(start)
        header = file.read(8)
        if len(header) < 8:
            break
        length, kind = struct.unpack(">I4s", header)
        end = start + 12 + length
        if kind[0] & 0x20:  # a lower case first letter: ancillary
            data = file.read(length + 4)
            if len(data) < length + 4:
                break
            if zlib.crc32(kind + data[:-4]) != int.from_bytes(data[-4:]) or _is_malformed(kind, data[:-4]):
                removed.append((start, end))
                damaged[kind.decode("latin-1")] = None
            elif kind in (b"tEXt", b"zTXt", b"iTXt"):
                size = _unpacked_bytes(kind, data[:-4])
                if size > _MAX_TEXT_BYTES or texts_bytes + size > _MAX_TEXTS_BYTES:
                    removed.append((start, end))
                else:
                    texts_bytes += size
        start = end
    if damaged:
        chunks = ", ".join(damaged)
        notices.append(CodedNotice(f"damaged PNG chunks are ignored: {chunks}", "damaged-chunks", chunks=chunks))
    return _without(file, removed) if removed else file


def repaired_jpeg(file: BinaryIO, notices: list[str]) -> BinaryIO | None:
    """The JPEG `file` with its missing end marker added, and a line in `notices`; None if it has a marker, or if rows are missing.

    Missing rows are detected by decoding the file several times with different bytes appended: missing rows are decoded from these bytes,
    and differ.
    """
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - 2))
    if file.read() == _END:
        return None
    file.seek(0)
    data = file.read().rstrip(b"\xff")  # the first half of the end marker, or of a two-byte code
    try:
        decoded = _decoded(data + _END) if _lacks_only_its_end(data) else None
        complete = decoded is not None and all(_decoded(data + _restarting(filling, data) + _END) == decoded for filling in _FILLINGS)
    except Exception:  # damaged elsewhere, which is reported when the file is decoded
        return None
    if not complete:
        return None
    notices.append(CodedNotice("the JPEG lacks its end marker; no rows are missing", "no-end-marker"))
    return io.BytesIO(data + _END)


def _is_malformed(kind: bytes, data: bytes) -> bool:
    """Whether a chunk is too short for its type, or uses an unknown compression method."""
    is_packed = kind in (b"zTXt", b"iCCP")
    return len(data) < _MIN_CHUNK_BYTES.get(kind, 0) or (is_packed and data.partition(b"\0")[2][:1] != b"\0")


def _unpacked_bytes(kind: bytes, data: bytes) -> int:
    """The unpacked size of a text chunk; counting stops above the limit."""
    rest = data.partition(b"\0")[2]
    if kind == b"iTXt":
        is_packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        is_packed, rest = kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    if not is_packed:
        return 0  # not compressed
    try:
        return len(zlib.decompressobj().decompress(rest, _MAX_TEXT_BYTES + 1))
    except zlib.error:
        return 0


def _without(file: BinaryIO, removed: list[tuple[int, int]]) -> BinaryIO:
    file.seek(0)
    data = file.read()
    starts, ends = (0, *(end for _, end in removed)), (*(start for start, _ in removed), len(data))
    return io.BytesIO(b"".join(data[start:end] for start, end in zip(starts, ends, strict=True)))


def _lacks_only_its_end(data: bytes) -> bool:
    """Whether the data ends in a scan without an end marker, and the scans contain all bits of every coefficient."""
    components: set[int] = set()
    coded: set[tuple[int, int]] = set()
    position = 2
    while match := _MARKER.search(data, position):
        marker, position = data[match.end() - 1], match.end()
        if marker == 0xD9:
            return False
        length = int.from_bytes(data[position : position + 2])
        segment = data[position + 2 : position + length]
        if len(segment) != length - 2:
            return False
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            components = set(segment[6::3])
        elif marker == 0xDA:
            count = segment[0]
            first, last, bits = segment[1 + 2 * count : 4 + 2 * count]
            if bits & 15 == 0:
                coded |= {(component, position) for component in segment[1 : 1 + 2 * count : 2] for position in range(first, last + 1)}
        position += length
    return bool(components) and len(coded) >= 64 * len(components)


def _restarting(filling: bytes, data: bytes) -> bytes:
    """`filling` with restart markers, starting with the next one that a truncated scan expects."""
    before = re.findall(rb"\xff([\xd0-\xd7])", data[data.rfind(b"\xff\xda") :])
    following = before[-1][0] - 0xD0 + 1 if before else 0
    return filling + b"".join(bytes((0xFF, 0xD0 + number % 8)) + filling for number in range(following, following + 8))


def _decoded(data: bytes) -> bytes:
    with JpegImageFile(io.BytesIO(data)) as image:
        return PIL.Image.Image.tobytes(image)

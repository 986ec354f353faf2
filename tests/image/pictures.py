"""Picture files, including some that Pillow cannot write."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import PIL.Image

from stylenet.image.files import Picture

STEP = 1 / 255


def encoded(image: PIL.Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels_of(picture: Picture) -> np.ndarray:
    return picture.pixels[0].transpose(1, 2, 0)


def png(values: np.ndarray, *, color_type: int, key: bytes = b"", interlace: bool = False, icc: bytes = b"") -> bytes:
    """A 16-bit PNG, (H, W, C), which Pillow cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def lines(part: np.ndarray) -> bytes:  # filter 1 (difference to the left) and 2 (to the line above), by turns
        stored, above, size = b"", np.zeros_like(part[:1]).astype(">u2").tobytes(), part.shape[2] * 2
        for number, row in enumerate(part):
            now = row.astype(">u2").tobytes()
            before = above if number % 2 else bytes(size) + now[:-size]
            stored += bytes([1 + number % 2]) + bytes((a - b) % 256 for a, b in zip(now, before, strict=True))
            above = now
        return stored

    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]  # Adam7
    parts = [values[y::dy, x::dx] for y, x, dy, dx in starts] if interlace else [values]
    data = b"".join(lines(part) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, color_type, 0, 0, int(interlace))
    profile = chunk(b"iCCP", b"made\0\0" + zlib.compress(icc)) if icc else b""
    transparent = chunk(b"tRNS", key) if key else b""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + profile + transparent + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")

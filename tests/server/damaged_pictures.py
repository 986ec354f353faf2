"""Damaged pictures: files of every format with changed, truncated, moved or exaggerated bytes; bombs; and files that are not pictures."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator

import PIL.Image

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"RIFF\x20\x00\x00\x00WEBPVP8 ",
    b"II*\x00",
    b"MM\x00*",
    b"GIF89a",
    b"\x00\x00\x00\x20ftypavif",
)
PNG_MAGIC = MAGIC[0]


def damaged_pictures(count: int, *, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """What was done, and the file.

    Args:
        count: Number of files.
        seed: The same one gives the same files.
    """
    chance = random.Random(seed)
    sources = sound_pictures()
    names = sorted(sources)
    for _ in range(count):
        if chance.random() < 0.1:
            kind = chance.choice(sorted(_HOSTILE))
            yield kind, _HOSTILE[kind](chance)
            continue
        name, kind = chance.choice(names), chance.choice(sorted(_CHANGES))
        data = _CHANGES[kind](sources[name], chance)
        if name.startswith("png") and chance.random() < 0.7:
            data = with_checksums(data)  # so that it is not the checksum that is found wrong
        yield f"{name}, {kind}", data


def sound_pictures() -> dict[str, bytes]:
    """A small valid picture in many formats."""
    picture = PIL.Image.effect_noise((40, 30), 60).convert("RGB")
    picture.paste((200, 40, 90), (5, 5, 20, 15))
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    frames = [picture.rotate(90 * turn) for turn in range(3)]
    return {
        "png": _saved(picture, "PNG"),
        "png with alpha": _saved(picture.convert("RGBA"), "PNG"),
        "png with a palette": _saved(picture.quantize(16), "PNG", transparency=3),
        "png of 16 bits": _saved(picture.convert("L").convert("I;16"), "PNG"),
        "jpeg": _saved(picture, "JPEG", exif=exif, comment=b"a comment"),
        "jpeg, progressive": _saved(picture, "JPEG", progressive=True),
        "jpeg, gray": _saved(picture.convert("L"), "JPEG"),
        "jpeg, cmyk": _saved(picture.convert("CMYK"), "JPEG"),
        "webp": _saved(picture, "WEBP"),
        "webp, lossless": _saved(picture.convert("RGBA"), "WEBP", lossless=True, exif=exif),
        "webp, animated": _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "tiff": _saved(picture, "TIFF"),
        "tiff, lzw": _saved(picture, "TIFF", compression="tiff_lzw"),
        "tiff, deflate": _saved(picture.convert("RGBA"), "TIFF", compression="tiff_adobe_deflate"),
        "tiff, jpeg": _saved(picture, "TIFF", compression="jpeg"),
        "tiff of 16 bits": _saved(picture.convert("L").convert("I;16"), "TIFF"),
        "tiff of floats": _saved(picture.convert("F"), "TIFF"),
        "gif": _saved(picture, "GIF"),
        "gif, animated": _saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "avif": _saved(picture, "AVIF"),
    }


def with_checksums(data: bytes) -> bytes:
    """A PNG file with the right checksum in every chunk that can be found."""
    if not data.startswith(PNG_MAGIC):
        return data
    found, place = bytearray(PNG_MAGIC), len(PNG_MAGIC)
    while place + 12 <= len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        end = place + 8 + size
        if end + 4 > len(data):
            break
        found += data[place:end] + struct.pack(">I", zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return bytes(found) + data[place:]


def _saved(picture: PIL.Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=format, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _replaced(data: bytes, place: int, part: bytes) -> bytes:
    return data[:place] + part + data[place + len(part) :]


def _bytes_changed(data: bytes, chance: random.Random, *, within: int | None = None) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        changed[chance.randrange(min(len(changed), within or len(changed)))] = chance.randrange(256)
    return bytes(changed)


def _header_changed(data: bytes, chance: random.Random) -> bytes:
    return _bytes_changed(data, chance, within=48)


def _bit_flipped(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return _replaced(data, place, bytes([data[place] ^ 1 << chance.randrange(8)]))


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data))]


def _number_exaggerated(data: bytes, chance: random.Random) -> bytes:
    order, (letter, largest) = chance.choice("<>"), chance.choice((("H", 0xFFFF), ("I", 0xFFFFFFFF)))
    part = struct.pack(order + letter, min(chance.choice(EXTREMES), largest))
    return _replaced(data, chance.randrange(max(1, min(len(data) - 4, 200))), part)


def _piece_removed(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return data[:begin] + data[begin + chance.randint(1, 64) :] or b"\x00"


def _piece_repeated(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    end = begin + chance.randint(1, 200)
    return data[:end] + data[begin:end] * chance.randint(1, 20) + data[end:]


def _garbage_appended(data: bytes, chance: random.Random) -> bytes:
    return data + chance.randbytes(chance.randint(1, 3000))


def _other_header(data: bytes, chance: random.Random) -> bytes:
    magic = chance.choice(MAGIC)
    return magic + data[len(magic) :]


def _zeros(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return _replaced(data, begin, bytes(min(chance.randint(1, 500), len(data) - begin)))


_CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bytes changed": _bytes_changed,
    "header changed": _header_changed,
    "bit flipped": _bit_flipped,
    "cut": _cut,
    "number exaggerated": _number_exaggerated,
    "piece removed": _piece_removed,
    "piece repeated": _piece_repeated,
    "garbage appended": _garbage_appended,
    "header of another format": _other_header,
    "zeros": _zeros,
}


def _png_of_any_size(chance: random.Random) -> bytes:
    """A PNG whose header declares sides of up to 2^31 pixels, with hardly any data."""
    width, height = (chance.choice((0, 1, 7000, 20_000, 65_536, 2**24, 2**31 - 1, 2**32 - 1)) for _ in range(2))
    depth, color = chance.choice((1, 2, 4, 8, 16, 3)), chance.choice((0, 2, 3, 4, 6, 5))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, chance.choice((0, 1, 9)))
    data = zlib.compress(bytes(chance.choice((0, 100, 10_000))))
    return PNG_MAGIC + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _png_bomb(chance: random.Random) -> bytes:
    """A PNG of a few kilobytes that unpacks to many megabytes, as pixels or text."""
    packed = zlib.compress(bytes(chance.choice((10**6, 3 * 10**7))), 9)
    side = chance.choice((40, 6000))
    begin = PNG_MAGIC + _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    text = chance.choice((b"", _chunk(b"zTXt", b"Comment\0\0" + packed), _chunk(b"iCCP", b"profile\0\0" + packed)))
    return begin + text + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _jpeg_of_any_size(chance: random.Random) -> bytes:
    data = sound_pictures()["jpeg"]
    place = data.index(b"\xff\xc0") + 5
    return _replaced(data, place, struct.pack(">HH", chance.choice((0, 1, 6000, 65_535)), chance.choice((0, 1, 6000, 65_535))))


def _gif_of_any_size(chance: random.Random) -> bytes:
    data = sound_pictures()["gif"]
    return _replaced(data, 6, struct.pack("<HH", chance.choice((0, 1, 6000, 65_535)), chance.choice((0, 1, 6000, 65_535))))


def _tiff_of_any_size(chance: random.Random) -> bytes:
    """A TIFF with arbitrary numbers in its tags."""
    tags = [
        (tag, chance.choice((3, 4)), chance.choice((0, 1, 3, 8, 1000, 2**16 - 1, 2**31)))
        for tag in (256, 257, 258, 259, 262, 273, 277, 278, 279)
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, chance.choice((1, 1, 1, 2**20)), value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", chance.choice((0, 8))) + bytes(200)


def _no_picture(chance: random.Random) -> bytes:
    kinds = (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><script>1</script></html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"%!PS-Adobe",
        b"\x00",
    )
    return chance.choice(kinds) + chance.randbytes(chance.randrange(200))


def _magic_and_noise(chance: random.Random) -> bytes:
    return chance.choice(MAGIC) + chance.randbytes(chance.randrange(2000))


_HOSTILE: dict[str, Callable[[random.Random], bytes]] = {
    "png of any size": _png_of_any_size,
    "png bomb": _png_bomb,
    "jpeg of any size": _jpeg_of_any_size,
    "gif of any size": _gif_of_any_size,
    "tiff of any size": _tiff_of_any_size,
    "no picture": _no_picture,
    "magic and noise": _magic_and_noise,
}

"""Files with minor defects are read with a notice; files that lack pixels are rejected."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.metadata import read_receipt
from stylenet.image.repair import repaired_jpeg

Y, X = np.mgrid[0:45, 0:67]
PIXELS = np.stack([X * 3, Y * 5, 255 - X - Y], axis=-1).astype(np.uint8) ^ np.random.default_rng(0).integers(0, 8, (45, 67, 3), np.uint8)
END_NOTICE = ("the JPEG lacks its end marker; no rows are missing",)


def encoded(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(PIXELS).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes, *, damage: int = 0) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data) ^ damage)


def with_chunk(png: bytes, extra: bytes, *, at_end: bool = False) -> bytes:
    place = png.rindex(b"IEND") - 4 if at_end else 33
    return png[:place] + extra + png[place:]


def levels(picture: Picture) -> np.ndarray:
    return (picture.pixels[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)


LONG = b"all work and no play " * 160_000  # 3 MB
PACKED = {
    b"zTXt": b"Comment\0\0" + zlib.compress(LONG),
    b"iTXt": b"Comment\0\1\0\0\0" + zlib.compress(LONG),
}


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("kind", PACKED)
def test_a_png_with_much_compressed_text_is_read(kind: bytes, at_end: bool) -> None:
    picture = load_image(with_chunk(encoded("PNG"), chunk(kind, PACKED[kind]), at_end=at_end))
    assert (levels(picture).tolist(), picture.notices) == (PIXELS.tolist(), ())


def test_many_texts_are_read_no_further_than_the_limit() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**20 - 1)))
    assert load_image(with_chunk(encoded("PNG"), text * 80)).notices == ()


def test_the_receipt_survives_beside_long_and_damaged_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_image(load_image(PIXELS).pixels, path, receipt={"seed": 1})
    path.write_bytes(with_chunk(path.read_bytes(), chunk(b"zTXt", PACKED[b"zTXt"]) + chunk(b"tEXt", b"a\0b", damage=1)))
    assert read_receipt(path) == {"seed": 1}


@pytest.mark.parametrize("at_end", [False, True])
def test_ancillary_chunks_with_a_wrong_checksum_are_left_out_and_reported(at_end: bool) -> None:
    damaged = [chunk(name, data, damage=1) for name, data in ((b"tEXt", b"a\0b"), (b"pHYs", bytes(9)), (b"tEXt", b"c\0d"))]
    picture = load_image(with_chunk(encoded("PNG"), b"".join(damaged), at_end=at_end))
    assert levels(picture).tolist() == PIXELS.tolist()
    assert picture.notices == ("damaged PNG chunks are ignored: tEXt, pHYs",)


@pytest.mark.parametrize("content", [b"pHYs\0", b"gAMA\0", b"sRGB", b"cHRM\0", b"acTL\0", b"zTXta\0\5zz", b"iCCPa\0\1zz", b"zTXt"])
def test_malformed_ancillary_chunks_are_left_out_and_reported(content: bytes) -> None:
    picture = load_image(with_chunk(encoded("PNG"), chunk(content[:4], content[4:])))
    assert levels(picture).tolist() == PIXELS.tolist()
    assert picture.notices == (f"damaged PNG chunks are ignored: {content[:4].decode()}",)


def test_a_damaged_header_is_reported_with_its_reason() -> None:
    png = bytearray(encoded("PNG"))
    png[30] ^= 1
    with pytest.raises(ImageError, match=r"damaged, or an unsupported kind of PNG \(broken PNG file \(bad header checksum in b'IHDR'"):
        load_image(bytes(png))


def test_a_png_without_its_last_chunk_is_read() -> None:
    assert levels(load_image(encoded("PNG")[:-12])).tolist() == PIXELS.tolist()


def test_a_large_color_profile_of_a_png_is_applied(adobe_profile: bytes) -> None:
    padded = struct.pack(">I", 3 * 2**20) + adobe_profile[4:].ljust(3 * 2**20 - 4, b"\0")
    profile = chunk(b"iCCP", b"made\0\0" + zlib.compress(padded))
    picture = load_image(with_chunk(encoded("PNG"), profile))
    assert picture.notices == ()
    assert np.array_equal(levels(picture), levels(load_image(encoded("PNG", icc_profile=adobe_profile))))


JPEGS = [
    ("RGB", {}),
    ("L", {"quality": 100}),
    ("CMYK", {"subsampling": "4:4:4"}),
    ("RGB", {"progressive": True}),
    ("RGB", {"restart_marker_blocks": 1}),
    ("RGB", {"restart_marker_rows": 1, "quality": 100}),
    ("RGB", {"progressive": True, "restart_marker_rows": 1}),
]


@pytest.mark.parametrize(("mode", "options"), JPEGS, ids=str)
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_marker_is_read_and_reported(mode: str, options: dict[str, Any], missing: int) -> None:
    data = encoded("JPEG", mode, **options)
    picture = load_image(data[:-missing])
    assert np.array_equal(levels(picture), levels(load_image(data)))
    assert picture.notices[:1] == END_NOTICE


@pytest.mark.parametrize(("mode", "options"), JPEGS, ids=str)
def test_a_jpeg_that_lacks_rows_is_never_taken_for_whole(mode: str, options: dict[str, Any]) -> None:
    data = encoded("JPEG", mode, **options)
    with PIL.Image.open(io.BytesIO(data)) as image:
        whole = image.tobytes()
    for missing in (*range(3, 80), *range(80, len(data) - 20, 61)):
        if mended := repaired_jpeg(io.BytesIO(data[:-missing]), []):
            with PIL.Image.open(mended) as image:  # what is missing changes nothing
                assert image.tobytes() == whole, missing
    with pytest.raises(ImageError, match="cut off"):
        load_image(data[: len(data) * 2 // 3])


def test_what_follows_a_jpeg_does_not_matter() -> None:
    data = encoded("JPEG")
    assert load_image(data + b"trailer" * 9).notices == ()
    assert load_image(data[:-2] + bytes(500)).notices == END_NOTICE


@pytest.mark.parametrize("segment", [b"\xff\xda\0\2", b"\xff\xda\0\3\4", b"\xff\xc0\0\2"])
def test_a_jpeg_that_ends_in_a_damaged_segment_is_left_to_its_decoder(segment: bytes) -> None:
    assert repaired_jpeg(io.BytesIO(encoded("JPEG")[:-2] + segment), []) is None

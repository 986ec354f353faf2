"""One-line errors for bad files, all of which are created here."""

from __future__ import annotations

import builtins
import errno
import importlib.util
import io
import os
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError
from stylenet.image import opening
from stylenet.image.files import load_image

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


def encoded(image: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def refused(source: Any) -> str:
    """The message, which must be a single line."""
    with pytest.raises(ImageError) as caught:
        load_image(source)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def png_header(width: int, height: int) -> bytes:
    data = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + data
        + struct.pack(">I", zlib.crc32(data))
        + struct.pack(">I", 9)
        + b"IDAT"
        + bytes(9)
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty (0 bytes)"),
        (b"Dear diary, today I painted.", "it is a text file; supported are PNG, JPEG, WebP"),
        ("ü".encode() * 600, "it is a text file"),
        (b"a" + "ü".encode() * 600, "it is a text file"),
        (b'<?xml version="1.0"?>\n<svg width="4">', "it is an SVG drawing, not a raster picture; export it as PNG"),
        (b"\xef\xbb\xbf <svg></svg>", "it is an SVG drawing"),
        (b"%PDF-1.7\n", "it is a PDF or PostScript page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is a PDF or PostScript page"),
        (b"<!DOCTYPE html><html>404</html>", "it is a web page, probably saved instead of the picture"),
        (b"8BPS\0\1", "it is a Photoshop document"),
        (b"\xff\x0a" + bytes(30), "JPEG XL is not supported"),
        (b"PK\x03\x04" + bytes(30), "it is a ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(30), "it is an archive or a compressed file; unpack it first"),
        (bytes(257) + b"ustar" + bytes(30), "it is an archive or a compressed file"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "Radiance HDR and OpenEXR are not supported; tone-map it and export it as PNG"),
        (b"\x76\x2f\x31\x01" + bytes(30), "Radiance HDR and OpenEXR are not supported"),
        (b"gimp xcf file\0" + bytes(30), "it is a GIMP document"),
        (b"\0\0\0\x18ftypmp42" + bytes(30), "it is a video or audio file"),
        (bytes(range(128, 256)), "it is damaged or in an unsupported format"),
        (b"\x89PNG\r\n\x1a\n", "it is damaged, or an unsupported kind of PNG"),
        (b"\xff\xd8\xff\xe0", "it is damaged"),
        (b"II*\0" + bytes(4), "it is damaged, or an unsupported kind of TIFF"),
    ],
)
def test_what_is_no_picture_is_reported_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert refused(path).startswith(f"cannot read '{path}': {reason}")
    assert refused(content).startswith(f"cannot read the given data: {reason}")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF", "JPEG2000", "BMP", "PPM", "QOI"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_file_cut_off_is_rejected_not_half_gray(photo: PIL.Image.Image, kind: str, part: float) -> None:
    image = photo.resize((90, 60))
    data = encoded(image, kind)
    assert load_image(data).pixels.shape == (1, 3, 60, 90)
    message = refused(data[: int(len(data) * part)])
    assert "damaged" in message


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_lines_is_rejected(photo: PIL.Image.Image, progressive: bool) -> None:
    data = encoded(photo.resize((300, 200)), "JPEG", progressive=progressive)
    assert "cut off" in refused(data[:-40])


def test_damage_in_the_middle_of_a_png(photo: PIL.Image.Image) -> None:
    data = bytearray(encoded(photo, "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert "it is damaged or cut off" in refused(bytes(data))


@pytest.mark.parametrize(("width", "height"), [(20_000, 10_001), (2**31 - 1, 2**31 - 1), (1, 200_000_001)])
def test_a_huge_picture_is_rejected_by_its_header(width: int, height: int) -> None:
    assert f"it has {width} x {height} pixels" in refused(png_header(width, height))
    assert "allowed are up to 200 million; make it smaller first" in refused(png_header(width, height))


def test_a_large_picture_within_the_limit_is_tried_without_a_warning() -> None:
    assert "cut off" in refused(png_header(16_320, 12_240))  # the size of a 200-megapixel telephone photo; there are no pixels in it


def test_pillow_keeps_its_own_limit(photo: PIL.Image.Image) -> None:
    before = PIL.Image.MAX_IMAGE_PIXELS
    data = encoded(photo, "PNG")
    workers = [threading.Thread(target=load_image, args=(data,)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    refused(b"no picture")
    assert before is not None
    assert before == PIL.Image.MAX_IMAGE_PIXELS


def test_pictures_in_memory_have_the_same_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "it has 0 x 5 pixels" in refused(PIL.Image.new("RGB", (0, 5)))
    monkeypatch.setattr(opening, "MAX_PIXELS", 10)
    assert "it has 4 x 3 pixels" in refused(PIL.Image.new("RGB", (4, 3)))


def test_out_of_memory_is_reported_as_such(photo: PIL.Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: PIL.Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr(PIL.Image.Image, "load", load)
    assert "there is not enough memory to decode it" in refused(photo)


def test_a_missing_file_names_its_neighbor(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    assert refused(tmp_path / "holyday.jpg").endswith("there is no such file. Did you mean 'holiday.jpg'?")
    assert refused(tmp_path / "qqqqq").endswith("there is no such file")
    assert refused(tmp_path / "nowhere" / "a.jpg").endswith(f"there is no folder '{tmp_path / 'nowhere'}'")
    assert "there is no" in refused(tmp_path / "holiday.jpg" / "a.jpg")


def test_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"cannot read '{tmp_path}': it is a folder; give a picture file"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("named pipes are POSIX")
    os.mkfifo(tmp_path / "pipe")
    assert "it is a device or a pipe" in refused(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(errno.EACCES, "denied"), "you have no permission to read it"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str) -> None:
    path = tmp_path / "photo.png"
    path.touch()

    def refuse(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(builtins, "open", refuse)
    assert reason in refused(path)


def test_odd_paths() -> None:
    assert "it is a web address; download the picture" in refused("https://example.com/photo.jpg")
    assert "cannot read" in refused("photo\0.jpg")
    assert "there is no such file" in refused("")
    assert ".nef is a camera's raw file" in refused("photo.NEF")


def test_other_sources(photo: PIL.Image.Image) -> None:
    data = encoded(photo, "PNG")
    for source in (data, bytearray(data), memoryview(data), io.BytesIO(data)):
        assert load_image(source).width == 30
    assert "it is open as text; open it with mode 'rb'" in refused(io.StringIO("text"))
    assert refused(42).startswith("cannot read a picture from int; give a path, bytes,")
    assert refused(None).startswith("cannot read a picture from NoneType")


def test_programs_are_never_run() -> None:
    """EPS would start Ghostscript; it must not even be parsed."""
    data = encoded(PIL.Image.new("RGB", (8, 8)), "EPS")
    assert "it is a PDF or PostScript page" in refused(data)


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delitem(PIL.Image.OPEN, "HEIF", raising=False)
    assert refused(HEIC).endswith("HEIC photos need another package; run: pip install pillow-heif")


def test_heic_with_its_package(photo: PIL.Image.Image) -> None:
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(photo).save(buffer, quality=90)
    assert np.abs(load_image(buffer.getvalue()).pixels - load_image(photo).pixels).mean() < 0.03


def test_files_are_closed(tmp_path: Path, photo: PIL.Image.Image) -> None:
    """Unclosed files cause warnings, which are errors in tests; on Windows, they could not be replaced either."""
    photo.save(tmp_path / "a.tif", compression="tiff_lzw")
    load_image(tmp_path / "a.tif")
    os.replace(tmp_path / "a.tif", tmp_path / "b.tif")
    (tmp_path / "b.tif").write_bytes(b"II*\0")
    refused(tmp_path / "b.tif")


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to("nowhere.jpg")
    assert refused(tmp_path / "link.jpg").endswith("it is a link to 'nowhere.jpg', which does not exist")


def test_a_closed_picture_is_not_called_damaged(tmp_path: Path, photo: PIL.Image.Image) -> None:
    path = tmp_path / "photo.png"
    photo.save(path)
    with PIL.Image.open(path) as never_loaded:
        pass
    with path.open("rb") as file:
        without_file = PIL.Image.open(file)
    for closed in (never_loaded, without_file):
        with pytest.raises(ImageError, match=r"the given picture: it or its file is closed; give it before closing it, or give a copy\(\)"):
            load_image(closed)

"""Files with small damages that leave every pixel readable, and files that lack pixels."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stylenet.errors import ImageError
from stylenet.image.files import load_image

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)


def png(text: str | None = None) -> bytes:
    info = PngInfo()
    if text is not None:
        info.add_text("Comment", text, zip=True)
    buffer = BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read(path: Path, data: bytes) -> tuple[torch.Tensor, tuple[str, ...]]:
    path.write_bytes(data)
    picture = load_image(path)
    return (picture.pixels[0].permute(1, 2, 0) * 255).round().byte(), picture.notices


def test_a_png_with_much_compressed_text_is_read(tmp_path: Path) -> None:
    pixels, notices = read(tmp_path / "text.png", png("all work and no play " * 80_000))
    assert np.array_equal(pixels.numpy(), PIXELS)
    assert notices == ()


def test_a_wrong_checksum_beside_the_pixels_is_told(tmp_path: Path) -> None:
    body = b"tEXtSoftware\0none"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body) ^ 1)
    data = png()
    pixels, notices = read(tmp_path / "checksum.png", data[:33] + chunk + data[33:])
    assert np.array_equal(pixels.numpy(), PIXELS)
    assert notices == ("PNG chunks with a wrong checksum are left out: tEXt",)


def test_a_jpeg_without_its_end_marker_is_read(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=95)
    data = buffer.getvalue()
    assert data.endswith(b"\xff\xd9")
    whole, _ = read(tmp_path / "whole.jpg", data)
    pixels, notices = read(tmp_path / "open.jpg", data[:-2])
    assert torch.equal(pixels, whole)
    assert notices == ("the JPEG lacks its end marker; all of its rows are there",)


def test_a_jpeg_without_its_last_rows_is_refused(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=95)
    (tmp_path / "short.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
    with pytest.raises(ImageError, match="cut off"):
        load_image(tmp_path / "short.jpg")

"""Every mode, transparency, profile and bit depth is converted to the same sRGB picture."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from PIL import ImageCms

from stylenet.errors import ImageError
from stylenet.image.files import load_image
from tests.image.pictures import STEP, encoded, pixels_of, png


@pytest.mark.parametrize("mode", ["L", "P", "LA", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr", "HSV", "I;16", "I", "F", "LAB", "CMYK"])
def test_every_mode_of_pillow_gives_a_plausible_picture(photo: PIL.Image.Image, mode: str) -> None:
    if mode == "LAB":
        image = ImageCms.profileToProfile(photo, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    elif mode == "I;16":
        image = PIL.Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    elif mode == "RGBa":
        image = photo.convert("RGBA").convert("RGBa")
    elif mode == "PA":
        image = photo.convert("RGBA").quantize(64).convert("PA")
    else:
        image = photo.convert(mode)
    assert image is not None
    assert image.mode == mode
    picture = load_image(image)
    gray = mode in ("L", "LA", "I;16", "I", "F")
    expected = np.asarray(photo.convert("L").convert("RGB") if gray else photo) / 255
    tolerance = {"P": 0.08, "PA": 0.08, "LAB": 0.03, "HSV": 0.03, "CMYK": 0.01}.get(mode, 0.012)
    assert picture.pixels.shape == (1, 3, 20, 30)
    assert picture.pixels.dtype == np.float32
    assert picture.alpha is None
    assert np.abs(pixels_of(picture) - expected).mean() < tolerance


def test_black_and_white(photo: PIL.Image.Image) -> None:
    pixels = pixels_of(load_image(photo.convert("1")))
    assert set(pixels.flatten().tolist()) == {0, 1}
    assert pixels.mean() == pytest.approx(np.asarray(photo.convert("L")).mean() / 255, abs=0.02)


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ImageError, match=r"the given picture: a picture of mode BGR;15 cannot be used; convert it to RGB first"):
        load_image(_WithMode())


class _WithMode(PIL.Image.Image):
    """A picture in a mode that Pillow can no longer create."""

    def __init__(self) -> None:
        super().__init__()
        self.im = PIL.Image.new("RGB", (2, 2)).im
        self._mode, self._size = "BGR;15", (2, 2)

    def getbands(self) -> tuple[str, ...]:
        return ("B", "G", "R")


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA", "RGBa", "La"])
def test_alpha_is_kept_apart(mode: str) -> None:
    image = PIL.Image.new("RGBA", (4, 1), (200, 200, 200, 255))
    image.putpixel((1, 0), (200, 200, 200, 128))
    image.putpixel((2, 0), (0, 0, 0, 0))
    if mode == "PA":
        alpha = image.getchannel("A")
        image = image.convert("RGB").quantize(4).convert("PA")
        image.putalpha(alpha)
    else:
        image = image.convert("LA").convert("La") if mode == "La" else image.convert(mode)
    picture = load_image(image)
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == pytest.approx([1, 128 / 255, 0, 1])
    assert pixels_of(picture) == pytest.approx(np.full((1, 4, 3), 200 / 255), abs=1.5 * STEP)


def test_hidden_pixels_take_the_mean_of_the_visible_ones() -> None:
    image = PIL.Image.new("RGBA", (3, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 255, 255))
    image.putpixel((2, 0), (0, 255, 0, 0))
    assert pixels_of(load_image(image))[0, 2] == pytest.approx([0.5, 0, 0.5])


def test_a_picture_transparent_everywhere_is_white_and_says_so() -> None:
    picture = load_image(PIL.Image.new("RGBA", (2, 2), (9, 9, 9, 0)))
    assert picture.pixels.min() == 1
    assert picture.notices == ("the picture is fully transparent; it is painted as white",)


@pytest.mark.parametrize("mode", ["P", "RGB", "L", "1"])
def test_one_transparent_color_becomes_alpha(mode: str) -> None:
    image = PIL.Image.new("RGB", (3, 1), "white")
    image.putpixel((0, 0), (0, 0, 0))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    key = image.getpixel((0, 0))
    picture = load_image(encoded(image, transparency=key))
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1, 1]


def test_all_channels_of_the_transparent_color_must_agree() -> None:
    image = PIL.Image.fromarray(np.array([[[9, 9, 9], [9, 9, 8]]], dtype=np.uint8))
    picture = load_image(encoded(image, transparency=(9, 9, 9)))
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1]


def test_palette_with_an_alpha_for_each_color() -> None:
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    picture = load_image(encoded(image, transparency=bytes([51, 255])))
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == pytest.approx([0.2, 1])


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize(("channels", "color_type"), [(1, 0), (3, 2), (4, 6)])
def test_png_of_16_bits_keeps_them(channels: int, color_type: int, interlace: bool) -> None:
    values = np.random.default_rng(0).integers(1, 65535, (9, 11, channels))
    picture = load_image(png(values, color_type=color_type, interlace=interlace))
    colors = values[..., :3] / 65535 if channels > 1 else np.repeat(values, 3, axis=2) / 65535
    if channels == 4:
        cover = values[..., 3:] / 65535
        assert picture.alpha is not None
        assert picture.alpha[0, 0] == pytest.approx(cover[..., 0], abs=1e-6)
        colors = colors * cover + (colors * cover).sum((0, 1)) / cover.sum() * (1 - cover)
    assert pixels_of(picture) == pytest.approx(colors, abs=1e-6)


@pytest.mark.parametrize(("channels", "color_type"), [(1, 0), (3, 2)])
def test_png_of_16_bits_with_a_transparent_color(channels: int, color_type: int) -> None:
    values = np.full((1, 2, channels), 1000)
    values[0, 1] = 1001  # differs in the lower byte only
    picture = load_image(png(values, color_type=color_type, key=struct.pack(">H", 1000) * channels))
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1]


def test_a_transparent_color_of_16_bits_on_the_8_that_pillow_opened() -> None:
    values = np.array([[[1000] * 3, [2000] * 3]])
    with PIL.Image.open(io.BytesIO(png(values, color_type=2, key=struct.pack(">H", 1000) * 3))) as image:
        picture = load_image(image)
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1]


@pytest.mark.parametrize("layout", [{}, {"compression": "zlib", "predictor": True}, {"byteorder": ">"}, {"tile": (16, 16)}])
def test_tiff_of_16_bits_keeps_them(tmp_path: Path, layout: dict[str, Any]) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(1).integers(0, 65536, (20, 33, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "deep.tif", values, photometric="rgb", **layout)
    assert pixels_of(load_image(tmp_path / "deep.tif")) == pytest.approx(values / 65535, abs=1e-6)


def test_tiff_of_16_bits_in_separate_planes_is_read(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(1).integers(0, 65536, (3, 20, 33), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "planes.tif", values, photometric="rgb", planarconfig="separate", compression="zlib")
    assert pixels_of(load_image(tmp_path / "planes.tif")) == pytest.approx(values.transpose(1, 2, 0) / 65535, abs=STEP)


def test_the_tone_curve_of_hdr_video_is_reported(photo: PIL.Image.Image) -> None:
    data = bytearray(encoded(photo))
    content = b"cICP" + bytes([9, 16, 0, 1])
    data[33:33] = struct.pack(">I", 4) + content + struct.pack(">I", zlib.crc32(content))
    notice = "the picture has the HDR tone curve {}; it is read as sRGB, so it looks flat"
    assert load_image(bytes(data)).notices == (notice.format("PQ"),)
    film = encoded(photo, "AVIF")
    place = film.index(b"colrnclx") + 10
    assert load_image(film).notices == ()
    assert load_image(film[:place] + b"\0\x12" + film[place + 2 :]).notices == (notice.format("HLG"),)


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize(("dtype", "full"), [(np.uint8, 255), (np.uint16, 65535), (np.int64, 255), (np.float64, 1), (bool, 1)])
def test_arrays(channels: int | None, dtype: type, full: int) -> None:
    values: np.ndarray = np.full((2, 3) if channels is None else (2, 3, channels), full, dtype=dtype)
    values[0, 0] = 0
    picture = load_image(values)
    assert picture.pixels.shape == (1, 3, 2, 3)
    assert picture.pixels.max() == 1
    assert (picture.alpha is not None) == (channels in (2, 4))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 8, 8, 3)), r"shape \(3, 8, 8, 3\) is not a picture; allowed are \(H, W\)"),
        (np.zeros((4, 4, 5)), r"shape \(4, 4, 5\) is not a picture"),
        (np.zeros(7), r"shape \(7,\) is not a picture"),
        (np.zeros((0, 4, 3)), "has 4 x 0 pixels"),
        (np.full((4, 4), 256), r"an array of int64 has values in 256\.\.256; allowed are 0\.\.255, or 0\.\.65535 as uint16"),
        (np.full((4, 4), -1, dtype=np.int8), r"an array of int8 has values in -1\.\.-1"),
        (np.zeros((4, 4), dtype=complex), "an array of complex128 is not a picture; allowed are bool, integers, and floats"),
        (np.full((4, 4, 3), 255.0), r"values in 255\.\.255; allowed are 0\.\.1, divide by its full scale"),
        (np.full((4, 4, 3), np.nan), "values that are not finite"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(array)


def test_the_same_picture_as_an_array_of_any_layout() -> None:
    values = np.random.default_rng(0).random((9, 7, 3), dtype=np.float32)
    pixels = load_image(values).pixels
    assert np.array_equal(load_image(pixels).pixels, pixels)
    assert np.array_equal(load_image(pixels[:, :1]).pixels, pixels[:, :1].repeat(3, axis=1))
    assert np.array_equal(load_image((values * 255).astype(np.int32)).pixels, load_image((values * 255).astype(np.uint8)).pixels)
    with_alpha = np.concatenate([pixels, pixels[:, :1]], axis=1)
    alpha = load_image(with_alpha).alpha
    assert alpha is not None
    assert np.array_equal(alpha, pixels[:, :1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8])
def test_tensors_of_every_layout(dtype: torch.dtype) -> None:
    values = torch.rand(9, 7, 3, generator=torch.Generator().manual_seed(0))
    values = (values * 255).to(dtype) if dtype == torch.uint8 else values.to(dtype)
    expected = values.permute(2, 0, 1)[None].float().numpy() / np.float32(255 if dtype == torch.uint8 else 1)
    last, first = values, values.permute(2, 0, 1)
    for tensor in (last, first, first[None], first.clone().float().requires_grad_() if dtype == torch.float32 else first):
        pixels = load_image(tensor).pixels
        assert pixels.dtype == np.float32
        assert np.array_equal(pixels, expected)


def test_a_picture_shares_no_memory_with_its_source() -> None:
    values = np.full((4, 5, 3), 0.5, np.float32)
    picture = load_image(values)
    values[:] = 0
    assert picture.pixels.min() == 0.5
    assert picture.pixels.flags.writeable


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(2, 3, 4, 4), r"an array of shape \(2, 3, 4, 4\) is not a picture"),
        (torch.full((3, 4, 4), 255.0), r"values in 255\.\.255; allowed are 0\.\.1"),
        (torch.tensor(0.5), r"an array of shape \(\) is not a picture"),
    ],
)
def test_tensors_that_are_no_pictures(tensor: torch.Tensor, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(tensor)

"""Color profiles are applied, and damaged or foreign ones are reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

from stylenet.image.files import load_image
from tests.image.pictures import STEP, encoded, pixels_of, png


def test_cmyk_of_a_jpeg_is_not_inverted() -> None:
    picture = load_image(encoded(PIL.Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG"))
    assert pixels_of(picture)[8, 8] == pytest.approx([0, 1, 1], abs=0.02)
    assert picture.notices == ("a CMYK picture without a color profile; its colors are approximate",)


@pytest.mark.parametrize("inks", [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (1, 0, 1, 0), (0, 0, 0, 1)])
def test_cmyk_follows_its_profile(ink_profile: bytes, ink_to_srgb: Callable[..., Any], inks: tuple[int, int, int, int]) -> None:
    image = PIL.Image.new("CMYK", (8, 8), tuple(255 * ink for ink in inks))
    picture = load_image(encoded(image, "TIFF", icc_profile=ink_profile))
    assert pixels_of(picture)[4, 4] == pytest.approx(ink_to_srgb(*inks), abs=0.02)
    assert picture.notices == ()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_wide_gamut_profile_is_converted(adobe_profile: bytes, adobe_to_srgb: Callable[..., Any], mode: str) -> None:
    colors = [(200, 60, 60), (60, 180, 90), (30, 60, 200), (128, 128, 128), (250, 240, 230), (0, 255, 0)]
    image = PIL.Image.fromarray(np.array([colors], dtype=np.uint8))
    stored = {"RGB": image, "RGBA": image.convert("RGBA"), "P": image.quantize(6)}[mode]
    picture = load_image(encoded(stored, icc_profile=adobe_profile))
    expected = adobe_to_srgb(np.asarray(stored.convert("RGB")) / 255.0)
    assert pixels_of(picture) == pytest.approx(expected, abs=2 * STEP)
    assert np.abs(pixels_of(picture) - np.array([colors]) / 255).max() > 0.1


def test_16_bits_with_a_wide_gamut_profile_are_converted_in_8(adobe_profile: bytes, adobe_to_srgb: Callable[..., Any]) -> None:
    values = np.array([[[51400, 15420, 15420], [32896, 32896, 32896]]])
    picture = load_image(png(values, color_type=2, icc=adobe_profile))
    assert pixels_of(picture) == pytest.approx(adobe_to_srgb(values / 65535), abs=2 * STEP)
    assert picture.notices == ("the embedded color profile is applied in 8 bits; the picture has more",)


def test_a_gray_profile_is_converted(linear_gray_profile: bytes) -> None:
    picture = load_image(encoded(PIL.Image.new("L", (2, 2), 55), icc_profile=linear_gray_profile))
    assert pixels_of(picture)[0, 0] == pytest.approx(np.full(3, 1.055 * (55 / 255) ** (1 / 2.4) - 0.055), abs=1.5 * STEP)


def test_linear_light_of_16_bits_keeps_its_shadows(linear_gray_profile: bytes) -> None:
    """In 8 bits, the darkest 13 of 255 sRGB levels would be black."""
    values = np.linspace(0, 2000, 64).round().astype(int).reshape(1, -1, 1)
    pixels = pixels_of(load_image(png(values, color_type=0, icc=linear_gray_profile)))[0, :, 0]
    assert (np.diff(pixels) > 0).all()


def test_16_bits_with_a_profile_have_more_than_256_levels(adobe_profile: bytes, adobe_to_srgb: Callable[..., Any]) -> None:
    values = np.repeat(np.linspace(20000, 40000, 512).round().astype(int).reshape(1, -1, 1), 3, axis=2)
    pixels = pixels_of(load_image(png(values, color_type=2, icc=adobe_profile)))
    assert len(np.unique(pixels[..., 1])) > 400
    assert pixels == pytest.approx(adobe_to_srgb(values / 65535), abs=1.5 * STEP)


def test_a_gray_picture_may_have_an_rgb_profile(adobe_profile: bytes, adobe_to_srgb: Callable[..., Any]) -> None:
    picture = load_image(encoded(PIL.Image.new("L", (2, 2), 100), icc_profile=adobe_profile))
    assert pixels_of(picture)[0, 0] == pytest.approx(adobe_to_srgb(np.full(3, 100 / 255)), abs=1.5 * STEP)


def test_an_srgb_profile_changes_nothing(photo: PIL.Image.Image) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(load_image(encoded(photo, icc_profile=srgb)).pixels, load_image(photo).pixels)


@pytest.mark.parametrize("data", [b"no profile at all", bytes(200)])
def test_a_broken_profile_is_reported_and_srgb_assumed(photo: PIL.Image.Image, data: bytes) -> None:
    picture = load_image(encoded(photo, icc_profile=data))
    assert picture.notices == ("the embedded color profile is damaged and is ignored",)
    assert np.array_equal(picture.pixels, load_image(photo).pixels)


def test_a_profile_cut_off_is_reported(photo: PIL.Image.Image, adobe_profile: bytes) -> None:
    picture = load_image(encoded(photo, icc_profile=adobe_profile[:300]))
    assert picture.notices == ("the embedded color profile is damaged and is ignored",)


def test_a_profile_for_other_colors_is_reported(photo: PIL.Image.Image, ink_profile: bytes) -> None:
    picture = load_image(encoded(photo, icc_profile=ink_profile))
    assert picture.notices == ("the embedded color profile is for CMYK, but the picture is RGB; the profile is ignored",)
    assert np.array_equal(picture.pixels, load_image(photo).pixels)

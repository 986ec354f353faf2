"""Masks, protected areas, and colors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from stylenet.errors import ImageError, StyleError, UsageError
from stylenet.image.files import Picture, save_image
from stylenet.image.recolor import keep_colors
from stylenet.painting.painting import stylize
from stylenet.painting.regions import Region, lay_out, with_photo_kept
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options
from stylenet.shapes import Image


@pytest.fixture(scope="module")
def quick() -> Stylizer:
    return open_stylizer(changes={"pyramid.steps": "[3]"}, precision="float32")


def half(height: int, width: int) -> Image:
    """White on the left."""
    mask = np.zeros((1, 1, height, width), np.float32)
    mask[..., : width // 2] = 1
    return mask


def test_where_the_photo_is_kept_its_bytes_are(quick: Stylizer, photo: Picture, tmp_path: Path) -> None:
    region = Region(mask=half(photo.height, photo.width), style=None)
    painted = stylize(photo, "starry-night", recipe=quick, regions=[region]).save(tmp_path / "painted.png")
    plain = save_image(photo.pixels, tmp_path / "photo.png")
    given, expected = (np.asarray(PIL.Image.open(path)) for path in (painted, plain))
    middle = photo.width // 2
    np.testing.assert_array_equal(given[:, :middle], expected[:, :middle])
    assert (given[:, middle:] != expected[:, middle:]).mean() > 0.5


def test_a_region_has_its_own_style(quick: Stylizer, photo: Picture) -> None:
    mask = half(photo.height, photo.width)
    split = stylize(photo, "great-wave", recipe=quick, regions=[Region(mask=mask, style="the-scream")]).pixels
    wave, scream = (stylize(photo, style, recipe=quick).pixels for style in ("great-wave", "the-scream"))
    left, right = split[..., : photo.width // 2 - 8], split[..., photo.width // 2 + 8 :]

    def near(one: Image, other: Image) -> float:
        return float(np.linalg.norm(one.mean((2, 3)) - other.mean((2, 3))))

    assert near(left, scream[..., : photo.width // 2 - 8]) < near(left, wave[..., : photo.width // 2 - 8])
    assert near(right, wave[..., photo.width // 2 + 8 :]) < near(right, scream[..., photo.width // 2 + 8 :])


def test_a_mask_of_everything_is_that_style_everywhere(quick: Stylizer, photo: Picture) -> None:
    region = Region(mask=np.ones((1, 1, 8, 8), np.float32), style="senecio")
    masked = stylize(photo, "goldfish", recipe=quick, regions=[region]).pixels
    alone = stylize(photo, "senecio", recipe=quick).pixels
    assert np.abs(masked - alone).mean() < 2e-3


def test_layout_of_several_masks(photo: Picture) -> None:
    size = (photo.width, photo.height)
    left = half(photo.height, photo.width)
    layout = lay_out([Region(mask=left, style="a"), Region(mask=1 - left, style=None)], photo, size, feather_px=0, protected=())
    assert layout.weights is not None
    assert layout.keep is not None
    np.testing.assert_allclose(layout.weights.sum(0) + layout.keep[0], np.ones((1, photo.height, photo.width)), atol=1e-5)
    assert np.array_equal(layout.keep, 1 - left)
    assert lay_out([], photo, size, feather_px=0, protected=()).weights is None
    with pytest.raises(UsageError, match="'feet' cannot be protected; allowed are faces, subject"):
        Options(protect="feet")


@pytest.mark.parametrize("scale", [np.nan, 255, -1])
def test_masks_with_other_values_than_0_to_1_are_rejected(photo: Picture, scale: float) -> None:
    region = Region(mask=half(photo.height, photo.width) * np.float32(scale), style=None)
    with pytest.raises(ImageError, match="an array of floats has values"):
        lay_out([region], photo, (photo.width, photo.height), feather_px=0, protected=())


@pytest.mark.parametrize("kind", ["uint8", "bool", "tensor", "file object"])
def test_masks_of_every_kind_are_those_of_a_file(photo: Picture, kind: str) -> None:
    mask = half(photo.height, photo.width)
    levels = (mask * 255).astype(np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(levels[0, 0]).save(file, "PNG")
    file.seek(0)
    given: Any = {"uint8": levels, "bool": mask > 0, "tensor": torch.from_numpy(mask), "file object": file}[kind]
    layout = lay_out([Region(mask=given, style=None)], photo, (photo.width, photo.height), feather_px=0, protected=())
    assert layout.keep is not None
    np.testing.assert_array_equal(layout.keep, mask)


def test_a_soft_edge_mixes() -> None:
    painted, photo = np.zeros((1, 3, 1, 3), np.float32), np.full((1, 3, 1, 3), 0.3, np.float32)
    keep = np.array([0.0, 0.5, 1.0], np.float32).reshape(1, 1, 1, 3)
    mixed = with_photo_kept(painted, photo, keep)
    np.testing.assert_allclose(mixed[0, 0, 0], np.array([0.0, 0.15, 0.3]), atol=1e-5)
    assert np.array_equal(mixed[..., 2], photo[..., 2])


def test_keep_colors_after_is_that_of_the_result(quick: Stylizer, photo: Picture) -> None:
    plain = stylize(photo, "starry-night", recipe=quick).pixels
    kept = stylize(photo, "starry-night", recipe=quick, keep_colors="mean-covariance").pixels
    np.testing.assert_allclose(kept, keep_colors(plain, photo.pixels, "mean-covariance"), atol=1e-5)


def test_keep_colors_before_needs_a_picture(quick: Stylizer, photo: Picture) -> None:
    with pytest.raises(StyleError, match="'starry-night' has no picture to recolor"):
        stylize(photo, "starry-night", recipe=quick, keep_colors="histogram:before")
    painting = Picture(pixels=np.random.default_rng(0).random((1, 3, 40, 40), dtype=np.float32))
    before = stylize(photo, painting, recipe=quick, keep_colors="histogram:before").pixels
    assert not np.array_equal(before, stylize(photo, painting, recipe=quick).pixels)


def test_the_palette_is_taken(quick: Stylizer, photo: Picture) -> None:
    reds = stylize(photo, "starry-night", recipe=quick, palette=(("#800000", 0.5), ("#ff8080", 0.5))).pixels
    red, green, blue = reds.mean((0, 2, 3)).tolist()
    assert red > green + 0.2
    assert red > blue + 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep_colors": "luminence"}, r"keep-colors is 'luminence'; allowed are luminance, .* Did you mean 'luminance'\?"),
        ({"keep_colors": "luminance:before"}, "luminance:before is not possible"),
        ({"feather": -1}, "feather is -1; allowed are 0 to 500 pixels"),
        ({"memory": "much"}, "memory is 'much'; write an amount such as 2GB"),
        ({"paper": "40x30cm", "size": 512}, "size 512 and paper 40x30cm are both given"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options(**options)


def test_a_folder_is_one_style(quick: Stylizer, photo: Picture, tmp_path: Path) -> None:
    for name, seed in (("a.png", 1), ("b.png", 2)):
        save_image(np.random.default_rng(seed).random((1, 3, 40, 48), dtype=np.float32), tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    mixed = stylize(photo, tmp_path, recipe=quick)
    assert mixed.receipt["styles"][0]["name"] == tmp_path.name
    again = stylize(photo, tmp_path / "a.png", recipe=quick)
    assert not np.array_equal(mixed.pixels, again.pixels)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(StyleError, match="has no usable picture"):
        stylize(photo, empty, recipe=quick)

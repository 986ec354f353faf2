"""Regions sum to 1 in every pixel, and flat areas stay exact."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL.ExifTags import Base

from stylenet.errors import ImageError, ShapeError, UsageError
from stylenet.image.files import load_image
from stylenet.image.masks import MaskOption, aspect_notice, fitted, load_mask, parse_mask, regions, soften
from stylenet.shapes import Mask


def box(height: int = 24, width: int = 32, *, rows: slice = slice(6, 18), columns: slice = slice(8, 24)) -> Mask:
    mask = np.zeros((1, 1, height, width), np.float32)
    mask[:, :, rows, columns] = 1
    return mask


def noise(height: int, width: int, seed: int = 0) -> Mask:
    return np.random.default_rng(seed).random((1, 1, height, width), dtype=np.float32)


# load_mask


def test_gray_is_a_soft_edge_and_white_exactly_one() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    mask = load_mask(PIL.Image.fromarray(levels))
    assert mask.shape == (1, 1, 8, 32)
    assert mask.dtype == np.float32
    assert mask[0, 0] == pytest.approx(levels / 255, abs=1e-7)
    assert mask.max() == 1


def test_16_bits_are_kept(tmp_path: Path) -> None:
    levels = np.arange(0, 65536, 61, dtype=np.uint16)[:1024].reshape(32, 32)
    PIL.Image.fromarray(levels).save(tmp_path / "deep.png")
    assert (load_mask(tmp_path / "deep.png")[0, 0] * 65535).round().astype(int).tolist() == levels.astype(int).tolist()


def test_colors_count_by_luminance() -> None:
    colors = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]]], dtype=np.float32)
    assert load_mask(colors).flatten().tolist() == pytest.approx([0.2126, 0.7152, 0.0722, 0.9278])


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 90)])
def test_a_picture_of_one_color_means_its_alpha(color: tuple[int, int, int]) -> None:
    alpha = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)
    picture = np.dstack([np.full((8, 8, 3), color, np.uint8), alpha])
    assert load_mask(picture)[0, 0] == pytest.approx(alpha / 255, abs=1e-6)


def test_a_cut_out_in_colors_means_its_alpha() -> None:
    rng = np.random.default_rng(0)
    alpha = np.zeros((12, 12), np.uint8)
    alpha[3:9, 3:9] = 255
    assert load_mask(np.dstack([rng.integers(0, 256, (12, 12, 3), np.uint8), alpha]))[0, 0].tolist() == (alpha / 255).tolist()


def test_of_a_gray_picture_transparent_parts_are_outside() -> None:
    rng = np.random.default_rng(0)
    levels, alpha = rng.integers(0, 256, (2, 16, 16)).astype(np.uint8)
    expected = levels / 255 * (alpha / 255)
    assert load_mask(np.dstack([levels, alpha]))[0, 0] == pytest.approx(expected, abs=1e-5)


def test_exif_orientation_is_applied() -> None:
    picture = PIL.Image.new("L", (30, 20))
    picture.putpixel((0, 0), 255)
    exif = PIL.Image.Exif()
    exif[Base.Orientation] = 6
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=exif)
    mask = load_mask(buffer.getvalue())
    assert mask.shape == (1, 1, 30, 20)
    assert np.argwhere(mask[0, 0]).tolist() == [[0, 19]]


def test_inverted() -> None:
    assert np.array_equal(load_mask(box()[0, 0], inverted=True), 1 - box())


def test_a_loaded_picture_is_taken_too() -> None:
    assert np.array_equal(load_mask(load_image(box()[0, 0])), box())


@pytest.mark.parametrize(("level", "inverted", "told"), [(0, False, "black everywhere"), (255, True, "white everywhere, and inverted")])
def test_an_empty_region_is_rejected(tmp_path: Path, level: int, inverted: bool, told: str) -> None:
    PIL.Image.new("L", (9, 9), level).save(tmp_path / "sky.png")
    with pytest.raises(ImageError, match=rf"sky\.png' is {told}: the region is empty; paint its inside white"):
        load_mask(tmp_path / "sky.png", inverted=inverted)


# parse_mask


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("sky.png", "a=b.png", "a"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("sky.png=starry-night", MaskOption(Path("sky.png"), False, "starry-night")),
        ("sky.png=photo", MaskOption(Path("sky.png"), False, None)),
        ("invert:sky.png=photo", MaskOption(Path("sky.png"), True, None)),
        ("invert: sky.png = paintings/a.jpg ", MaskOption(Path("sky.png"), True, "paintings/a.jpg")),
        ("a=b.png=wave", MaskOption(Path("a=b.png"), False, "wave")),
        ("a=b.png", MaskOption(Path("a"), False, "b.png")),
        ("sky.png=odd=name.jpg", MaskOption(Path("sky.png"), False, "odd=name.jpg")),
    ],
)
@pytest.mark.usefixtures("here")
def test_mask_options(text: str, option: MaskOption) -> None:
    assert parse_mask(text) == option
    assert str(option) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sky.png", r"the mask 'sky\.png' names no style; write FILE=STYLE, such as sky\.png=starry-night"),
        ("sky.png=", "lacks its style; write FILE=STYLE"),
        ("=starry-night", "lacks its file; write FILE=STYLE"),
        ("invert:=wave", "lacks its file"),
        ("=", "lacks its style"),
        ("skj.png=wave", r"there is no file 'skj\.png'\. Did you mean 'sky\.png'"),
        ("none/sky.png=wave", "there is no folder 'none'"),
        (".=wave", r"'\.' is a folder; give a picture file"),
    ],
)
@pytest.mark.usefixtures("here")
def test_mask_options_that_are_none(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_mask(text)


# aspect_notice, regions


@pytest.mark.parametrize(
    ("size", "told"), [((32, 24), False), ((640, 480), False), ((648, 480), False), ((660, 480), True), ((24, 32), True)]
)
def test_a_mask_of_another_aspect_is_reported(size: tuple[int, int], told: bool) -> None:
    notice = aspect_notice(box(), size, "sky.png")
    assert (notice is not None) == told
    if notice:
        assert notice == f"the mask 'sky.png' has 32 x 24 pixels, the photo {size[0]} x {size[1]}: it is stretched to fit"


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("size", [(32, 24), (50, 31), (7, 5)])
def test_weights_sum_to_one_everywhere(count: int, size: tuple[int, int]) -> None:
    weights = regions([noise(24 + 5 * seed, 32, seed) for seed in range(count)], size)
    assert weights.shape == (count + 1, 1, size[1], size[0])
    assert weights.min() >= 0
    assert np.abs(weights.sum(axis=0) - 1).max() <= 2**-22


def test_overlapping_masks_share_in_proportion_and_others_are_untouched() -> None:
    given = [(0.2, 0.5), (1.0, 1.0), (1.0, 0.25), (0.0, 0.0), (0.6, 0.9), (1.0, 0.0)]
    first, second = (np.array(values, np.float32).reshape(1, 1, 1, -1) for values in zip(*given, strict=True))
    weights = regions([first, second], (len(given), 1))[:, 0, 0].T
    expected = [(0.2, 0.5, 0.3), (0.5, 0.5, 0), (0.8, 0.2, 0), (0, 0, 1), (0.4, 0.6, 0), (1, 0, 0)]
    assert weights.flatten().tolist() == pytest.approx([value for row in expected for value in row], abs=1e-7)
    assert weights[5].tolist() == [1, 0, 0]
    assert weights[3].tolist() == [0, 0, 1]


@pytest.mark.parametrize("size", [(32, 24), (97, 71), (24, 18), (513, 300)])
def test_inside_stays_exactly_one_and_outside_zero_at_any_size(size: tuple[int, int]) -> None:
    """Otherwise, the bytes of a kept photo would change."""
    weights = regions([box()], size)[:, 0]
    across, down = size[0] / 32, size[1] / 24
    margin = 2.5 * max(across, down, 1)  # a cubic reaches two pixels far
    y, x = np.arange(size[1])[:, None] + 0.5, np.arange(size[0]) + 0.5
    inside = (y > 6 * down + margin) & (y < 18 * down - margin) & (x > 8 * across + margin) & (x < 24 * across - margin)
    outside = (y < 6 * down - margin) | (y > 18 * down + margin) | (x < 8 * across - margin) | (x > 24 * across + margin)
    assert inside.any()
    assert outside.any()
    assert np.unique(weights[0][inside]).tolist() == [1]
    assert np.unique(weights[1][inside]).tolist() == [0]
    assert np.unique(weights[1][outside]).tolist() == [1]


def test_a_mask_of_the_pictures_size_is_not_touched() -> None:
    mask = noise(24, 32)
    assert fitted(mask, (32, 24)) is mask
    assert np.array_equal(regions([mask], (32, 24))[0:1], mask)


@pytest.mark.parametrize("shape", [(24, 32), (1, 3, 24, 32)])
def test_what_is_no_mask(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"a mask has shape \(B, 1, H, W\)"):
        regions([np.zeros(shape, np.float32)], (8, 8))
    with pytest.raises(ShapeError, match=r"a mask has shape \(B, 1, H, W\)"):
        soften(np.zeros(shape, np.float32), 2)


# soften


@pytest.mark.parametrize("radius_px", [1, 3.5, 8])
def test_a_straight_edge_becomes_a_smooth_ramp(radius_px: float) -> None:
    soft = soften(box(40, 60, rows=slice(None), columns=slice(30, None)), radius_px)[0, 0]
    assert np.ptp(soft, axis=0).max() < 1e-6
    ramp = soft[0]
    assert (np.diff(ramp) >= 0).all()
    assert ramp[:30].tolist() == pytest.approx((1 - ramp[:29:-1]).tolist(), abs=1e-6)
    reach = int(radius_px)
    assert np.unique(ramp[: 30 - reach]).tolist() == [0]
    assert np.unique(ramp[30 + reach :]).tolist() == [1]
    assert ramp[30 - reach] > 0
    assert ramp[29 + reach] < 1


def test_it_is_a_gaussian() -> None:
    point = np.zeros((1, 1, 31, 31), np.float32)
    point[0, 0, 15, 15] = 1
    y, x = np.mgrid[-15:16, -15:16]
    bell = np.exp(-(x**2 + y**2) / (2 * (10 / 2.5) ** 2)) * ((abs(x) <= 10) & (abs(y) <= 10))
    assert np.abs(soften(point, 10)[0, 0] - bell / bell.sum()).max() < 1e-5


@pytest.mark.parametrize("radius_px", [0, 0.9])
def test_no_radius_changes_nothing(radius_px: float) -> None:
    mask = noise(9, 9)
    assert soften(mask, radius_px) is mask


@pytest.mark.parametrize("radius_px", [1, 5, 50])
def test_soft_masks_keep_their_range_and_flat_ones_themselves(radius_px: float) -> None:
    soft = soften(noise(20, 30), radius_px)
    assert soft.shape == (1, 1, 20, 30)
    assert soft.min() >= 0
    assert soft.max() <= 1
    assert np.array_equal(soften(np.ones((2, 1, 20, 30), np.float32), radius_px), np.ones((2, 1, 20, 30), np.float32))


@pytest.mark.parametrize("radius_px", [-1, float("nan"), float("inf")])
def test_radii_that_are_none(radius_px: float) -> None:
    with pytest.raises(UsageError, match=r"an edge of .* px is not possible"):
        soften(box(), radius_px)


def test_a_mask_of_label_numbers_is_rejected_with_its_brightest_value(tmp_path: Path) -> None:
    """Label values 0 and 1 look black, so that nothing would be protected without a warning."""
    PIL.Image.fromarray(np.eye(8, dtype=np.uint8)).save(tmp_path / "labels.png")
    for inverted in (False, True):
        with pytest.raises(ImageError, match="its brightest value is 1 of 255; white, 255, is inside a region"):
            load_mask(tmp_path / "labels.png", inverted=inverted)
    with pytest.raises(ImageError, match=r"the mask is nearly black: its brightest value is 0\.00389 of 255"):
        load_mask(np.eye(8, dtype=np.uint16))
    assert load_mask(np.eye(8, dtype=np.uint8) * 8).max() == pytest.approx(8 / 255)
